/**
 * A route that brings more than a client's socket is given turns for: the route
 * waits while the client catches up, and nobody else waits for long.
 */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { startStillMidge } from "../broker/still_midge.ts";
import { connectText, infoText, join } from "./route_peer.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

test("a client that reads is not closed for what a route brings", async (t) => {
  const midge = await startMidge(t, {
    maxPendingBytes: 256 * KIB,
    maxPayloadBytes: 64 * KIB,
    cluster: { name: "test" },
  });
  const client = await connectPeer({ port: midge.port });
  t.after(() => client.close());
  await client.handshake();
  client.send("SUB flood 1\r\n");
  await client.silence();
  const { peer } = await join(t, midge);
  const payload = "x".repeat(KIB);
  const count = 8000;
  peer.send(`RMSG $G flood ${KIB}\r\n${payload}\r\n`.repeat(count));
  peer.send("RMSG $G flood 3\r\nend\r\n");
  const heard = await client.expect("end\r\n");
  const one = `MSG flood 1 ${KIB}\r\n${payload}\r\n`.length;
  // It may be asked for its round trip.
  const messages = heard.replace("PING\r\n", "");
  assert.equal(
    messages.length,
    count * one + "MSG flood 1 3\r\nend\r\n".length,
  );
  assert.equal(midge.server.varz().slow_consumers, 0);
});

test("a client that does not read holds a route for a moment only", async (t) => {
  const midge = await startMidge(t, {
    maxPendingBytes: 256 * KIB,
    maxPayloadBytes: 64 * KIB,
    writeDeadlineMs: 3_600_000,
    cluster: { name: "test" },
  });
  const stuck = await connectPeer({ port: midge.port });
  t.after(() => stuck.close());
  await stuck.handshake();
  stuck.send("SUB flood 1\r\n");
  await stuck.silence();
  stuck.pause();
  const other = await connectPeer({ port: midge.port });
  t.after(() => other.close());
  await other.handshake();
  other.send("SUB other 1\r\n");
  await other.silence();
  const { peer } = await join(t, midge);
  const payload = "x".repeat(KIB);
  peer.send(`RMSG $G flood ${KIB}\r\n${payload}\r\n`.repeat(8000));
  peer.send("RMSG $G other 2\r\nhi\r\n");
  assert.equal(
    await other.expect("hi\r\n"),
    "MSG other 1 2\r\nhi\r\n",
  );
  await until(
    "the stuck one is closed",
    () => midge.server.varz().slow_consumers === 1,
  );
});

test("a publisher waits at 16 MiB, however much a route may leave unread", async (t) => {
  const still = await startStillMidge(t, {
    maxPendingBytes: 256 * MIB,
    cluster: { name: "test" },
  });
  const peer = await still.connectServer();
  await peer.say(connectText({}) + infoText({}) + "RS+ $G flood\r\n");
  const [route] = still.midge.server.cluster!.routes.values();
  peer.readAtMost(0);
  const client = await still.login();
  const messages = `PUB flood ${KIB}\r\n${"x".repeat(KIB)}\r\n`.repeat(4096);
  for (let n = 0; n < 6; n++) await client.say(messages);
  const { pendingBytes } = route!.connection.output.outbox;
  assert.ok(pendingBytes > 16 * MIB, `${pendingBytes} bytes were pending`);
  assert.ok(pendingBytes < 17 * MIB, `${pendingBytes} bytes were pending`);
  assert.ok(client.unsentBytes > 2 * MIB, "the publisher was not stopped");
});

test("what a route leaves unread counts for the limit of the whole server", async (t) => {
  const midge = await startMidge(t, {
    maxPendingTotalBytes: 1024 * KIB,
    cluster: { name: "test" },
  });
  const { peer } = await join(t, midge);
  peer.send("RS+ $G flood\r\nPING\r\n");
  await peer.expect("PONG\r\n");
  peer.pause();
  const client = await connectPeer({ port: midge.port });
  t.after(() => client.close());
  await client.handshake();
  const payload = "x".repeat(KIB);
  const messages = `PUB flood ${KIB}\r\n${payload}\r\n`.repeat(500);
  // The system takes its share first.
  for (let n = 0; n < 200 && midge.server.varz().slow_consumers === 0; n++) {
    client.send(`${messages}PING\r\n`);
    await client.expect("PONG\r\n");
  }
  assert.equal(midge.server.varz().slow_consumers, 1);
  assert.ok(
    midge.log.lines.some((line) =>
      /rid:\d+ - Slow Consumer Detected: MaxPendingTotal of 1048576 Exceeded/
        .test(line)
    ),
  );
  client.send("PING\r\n");
  await client.expect("PONG\r\n");
});
