/** What goes wrong inside the server for one connection stays with that connection. */
import assert from "node:assert/strict";
import { Broker } from "../../src/broker/broker.ts";
import { defaultServerOptions } from "../../src/options/options.ts";
import { ClosedReason } from "../../src/core/closed.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import { SocketAround } from "../../src/net/socket_around.ts";
import type { Socket } from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { startStillMidge } from "./still_midge.ts";

/** A socket that does as it is told until it is broken. */
class BrittleSocket extends SocketAround {
  broken = false;

  override write(bytes: Uint8Array): boolean {
    this.#check("write");
    return super.write(bytes);
  }

  override end(): void {
    this.#check("end");
    super.end();
  }

  override destroy(): void {
    this.#check("destroy");
    super.destroy();
  }

  #check(what: string): void {
    if (this.broken) throw new Error(`cannot ${what}`);
  }
}

function brittleSockets(): {
  sockets: BrittleSocket[];
  wrap: (socket: Socket) => Socket;
} {
  const sockets: BrittleSocket[] = [];
  const wrap = (socket: Socket): Socket => {
    const brittle = new BrittleSocket(socket);
    sockets.push(brittle);
    return brittle;
  };
  return { sockets, wrap };
}

test("a listener whose socket throws does not harm the publisher, nor others", async (t) => {
  const { sockets, wrap } = brittleSockets();
  const still = await startStillMidge(t, {}, { wrap });
  const before = await still.login();
  const broken = await still.login();
  const behind = await still.login();
  for (const peer of [before, broken, behind]) await peer.say("SUB a 1\r\n");
  const publisher = await still.login();
  const [, brokenSession] = still.midge.server.broker.clients.sessions.values();
  sockets[1]!.broken = true;
  await publisher.say("PUB a 2\r\nhi\r\nPING\r\n");
  assert.equal(publisher.take(), "PONG\r\n");
  for (const peer of [before, behind]) {
    assert.equal(peer.take(), "MSG a 1 2\r\nhi\r\n");
  }
  assert.equal(
    brokenSession!.connection.closedReason,
    ClosedReason.WRITE_ERROR,
  );
  assert.equal(still.midge.server.broker.clients.sessions.size, 3);
  assert.equal(still.midge.server.broker.host.accounts.global.sublist.size, 2);
  await publisher.say("PUB a 2\r\nho\r\nPING\r\n");
  assert.equal(publisher.take(), "PONG\r\n");
});

test("a socket that throws when asked for its own answers ends alone", async (t) => {
  const { sockets, wrap } = brittleSockets();
  const still = await startStillMidge(t, {}, { wrap });
  const broken = await still.login();
  const other = await still.login();
  sockets[0]!.broken = true;
  await broken.say("PING\r\n");
  assert.equal(still.midge.server.broker.clients.sessions.size, 1);
  await other.say("PING\r\n");
  assert.equal(other.take(), "PONG\r\n");
});

test("a stop closes everybody behind a socket that throws", async (t) => {
  const { sockets, wrap } = brittleSockets();
  const still = await startStillMidge(t, {}, { wrap });
  await still.login();
  const other = await still.login();
  sockets[0]!.broken = true;
  await still.midge.server.stop();
  await still.clock.advance(0);
  assert.ok(other.closed);
});

test("a fault in the handling of an operation ends its own connection", async (t) => {
  const still = await startStillMidge(t);
  const { broker } = still.midge.server;
  const unlucky = await still.login();
  const other = await still.login();
  const account = broker.host.accounts.global;
  const add = account.add;
  account.add = () => {
    throw new Error("no room");
  };
  await unlucky.say("SUB a 1\r\n");
  account.add = add;
  assert.ok(unlucky.closed);
  assert.ok(
    still.midge.log.lines.some((line) =>
      line.includes("Internal error: Error: no room")
    ),
  );
  await other.say("SUB a 1\r\nPUB a 0\r\n\r\n");
  assert.equal(other.take(), "MSG a 1 0\r\n\r\n");
});

test("a server whose log throws at each line works as if it had none", async (t) => {
  const fail = (): never => {
    throw new Error("No space left on device");
  };
  const log: Logger = {
    ...silentLogger,
    debugEnabled: true,
    traceEnabled: true,
    notice: fail,
    warn: fail,
    error: fail,
    fatal: fail,
    debug: fail,
    trace: fail,
  };
  const options = { ...defaultServerOptions(), host: "127.0.0.1", port: 0 };
  const broker = new Broker(options, { ...platform, log });
  await broker.start();
  t.after(() => broker.stop());
  const { port } = broker.port.lastAddress;
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake();
  peer.send("SUB a 1\r\nPUB a 2\r\nhi\r\n");
  await peer.expect("MSG a 1 2\r\nhi\r\n");
  const bad = await connectPeer({ port });
  await bad.handshake();
  bad.send("ZZZ\r\n");
  assert.equal(
    await bad.expectClosed(),
    "-ERR 'Unknown Protocol Operation'\r\n",
  );
  await peer.silence();
  assert.equal(broker.clients.sessions.size, 1);
});
