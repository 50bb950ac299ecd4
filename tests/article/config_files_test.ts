/**
 * The article's three configuration files as they stand, started in a folder
 * of the test's own. The second node asks clients and routes for a token that
 * the two others do not have, and the mesh forms all the same: from its side.
 */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { connectPeer, type Peer } from "../support/peer.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  CLIENT_TOKEN,
  ROUTE_TOKEN,
  startConfigured,
  textOf,
} from "./configured.ts";
import { type ArticleNode, meshed, Stage } from "./stage.ts";

const MAX_PAYLOAD = 65_536;
const MAX_CONTROL_LINE = 512;

async function peerOf(t: Cleanup, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  return peer;
}

test("the second node lets in routes that have its token, and no others", async (t) => {
  const stage = await Stage.enter(t);
  const configured = await startConfigured(t, stage);
  const [a, b, c] = configured.map(({ node }) => node);
  assert.ok(a && b && c);
  await meshed([a, b, c]);

  for (const credentials of [{}, { auth_token: CLIENT_TOKEN }]) {
    const refused = (): Promise<string> => refusal(t, b, credentials);
    let why = await refused();
    // The file leaves half a second for it, in which a busy machine may do nothing.
    while (why === "Authentication Timeout") why = await refused();
    assert.equal(why, "Authorization Violation");
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

/** Why a stranger with these credentials is no route of the node. */
async function refusal(
  t: Cleanup,
  node: ArticleNode,
  credentials: object,
): Promise<string> {
  const stranger = await peerOf(t, node.routePort);
  assert.match(await stranger.expectLine(), /^INFO .*"auth_required":true/);
  const fields = { ...credentials, name: "STRANGER", verbose: false };
  stranger.send(`CONNECT ${JSON.stringify(fields)}\r\n`);
  const line = await stranger.expectLine();
  await stranger.expectClosed();
  const [, why] = /^-ERR '(.*)'$/.exec(line) ?? [];
  assert.ok(why !== undefined, line);
  return why;
}

test("the configured limits hold", async (t) => {
  const stage = await Stage.enter(t);
  const [{ node } = assert.fail()] = await startConfigured(t, stage, ["a"]);

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
  for (const { node, log, pidFile } of await startConfigured(t, stage)) {
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
