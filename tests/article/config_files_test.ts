/**
 * The article's three configuration files as they stand, started in a folder
 * of the test's own. The second node asks clients and routes for a token that
 * the two others do not have, and the mesh forms all the same: from its side.
 */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connectPeer, type Peer } from "../support/peer.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { until } from "../support/until.ts";
import {
  ArticleNode,
  meshed,
  type NodeName,
  RECEIVED,
  Stage,
} from "./stage.ts";

const CLIENT_TOKEN = "ytb";
const ROUTE_TOKEN = "yctb";
const MAX_PAYLOAD = 65_536;
const MAX_CONTROL_LINE = 512;

/** A node that keeps its log and its PID file in `folder`. */
interface ConfiguredNode {
  readonly node: ArticleNode;
  readonly log: string;
  readonly pidFile: string;
}

async function startNodes(
  t: Cleanup,
  stage: Stage,
  names: readonly NodeName[] = ["a", "b", "c"],
): Promise<ConfiguredNode[]> {
  const folder = temporaryFolder(t);
  const nodes = names.map((name): ConfiguredNode => {
    const file = `node${name}.cfg`;
    copyFileSync(
      join(PROJECT_FOLDER, "examples", "article", file),
      join(folder, file),
    );
    const program = stage.run("server.ts", ["-c", file], folder);
    return {
      node: new ArticleNode(name, program),
      log: join(folder, `node${name}.log`),
      pidFile: join(folder, `node${name}.pid`),
    };
  });
  for (const { node, log } of nodes) {
    await until(`the start of ${log}`, () => {
      assert.equal(node.process.stderr, "");
      return textOf(log).includes("Server is ready\n");
    });
  }
  return nodes;
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

async function peerOf(t: Cleanup, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  return peer;
}

test("the configured nodes form a mesh, and a token opens the second one", async (t) => {
  const stage = await Stage.enter(t);
  const [a, b, c] = (await startNodes(t, stage)).map(({ node }) => node);
  assert.ok(a && b && c);
  await meshed([a, b, c]);

  const withToken = ["-s", b.url, "-token", CLIENT_TOKEN];
  const [atA, atB] = await Promise.all([
    stage.worker("-s", a.url),
    stage.worker(...withToken),
  ]);
  await Promise.all([
    b.knowsInterest(a, "abc"),
    c.knowsInterest(a, "abc"),
    a.knowsInterest(b, "abc"),
    c.knowsInterest(b, "abc"),
  ]);
  const tokenInUrl = ["-s", `nats://${CLIENT_TOKEN}@localhost:5222`];
  for (const where of [["-s", a.url], ["-s", c.url], withToken, tokenInUrl]) {
    const line = `${RECEIVED} ${await stage.publish(...where)} Midge 0\n`;
    await Promise.all([atA.waitFor(line), atB.waitFor(line)]);
  }

  for (const token of [[], ["-token", "wrong"], ["-token", ROUTE_TOKEN]]) {
    const refused = stage.run("client.ts", ["-s", b.url, ...token]);
    assert.deepEqual(await refused.exited, { code: 1, signal: null });
    assert.match(refused.stderr, /error: Authorization Violation\n$/);
  }
});

test("the second node lets in routes that have its token, and no others", async (t) => {
  const stage = await Stage.enter(t);
  const configured = await startNodes(t, stage);
  const [a, b, c] = configured.map(({ node }) => node);
  assert.ok(a && b && c);
  await meshed([a, b, c]);

  for (const credentials of [{}, { auth_token: CLIENT_TOKEN }]) {
    const stranger = await peerOf(t, b.routePort);
    assert.match(await stranger.expectLine(), /^INFO .*"auth_required":true/);
    const fields = { ...credentials, name: "STRANGER", verbose: false };
    stranger.send(`CONNECT ${JSON.stringify(fields)}\r\n`);
    await stranger.expect("-ERR 'Authorization Violation'\r\n");
    await stranger.expectClosed();
  }

  const route = (token: string): string =>
    "-p 7222 -m 7333 -cluster nats://localhost:7248 -D" +
    ` -routes nats-route://${token}@127.0.0.1:5248`;
  const stranger = await stage.node("d", route("wrong"));
  await stranger.process.waitFor(
    /127\.0\.0\.1:5248 - rid:\d+ - .*Authorization Violation/,
  );
  await stranger.kill();
  await meshed([a, b, c]);

  const fourth = await stage.node("d", route(ROUTE_TOKEN));
  await meshed([a, b, c, fourth]);
  assert.doesNotMatch(
    fourth.process.stderr,
    /5248 - rid:\d+ - .*Authorization Violation/,
  );
  const secret = new RegExp(
    `\\b(${CLIENT_TOKEN}|${ROUTE_TOKEN}|wrong)\\b|\\$2a`,
  );
  for (const { log } of configured) {
    const line = textOf(log).split("\n").find((line) => secret.test(line));
    assert.equal(line, undefined, `a secret is in ${log}`);
  }
});

test("the configured limits hold", async (t) => {
  const stage = await Stage.enter(t);
  const [{ node } = assert.fail()] = await startNodes(t, stage, ["a"]);

  const longLine = await peerOf(t, node.clientPort);
  await longLine.handshake();
  assert.equal(longLine.info.max_payload, MAX_PAYLOAD);
  const subject = "s".repeat(MAX_CONTROL_LINE - "SUB  1".length);
  longLine.send(`SUB ${subject} 1\r\n`);
  await longLine.silence();
  longLine.send(`SUB ${subject}toolong 2\r\n`);
  await longLine.expect("-ERR 'maximum control line exceeded'\r\n");
  await longLine.expectClosed();

  const bigMessage = await peerOf(t, node.clientPort);
  await bigMessage.handshake();
  const payload = "x".repeat(MAX_PAYLOAD);
  bigMessage.send(`SUB abc 1\r\nPUB abc ${MAX_PAYLOAD}\r\n${payload}\r\n`);
  await bigMessage.expect(`MSG abc 1 ${MAX_PAYLOAD}\r\n${payload}\r\n`);
  bigMessage.send(`PUB abc ${MAX_PAYLOAD + 1}\r\n`);
  await bigMessage.expect("-ERR 'Maximum Payload Violation'\r\n");
  await bigMessage.expectClosed();
});

test("the configured nodes keep a log without times and a file with their number", async (t) => {
  const stage = await Stage.enter(t);
  for (const { node, log, pidFile } of await startNodes(t, stage)) {
    const { pid } = node.process;
    assert.equal(readFileSync(pidFile, "utf8"), String(pid));
    await stage.publish("-s", node.url, "-token", CLIENT_TOKEN);
    await until(`the trace in ${log}`, () => textOf(log).includes("<<- [PUB "));
    const begin = new RegExp(`^\\[${pid}\\] \\[(INF|WRN|ERR|TRC)\\] `);
    for (const line of textOf(log).trimEnd().split("\n")) {
      assert.match(line, begin);
    }
    for (const file of [log, pidFile]) {
      assert.equal(statSync(file).mode & 0o007, 0, `${file} is for everybody`);
    }
    assert.equal(node.process.stderr + node.process.stdout, "");
  }
});
