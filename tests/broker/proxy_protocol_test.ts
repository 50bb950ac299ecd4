/**
 * Clients that come through a proxy: whose address they have, what is said
 * before the header, and how long the header may take. What headers there are
 * is in `tests/net/proxy_header_test.ts`.
 */
import assert from "node:assert/strict";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { startStillMidge, type StillMidge } from "./still_midge.ts";

const HEADER = "PROXY TCP4 10.0.0.1 10.0.0.2 1111 2222\r\n";
const CONNECT = 'CONNECT {"protocol":1,"verbose":false}\r\n';
const AUTHORIZATION = {
  ...defaultAuthorizationOptions(),
  user: "ann",
  password: "secret",
  timeoutMs: 1000,
};

test("INFO comes before the header, and the address behind it is the client's", async (t) => {
  const { port, server, log } = await startMidge(t, { proxyProtocol: true });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  const greeting = await peer.expect("\r\n");
  assert.doesNotMatch(greeting, /client_ip/);
  const [proxy] = server.connz().connections;
  assert.equal(proxy!.ip, "127.0.0.1");
  peer.send(HEADER);
  await until("the header", () => server.connz().connections[0]!.port === 1111);
  assert.equal(server.connz().connections[0]!.ip, "10.0.0.1");
  peer.send(`${CONNECT}SUB x 1\r\nPUB x 2\r\nhi\r\nPING\r\n`);
  await peer.expect("MSG x 1 2\r\nhi\r\nPONG\r\n");
  assert.match(await peer.expect("\r\n"), /"client_ip":"10.0.0.1"/);
  const label = `127.0.0.1:${proxy!.port} - cid:${proxy!.cid}`;
  assert.ok(
    log.lines.some((line) => line.includes(label)),
    "the log has the proxy",
  );
  assert.ok(
    log.lines.includes("INF PROXY protocol enabled for client connections"),
  );
});

test("a server without the option takes a header for nonsense", async (t) => {
  const { port } = await startMidge(t);
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  assert.match(await peer.expect("\r\n"), /"client_ip":"127.0.0.1"/);
  peer.send(HEADER);
  await peer.expect("-ERR 'Unknown Protocol Operation'\r\n");
  await peer.expectClosed();
});

test("what cannot be read ends the connection without a word, and the log says why", async (t) => {
  const { port, server, log } = await startMidge(t, { proxyProtocol: true });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.expect("\r\n");
  peer.send(`PROXY TCP4 10.0.0.1 ::1 1 2\r\n${CONNECT}`);
  await peer.expectClosed();
  assert.equal(peer.unread, "");
  const [gone] = server.connz({ state: "closed" }).connections;
  assert.equal(gone!.reason, "Protocol Violation");
  assert.ok(log.lines.includes(
    `WRN Error reading PROXY protocol header from 127.0.0.1:${gone!.port}: ` +
      "invalid PROXY protocol header: TCP4 with IPv6 address",
  ));
});

for (
  const [said, missing] of [
    ["", "protocol version: EOF"],
    ["PIN", "protocol version: unexpected EOF"],
    ["PROXY TCP4", "v1 line: EOF"],
  ] as const
) {
  test(`a peer that leaves behind ${JSON.stringify(said)} is told of as such`, async (t) => {
    const still = await startStillMidge(t, { proxyProtocol: true });
    const peer = await still.connect();
    await peer.say(said);
    peer.end();
    await still.clock.advance(0);
    assert.equal(warning(still), `failed to read ${missing}`);
    assert.equal(reason(still), "Protocol Violation");
  });
}

/** Milliseconds and bytes, until the server has had enough; as nats-server. */
const TIMES: readonly (readonly [
  said: readonly (readonly [at: number, text: string])[],
  endsAt: number,
  missing: string,
])[] = [
  [[], 5000, "protocol version: EOF"],
  [[[0, "PIN"]], 10_000, "protocol version: read tcp"],
  [[[3000, "PIN"]], 10_000, "protocol version: read tcp"],
  [[[0, "PROXY TCP4"]], 5000, "v1 line: read tcp"],
  [[[3000, "PROXY TCP4"]], 8000, "v1 line: read tcp"],
  [[[0, "PRO"], [4000, "XY TCP4"]], 9000, "v1 line: read tcp"],
  [[[0, "PRO"], [7000, "XY TCP4"]], 10_000, "v1 line: read tcp"],
  [
    [[0, "PROXY "], [3000, "TCP4 "], [4900, "1.1.1.1"]],
    5000,
    "v1 line: read tcp",
  ],
  [[[0, "\r\n\r\n\0\r"]], 5000, "v2 signature: read tcp"],
];

