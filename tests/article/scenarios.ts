/**
 * The heart of the article as scenarios, told with whatever plays its
 * programs: the sources in `article_test.ts`, and what the build makes of them
 * in `tests/ship/`.
 */
import assert from "node:assert/strict";
import type { Cleanup } from "../support/temp.ts";
import { CLIENT_TOKEN, ROUTE_TOKEN, startConfigured } from "./configured.ts";
import { meshed, RECEIVED, type Stage, THREE_URLS } from "./stage.ts";

/** One test, which has the stage alone. */
export interface Scenario {
  readonly title: string;
  play(stage: Stage, t: Cleanup): Promise<void>;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    title:
      "a worker receives while one node is left, and closes after the last",
    play: lastNode,
  },
  {
    title:
      "a worker lives on at a node that joined later, and hears all that come back",
    play: joiningNode,
  },
  {
    title: "the configured nodes form a mesh, and a token opens the second one",
    play: tokens,
  },
];

async function lastNode(stage: Stage): Promise<void> {
  const [a, b, c] = await stage.threeNodes();
  const worker = await stage.worker("-s", THREE_URLS);
  await c.knowsInterest(a, "abc");
  await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", c.url)}`);

  await a.kill();
  await worker.waitFor(
    "Got disconnected!\nGot reconnected to nats://localhost:5222!\n",
  );
  await c.knowsInterest(b, "abc");
  await worker.waitFor(`${RECEIVED} ${await stage.publish()}`);
  await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", c.url)}`);

  await b.kill();
  await worker.waitFor("Got reconnected to nats://localhost:6222!\n");
  await worker.waitFor(`${RECEIVED} ${await stage.publish()}`);

  await c.kill();
  assert.deepEqual(await worker.exited, { code: 1, signal: null });
  assert.match(
    worker.stdout,
    /:6222!\nGot disconnected!\nConnection closed\. Reason: "[^"\n]+"\n$/,
  );
}

async function joiningNode(stage: Stage): Promise<void> {
  const old = await stage.threeNodes();
  const worker = await stage.worker("-s", THREE_URLS);
  assert.equal(worker.stdout, "");

  const fourth = await stage.node("d");
  await worker.waitFor("Got Discover Server nats://localhost:4222!\n");
  await meshed([...old, fourth]);
  await fourth.knowsInterest(old[0], "abc");
  await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", fourth.url)}`);

  await Promise.all(old.map((node) => node.kill()));
  await worker.waitFor(
    /Got disconnected!\nGot reconnected to nats:\/\/\S+:7222!\n/,
  );
  await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", fourth.url)}`);

  const back = await stage.threeNodes(fourth);
  for (const node of back) {
    await node.knowsInterest(fourth, "abc");
    await worker.waitFor(`${RECEIVED} ${await stage.publish("-s", node.url)}`);
  }
  assert.doesNotMatch(worker.stdout, /Connection closed/);
}

async function tokens(stage: Stage, t: Cleanup): Promise<void> {
  const [a, b, c] = (await startConfigured(t, stage)).map(({ node }) => node);
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
    const refused = stage.play("publisher", ["-s", b.url, ...token]);
    assert.deepEqual(await refused.exited, { code: 1, signal: null });
    assert.match(refused.stderr, /error: Authorization Violation\n$/);
  }
}
