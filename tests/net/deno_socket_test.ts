/** What Deno's own sockets hold while they read and write, on connections that a test moves. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import type { CloseReason } from "../../src/platform/socket.ts";
import type { Fairness } from "../../src/runtime/net/deno_fairness.ts";
import { DenoNews } from "../../src/runtime/net/deno_news.ts";
import { AwaitedLoans } from "../../src/runtime/net/deno_reading.ts";
import { DenoSocket } from "../../src/runtime/net/deno_socket.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { FakeDenoConnection } from "./fake_deno_connection.ts";
import { FakeDenoSockets } from "./fake_deno_sockets.ts";

/** More than a connection's own buffer, and than any that is lent. */
const MUCH = 600_000;

/** The sockets of one process. */
class Process {
  readonly system = new FakeDenoSockets();
  readonly news = new DenoNews(() => this.system);
  readonly loans = new AwaitedLoans(this.news);
  /** Nobody waits for the others' sake. */
  readonly fairness = { spend: () => undefined } as unknown as Fairness;

  accept(): Accepted {
    return new Accepted(this);
  }

  /** The system is asked for news, and tells. */
  async look(): Promise<void> {
    await immediate();
    this.system.arrive();
    await immediate();
  }
}

class Accepted {
  readonly connection = new FakeDenoConnection();
  readonly socket: DenoSocket;
  /** All that the receiver has heard. */
  heard = "";
  /** The memory that chunks lay in. */
  readonly memory = new Set<ArrayBufferLike>();
  readonly reasons: CloseReason[] = [];
  drains = 0;
  /** What the receiver does with each chunk. */
  whenHeard: () => void = () => {};

  constructor(process: Process) {
    this.socket = new DenoSocket(this.connection, process);
    this.socket.open({
      onData: (chunk) => {
        this.heard += new TextDecoder().decode(chunk);
        this.memory.add(chunk.buffer);
        this.whenHeard();
      },
      onDrain: () => void this.drains++,
      onClose: (reason) => void this.reasons.push(reason),
    });
  }

  brings(text: string): void {
    this.connection.brings(asciiBytes(text));
  }
}

test("a connection at rest holds half a kibibyte to read into", async () => {
  const client = new Process().accept();
  client.brings("CONNECT {}\r\nPING\r\n");
  await immediate();
  assert.equal(client.connection.into?.length, 512);
  client.brings("x".repeat(MUCH));
  await immediate();
  assert.equal(client.heard.length, MUCH + 18);
  assert.equal(client.connection.into?.length, 512);
});

test("one that brings more at a time gets a larger buffer of its own", async () => {
  const client = new Process().accept();
  for (let n = 0; n < 5; n++) {
    client.brings("x".repeat(3000));
    await immediate();
  }
  assert.equal(client.connection.into?.length, 5000);
});

test("thousands that bring much at once are read with few buffers, each to its end", async () => {
  const process = new Process();
  const clients = Array.from({ length: 2000 }, () => process.accept());
  let atOnce = 0;
  let most = 0;
  for (const client of clients) {
    client.whenHeard = () => {
      if (client.heard.length === 512) most = Math.max(most, ++atOnce);
      if (client.heard.length === 60_000) atOnce--;
    };
    client.brings("x".repeat(60_000));
  }
  const isDone = (): boolean =>
    clients.every(({ heard }) => heard.length === 60_000);
  while (!isDone()) await process.look();
  const memory = new Set(clients.flatMap((client) => [...client.memory]));
  // Each has its own small one.
  const lent = memory.size - clients.length;
  assert.ok(lent <= 72, `${lent} buffers were lent`);
});

test("peers that stop in the middle keep nobody from being read", async () => {
  const process = new Process();
  const stuck = Array.from({ length: 200 }, () => process.accept());
  for (const client of stuck) client.brings("x".repeat(512));
  const other = process.accept();
  other.brings("y".repeat(MUCH));
  for (let n = 0; n < 10; n++) await process.look();
  assert.equal(other.heard.length, MUCH);
  for (const client of stuck) assert.equal(client.heard.length, 512);
  // And they go on when their peers do.
  for (const client of stuck) client.brings("x".repeat(1000));
  for (let n = 0; n < 10; n++) await process.look();
  for (const client of stuck) assert.equal(client.heard.length, 1512);
});

test("what connections that are closed had borrowed is lent again", async () => {
  const process = new Process();
  for (let round = 0; round < 3; round++) {
    const clients = Array.from({ length: 100 }, () => process.accept());
    for (const client of clients) client.brings("x".repeat(512));
    await immediate();
    // Some keep their last chunk for good, as they were closed while paused.
    for (const [n, client] of clients.entries()) {
      if (n % 2 === 0) client.whenHeard = () => client.socket.pause();
      client.brings("x".repeat(1000));
    }
    await process.look();
    for (const { socket } of clients) socket.destroy();
    await process.look();
    for (const { reasons } of clients) {
      assert.deepEqual(reasons, [{ kind: "closed" }]);
    }
  }
  const client = process.accept();
  client.brings("x".repeat(512));
  await immediate();
  assert.equal(client.connection.into?.length, 70_000);
});

test("a chunk stays with a receiver that has paused until it resumes", async () => {
  const client = new Process().accept();
  client.whenHeard = () => client.socket.pause();
  client.brings("a".repeat(1000));
  await immediate();
  assert.equal(client.heard.length, 512);
  assert.equal(client.connection.into, undefined);
  client.socket.resume();
  client.socket.pause();
  client.socket.resume();
  assert.equal(client.heard.length, 512, "its caller is not called back");
  await immediate();
  assert.equal(client.heard.length, 1000);
  client.socket.resume();
  client.connection.ends();
  await until("its end is heard", () => client.reasons.length === 1);
  assert.deepEqual(client.reasons, [{ kind: "ended" }]);
});

test("what the system takes in parts goes out in order, and is counted", async () => {
  const { connection, socket } = new Process().accept();
  connection.takes = 0;
  const text = "abcdefghij".repeat(20);
  for (let at = 0; at < text.length; at += 40) {
    socket.write(asciiBytes(text.slice(at, at + 40)));
  }
  assert.equal(socket.pendingBytes, text.length);
  connection.makeRoom(7);
  await immediate();
  assert.equal(connection.sent, text);
  assert.equal(socket.pendingBytes, 0);
});

test("a receiver of much is asked to wait, and told when all is taken", async () => {
  const client = new Process().accept();
  const { connection, socket } = client;
  connection.takes = 0;
  const text = "0123456789".repeat(4000);
  assert.equal(socket.write(asciiBytes(text)), false);
  socket.write(asciiBytes("!"));
  await immediate();
  assert.equal(client.drains, 0);
  connection.makeRoom(1000);
  await until("it is told", () => client.drains === 1);
  assert.equal(connection.sent, `${text}!`);
  assert.equal(socket.pendingBytes, 0);
});

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