for (const [said, endsAt, missing] of TIMES) {
  const what = said.map(([at, text]) =>
    `${JSON.stringify(text)} after ${at} ms`
  );
  test(`a peer that says ${what.join(", ") || "nothing"} has until ${endsAt} ms`, async (t) => {
    const still = await startStillMidge(t, { proxyProtocol: true });
    const peer = await still.connect();
    let now = 0;
    for (const [at, text] of [...said, [endsAt - 1, ""] as const]) {
      await still.clock.advance(at - now);
      now = at;
      await peer.say(text);
    }
    assert.equal(peer.closed, undefined);
    await still.clock.advance(1);
    assert.equal(peer.take(), "");
    assert.match(warning(still), new RegExp(`^failed to read ${missing}`));
    assert.equal(reason(still), "Protocol Violation");
  });
}

test("a client without a header may take 10 s for its first six bytes, and all the time from then on", async (t) => {
  const still = await startStillMidge(t, { proxyProtocol: true });
  const peer = await still.connect();
  await peer.say("PI");
  await still.clock.advance(9000);
  await peer.say("NG\r\n");
  assert.equal(peer.take(), "PONG\r\n");
  await still.clock.advance(60_000);
  assert.equal(peer.closed, undefined);
});

test("the time for a login begins behind the header", async (t) => {
  const still = await startStillMidge(t, {
    proxyProtocol: true,
    authorization: AUTHORIZATION,
  });
  const peer = await still.connect();
  await still.clock.advance(4900);
  assert.equal(peer.closed, undefined);
  await peer.say(HEADER);
  await still.clock.advance(999);
  assert.equal(peer.closed, undefined);
  await still.clock.advance(1);
  assert.equal(peer.take(), "-ERR 'Authentication Timeout'\r\n");
  assert.equal(reason(still), "Authentication Timeout");
});

test("a full server says so before any header", async (t) => {
  const still = await startStillMidge(t, {
    proxyProtocol: true,
    maxConnections: 1,
  });
  await still.connect();
  const { peer, greeting } = await still.greeted();
  assert.match(
    greeting,
    /^INFO .*\r\n-ERR 'maximum connections exceeded'\r\n$/,
  );
  await still.clock.advance(0);
  assert.notEqual(peer.closed, undefined);
  await still.clock.advance(20_000);
  assert.equal(warnings(still).length, 1, "of the one that stays silent");
});

test("a header goes with every cut, and what follows it is not lost", async (t) => {
  const still = await startStillMidge(t, { proxyProtocol: true });
  const all = `${HEADER}${CONNECT}PING\r\n`;
  for (let at = 1; at < HEADER.length + 2; at++) {
    const peer = await still.connect();
    await peer.say(all.slice(0, at));
    await peer.say(all.slice(at));
    const heard = peer.take();
    assert.match(heard, /^PONG\r\nINFO .*"client_ip":"10\.0\.0\.1"/);
    assert.equal(peer.closed, undefined);
    peer.end();
    await still.clock.advance(0);
  }
});

test("nothing is left of connections that end before their header", async (t) => {
  const still = await startStillMidge(t, { proxyProtocol: true });
  for (let i = 0; i < 20; i++) {
    const peer = await still.connect();
    if (i % 2 === 0) await peer.say("PRO");
    peer.end();
  }
  await still.clock.advance(0);
  assert.equal(still.midge.server.connz().num_connections, 0);
  const told = warnings(still).length;
  await still.clock.advance(60_000);
  assert.equal(warnings(still).length, told, "no timer goes on");
});

function warnings({ midge }: StillMidge): string[] {
  return midge.log.lines.filter((line) => line.startsWith("WRN Error reading"));
}

function warning(still: StillMidge): string {
  const lines = warnings(still);
  assert.equal(lines.length, 1);
  return lines[0]!.replace(/^.*?from [\d.:]+: /, "");
}

function reason({ midge }: StillMidge): string | undefined {
  return midge.server.connz({ state: "closed" }).connections[0]?.reason;
}
