/** Of several servers of a cluster one has streams: which one, and what becomes of the others. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { goesBefore, takesPlaceOf } from "../../src/routes/sole_streams.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { routeTo } from "../routes/route_peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

/**
 * A server with streams in memory, in a cluster with others. Of two that start in
 * the same millisecond the one with the lower id keeps its streams: the next one
 * starts in a later one.
 */
async function start(
  t: TestContext,
  serverName: string,
  others: readonly TestServer[] = [],
  domain = "",
): Promise<TestServer> {
  const midge = await startMidge(t, {
    serverName,
    jetstream: { ...defaultJetStreamOptions(), domain },
    cluster: { routes: others.map(routeTo) },
  });
  const startedBy = Date.now();
  await until("another millisecond", () => Date.now() > startedBy);
  return midge;
}

async function client(t: TestContext, { port }: TestServer): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true, no_responders: true });
  peer.send("SUB r 1\r\n");
  return peer;
}

/** How many streams the server has that answers; a second answer fails. */
async function streamsOf(peer: Peer): Promise<unknown> {
  peer.send("PUB $JS.API.INFO r 0\r\n\r\n");
  const head = await peer.expect(/H?MSG r 1 /);
  await peer.expectLine();
  const line = await peer.expectLine();
  if (head.startsWith("HMSG")) {
    // Interest of another server is still on its way.
    await peer.expect("\r\n");
    return await streamsOf(peer);
  }
  // A second one comes before what is asked next, or has come by then.
  peer.send("PUB $JS.API.STREAM.NAMES r 0\r\n\r\n");
  const rest = await peer.expect("stream_names_response");
  assert.doesNotMatch(rest, /account_info_response/);
  await peer.expectLine();
  return JSON.parse(line).streams;
}

function isOff({ log }: TestServer, by: string): boolean {
  return log.lines.some((line) =>
    line.startsWith(`ERR JetStream is off: server "${by}" `)
  );
}

test("the server that had streams first keeps them, and another one is without", async (t) => {
  const first = await start(t, "first");
  const peer = await client(t, first);
  const config = '{"name":"S","subjects":["s"],"storage":"memory"}';
  peer.send(`PUB $JS.API.STREAM.CREATE.S r ${config.length}\r\n${config}\r\n`);
  await peer.expect("did_create");
  await peer.expectLine();
  const second = await start(t, "second", [first]);
  await until("the second one is off", () => isOff(second, "first"));
  assert.ok(!isOff(first, "second"));
  const other = await client(t, second);
  assert.equal(other.info["jetstream"], undefined);
  assert.equal(await streamsOf(other), 1);
  assert.equal(await streamsOf(peer), 1);
  // Who goes makes room: a third one that comes then has streams of its own.
  await first.server.stop();
  const third = await start(t, "third", [second]);
  await third.server.cluster!.routesUp(1);
  assert.ok(!isOff(third, "second"));
  assert.equal(await streamsOf(await client(t, third)), 0);
  assert.equal(await streamsOf(other), 0);
});

test("a second server of one domain is without streams, and of no domain", async (t) => {
  for (const domain of ["one", ""]) {
    const first = await start(t, "first", [], domain);
    const second = await start(t, "second", [first], domain);
    await until("the second one is off", () => isOff(second, "first"));
    assert.ok(!isOff(first, "second"));
    assert.equal(await streamsOf(await client(t, second)), 0);
  }
});

test("which server takes the place of another one", () => {
  const own = { id: "A", since: 5, domain: "one" };
  const said = {
    server_id: "B",
    server_name: "b",
    jetstream: true,
    jetstream_since: 4,
  };
  assert.ok(takesPlaceOf({ ...said, domain: "one" }, own));
  assert.ok(!takesPlaceOf({ ...said, domain: "two" }, own));
  assert.ok(!takesPlaceOf(said, own));
  const { jetstream_since: _, ...replicated } = said;
  assert.ok(!takesPlaceOf(replicated, own));
  // Its clients would hear both.
  assert.ok(
    takesPlaceOf({ ...replicated, domain: "two" }, { ...own, domain: "" }),
  );
});

test("of two servers exactly one has streams, whenever they started", () => {
  for (const since of [5, 6]) {
    for (const otherSince of [5, 6]) {
      const one = { id: "A", since };
      const other = { id: "B", since: otherSince };
      const said = ({ id, since }: typeof one) => ({
        server_id: id,
        server_name: id,
        jetstream: true,
        jetstream_since: since,
      });
      assert.notEqual(
        goesBefore(said(other), one),
        goesBefore(said(one), other),
      );
      assert.ok(!goesBefore(said(one), one), "a server is not its own rival");
      assert.ok(!goesBefore({ ...said(other), jetstream: false }, one));
      // A nats-server does not say since when: its streams may have replicas.
      const { jetstream_since: _, ...replicated } = said(other);
      assert.ok(goesBefore(replicated, one));
    }
  }
});
