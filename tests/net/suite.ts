/**
 * What every implementation of `src/platform/socket.ts` must do: called once for
 * each of them. Nothing here waits for a time; all waits are for events.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import {
  type Address,
  type CloseReason,
  type Listener,
  type ListenOptions,
  type Network,
  NetworkError,
  type Socket,
  type SocketEvents,
} from "../../src/platform/socket.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** An implementation under test, and the faults that it alone can bring about. */
export interface NetworkUnderTest {
  readonly network: Network;
  /** An address that answers nothing at all. */
  silentAddress(): Promise<Address>;
  /** Connects to `to`, then resets the connection. */
  dialAndReset(to: Address): Promise<void>;
}

const ANY_PORT: Address = { host: "127.0.0.1", port: 0 };
// More than the buffers of a loopback connection take, however it is packed.
const FLOOD_BYTES = 16 * 1024 * 1024;
const flood = randomBytes(seededRandom(5), FLOOD_BYTES);

/** What there is of ports and names. It calls `describeStreams` as well. */
export function describeNetwork(
  name: string,
  start: (t: Cleanup) => NetworkUnderTest,
): void {
  function check(
    title: string,
    run: (under: NetworkUnderTest, t: Cleanup) => Promise<void>,
  ): void {
    test(`${name}: ${title}`, (t) => run(start(t), t));
  }

  describeStreams(name, (t) => start(t).network);

  check("both ends know both addresses", async ({ network }, t) => {
    const { near, far, listener } = await pair(network, t);
    assert.notEqual(listener.address.port, 0);
    assert.equal(listener.address.host, "127.0.0.1");
    assert.deepEqual(near.remote, listener.address);
    assert.deepEqual(far.local, listener.address);
    assert.deepEqual(near.local, far.remote);
    assert.equal(near.tls, undefined);
  });

  check("a reset is seen as one", async (under, t) => {
    const accepted = Promise.withResolvers<Socket>();
    const listener = await under.network.listen(ANY_PORT, {}, accepted.resolve);
    t.after(() => listener.close());
    const dialled = under.dialAndReset(listener.address);
    const receiver = Receiver.on(await accepted.promise);
    await dialled;
    const reason = await receiver.closed();
    assert.deepEqual(reason, { kind: "reset", code: "ECONNRESET" });
  });

  check(
    "sockets that may go over to TLS begin in clear, or there are none",
    async ({ network }, t) => {
      const pairing = pair(network, t, { mayUpgrade: true });
      const outcome = await pairing.catch((error: unknown) => error);
      if (outcome instanceof NetworkError) {
        return assert.equal(outcome.code, "ETLSUNSUPPORTED");
      }
      const { near, far } = await pairing;
      assert.equal(far.tls, undefined);
      const readers = [Receiver.on(near), Receiver.on(far)];
      near.write(ascii("to"));
      far.write(ascii("fro"));
      await readers[0]!.hasBytes(3);
      await readers[1]!.hasBytes(2);
    },
  );

  check("nobody listens: ECONNREFUSED", async ({ network }) => {
    const listener = await network.listen(ANY_PORT, {}, () => {});
    await listener.close();
    const { port } = listener.address;
    await assert.rejects(network.dial(listener.address), {
      name: "NetworkError",
      code: "ECONNREFUSED",
      message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });

  check("nobody answers: ETIMEDOUT", async (under) => {
    const silent = await under.silentAddress();
    await assert.rejects(under.network.dial(silent, { timeoutMs: 100 }), {
      name: "NetworkError",
      code: "ETIMEDOUT",
      message: /^dial tcp .*: i\/o timeout$/,
    });
  });

  check("the port is taken: EADDRINUSE", async ({ network }, t) => {
    const listener = await network.listen(ANY_PORT, {}, () => {});
    t.after(() => listener.close());
    const { port } = listener.address;
    await assert.rejects(network.listen(listener.address, {}, () => {}), {
      name: "NetworkError",
      code: "EADDRINUSE",
      message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    });
  });

  check(
    "a shared port is one of all that ask for it",
    async ({ network }, t) => {
      const shared = { reusePort: true };
      const counts = [0, 0];
      const count = (one: number) => (socket: Socket): void => {
        counts[one]!++;
        socket.end();
      };
      const first = await network.listen(ANY_PORT, shared, count(0));
      t.after(() => first.close());
      const at = first.address;
      await assert.rejects(network.listen(at, {}, () => {}), {
        code: "EADDRINUSE",
      });
      const second = await listenUnlessTaken(network, at, shared, count(1));
      if (second === undefined) return;
      t.after(() => second.close());
      const visit = async (): Promise<void> => {
        const socket = await network.dial(at);
        assert.equal((await Receiver.on(socket).closed()).kind, "ended");
      };
      for (let visits = 0; visits < 10; visits++) await visit();
      assert.equal(counts[0]! + counts[1]!, 10);
      await first.close();
      const before = counts[1]!;
      for (let visits = 0; visits < 3; visits++) await visit();
      assert.equal(counts[1], before + 3);
    },
  );

  check("names are looked up, and dialled", async ({ network }, t) => {
    assert.deepEqual(await network.lookup("127.0.0.1"), ["127.0.0.1"]);
    assert.deepEqual(await network.lookup("::1"), ["::1"]);
    const found = await network.lookup("localhost");
    assert.ok(found.includes("127.0.0.1"));
    const at = { host: "localhost", port: 0 };
    const listener = await network.listen(at, {}, (socket) => socket.end());
    t.after(() => listener.close());
    const { port } = listener.address;
    for (const host of ["127.0.0.1", "localhost"]) {
      const socket = await network.dial({ host, port }, { timeoutMs: 30_000 });
      assert.equal((await Receiver.on(socket).closed()).kind, "ended");
    }
  });

  check("an unknown name is ENOTFOUND", async ({ network }) => {
    const wanted = {
      name: "NetworkError",
      code: "ENOTFOUND",
      message: "lookup nowhere.invalid: no such host",
    };
    await assert.rejects(network.lookup("nowhere.invalid"), wanted);
    const address = { host: "nowhere.invalid", port: 1 };
    await assert.rejects(network.dial(address), wanted);
  });
}

/** What holds whatever the address: `start` gives a network whose `ANY_PORT` may be anywhere. */
export function describeStreams(
  name: string,
  start: (t: Cleanup) => Network,
): void {
  function check(
    title: string,
    run: (network: Network, t: Cleanup) => Promise<void>,
  ): void {
    test(`${name}: ${title}`, (t) => run(start(t), t));
  }

  /** The ends may be of different make, so each of them is tried as each. */
  function checkBoth(
    title: string,
    run: (ends: Pair, network: Network, t: Cleanup) => Promise<void>,
  ): void {
    check(title, async (network, t) => {
      await run(await pair(network, t), network, t);
    });
    check(`${title}, the other way round`, async (network, t) => {
      const { near, far, listener } = await pair(network, t);
      await run({ near: far, far: near, listener }, network, t);
    });
  }

  check("large transfers cross byte for byte", async (network, t) => {
    const seed = freshSeed();
    console.log(`${name} seed ${seed}`);
    const random = seededRandom(seed);
    const { near, far } = await pair(network, t);
    const ends = [near, far].map((socket) => ({
      sent: randomBytes(random, 3_000_000),
      socket,
      receiver: Receiver.on(socket),
    }));
    const [one, other] = ends;
    assert.ok(one !== undefined && other !== undefined);
    await Promise.all(
      ends.map(({ socket, receiver, sent }) =>
        sendInPieces(random, socket, receiver, sent)
      ),
    );
    await one.receiver.hasBytes(other.sent.length);
    await other.receiver.hasBytes(one.sent.length);
    assert.ok(isSame(one.receiver.bytes(), other.sent));
    assert.ok(isSame(other.receiver.bytes(), one.sent));
  });

  checkBoth(
    "what came before open is kept",
    async ({ near, far }, network, t) => {
      far.write(ascii("early "));
      await roundTrip(network, t);
      const receiver = Receiver.on(near);
      far.write(ascii("late"));
      await receiver.hasBytes(10);
      assert.equal(receiver.text(), "early late");
    },
  );

  checkBoth(
    "an end before open comes after its data",
    async ({ near, far }, network, t) => {
      far.write(ascii("bye"));
      far.end();
      await roundTrip(network, t);
      const receiver = Receiver.on(near);
      assert.deepEqual(receiver.closes, []);
      assert.deepEqual(await receiver.closed(), { kind: "ended" });
      assert.equal(receiver.text(), "bye");
    },
  );

  checkBoth(
    "a close before open comes in a later turn",
    async ({ near }, network, t) => {
      near.destroy();
      await roundTrip(network, t);
      const receiver = Receiver.on(near);
      assert.deepEqual(receiver.closes, []);
      assert.deepEqual(await receiver.closed(), { kind: "closed" });
    },
  );

  checkBoth(
    "a paused reader holds the writer up",
    async ({ near, far }, network, t) => {
      const reader = Receiver.on(near);
      const writer = Receiver.on(far);
      near.pause();
      assert.equal(far.write(flood), false);
      assert.ok(far.pendingBytes > 0);
      await roundTrip(network, t);
      assert.equal(writer.drains, 0);
      // What was under way has arrived by now.
      const { length } = reader;
      assert.ok(length < FLOOD_BYTES);
      await roundTrip(network, t);
      assert.equal(reader.length, length);
      near.resume();
      await writer.until(() => writer.drains > 0);
      assert.equal(far.pendingBytes, 0);
      await reader.hasBytes(FLOOD_BYTES);
      assert.equal(writer.drains, 1);
      assert.equal(far.write(ascii("more")), true);
      await reader.hasBytes(FLOOD_BYTES + 4);
    },
  );

  checkBoth(
    "pausing in the middle of data loses none",
    async ({ near, far }) => {
      const reader = Receiver.on(near);
      reader.onChunk = () => near.pause();
      const sent = randomBytes(seededRandom(1), 300_000);
      far.write(sent);
      while (reader.length < sent.length) {
        const before = reader.length;
        await reader.until(() => reader.length > before);
        near.resume();
      }
      assert.deepEqual(reader.bytes(), sent);
    },
  );

  checkBoth(
    "chunks that a receiver keeps stay as they are",
    async ({ near, far }, network, t) => {
      const reader = Receiver.on(near);
      const given: Uint8Array[] = [];
      reader.onChunk = (chunk) =>
        void given.push(near.keepChunk?.() === true ? chunk : chunk.slice());
      const sent = randomBytes(seededRandom(6), 600_000);
      for (let at = 0; at < sent.length; at += 100_000) {
        far.write(sent.subarray(at, at + 100_000));
        await reader.hasBytes(at + 100_000);
        const others = await pair(network, t);
        const other = Receiver.on(others.near);
        others.far.write(new Uint8Array(500_000));
        await other.hasBytes(500_000);
      }
      assert.ok(isSame(Buffer.concat(given), sent));
    },
  );

  checkBoth(
    "a chunk stays as it is until its paused socket is resumed",
    async ({ near, far }, network, t) => {
      const reader = Receiver.on(near);
      const lent: { chunk: Uint8Array; copy: Uint8Array }[] = [];
      reader.onChunk = (chunk) => {
        near.pause();
        lent.push({ chunk, copy: chunk.slice() });
      };
      const sent = randomBytes(seededRandom(4), 600_000);
      far.write(sent);
      while (reader.length < sent.length) {
        await reader.until(() => lent.length > 0);
        // Other sockets, of both kinds, read large pieces meanwhile.
        const others = await pair(network, t);
        const [here, there] = [others.near, others.far].map(Receiver.on);
        others.far.write(new Uint8Array(1_000_000));
        others.near.write(new Uint8Array(1_000_000));
        await Promise.all([here!.hasBytes(1e6), there!.hasBytes(1e6)]);
        for (const { chunk, copy } of lent.splice(0)) {
          assert.ok(isSame(chunk, copy));
        }
        near.resume();
      }
    },
  );

  checkBoth("pending bytes go back to 0", async ({ near, far }, network, t) => {
    const reader = Receiver.on(near);
    Receiver.on(far);
    for (let count = 0; count < 100; count++) far.write(ascii("0123456789"));
    await reader.hasBytes(1000);
    await roundTrip(network, t);
    assert.equal(far.pendingBytes, 0);
  });

  checkBoth(
    "what has left the pending bytes is not read again",
    async ({ near, far }) => {
      const reader = Receiver.on(near);
      Receiver.on(far);
      reader.onChunk = () => near.pause();
      const pieces = new OverwrittenPieces(far);
      for (let at = 0; at < flood.length; at += 50_000) {
        pieces.write(flood.slice(at, at + 50_000));
      }
      while (reader.length < flood.length) {
        const before = reader.length;
        near.resume();
        await reader.until(() => reader.length > before);
        pieces.overwriteTaken();
      }
      assert.ok(pieces.overwrittenInPart, "all left at once");
      assert.ok(isSame(reader.bytes(), flood));
    },
  );

  checkBoth("end sends what is pending first", async ({ near, far }) => {
    const reader = Receiver.on(near);
    const writer = Receiver.on(far);
    const sent = randomBytes(seededRandom(2), 2_000_000);
    far.write(sent);
    far.end();
    assert.deepEqual(await reader.closed(), { kind: "ended" });
    assert.ok(isSame(reader.bytes(), sent));
    assert.deepEqual(await writer.closed(), { kind: "closed" });
  });

  checkBoth("nothing is read after end", async ({ near, far }) => {
    const reader = Receiver.on(near);
    const ending = Receiver.on(far);
    near.write(ascii("before"));
    await ending.hasBytes(6);
    far.end();
    near.write(ascii("after"));
    await Promise.all([reader.closed(), ending.closed()]);
    assert.equal(ending.text(), "before");
  });

  checkBoth("destroy drops what is pending", async ({ near, far }) => {
    const reader = Receiver.on(near);
    const writer = Receiver.on(far);
    near.pause();
    far.write(flood);
    far.destroy();
    assert.equal(far.pendingBytes, 0);
    assert.deepEqual(await writer.closed(), { kind: "closed" });
    near.resume();
    await reader.closed();
    assert.ok(reader.length < FLOOD_BYTES);
  });

  checkBoth(
    "it closes once and is silent afterwards",
    async ({ near, far }, network, t) => {
      const reader = Receiver.on(near);
      const writer = Receiver.on(far);
      far.write(ascii("lost or not"));
      near.end();
      near.destroy();
      near.destroy();
      near.end();
      assert.deepEqual(await reader.closed(), { kind: "closed" });
      await writer.closed();
      await roundTrip(network, t);
      assert.equal(reader.closes.length, 1);
      assert.equal(writer.closes.length, 1);
      assert.equal(reader.eventsAfterClose + writer.eventsAfterClose, 0);
    },
  );

  checkBoth(
    "a write after the close is ignored",
    async ({ near, far }, network, t) => {
      const reader = Receiver.on(near);
      const writer = Receiver.on(far);
      far.end();
      far.write(ascii("too late"));
      await Promise.all([reader.closed(), writer.closed()]);
      far.write(ascii("much too late"));
      far.pause();
      far.resume();
      await roundTrip(network, t);
      assert.equal(reader.text(), "");
      assert.equal(far.pendingBytes, 0);
    },
  );

  check("a closed listener leaves its sockets alone", async (network, t) => {
    const { near, far, listener } = await pair(network, t);
    await listener.close();
    await listener.close();
    const reader = Receiver.on(near);
    far.write(ascii("still here"));
    await reader.hasBytes(10);
    const again = await network.listen(listener.address, {}, () => {});
    await again.close();
  });
}

/** Uses the memory of each piece again as soon as a socket has taken it. */
class OverwrittenPieces {
  /** Some were overwritten while others were pending. */
  overwrittenInPart = false;
  readonly #socket: Socket;
  readonly #pieces: { readonly bytes: Uint8Array; readonly end: number }[] = [];
  #written = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  write(bytes: Uint8Array): void {
    this.#written += bytes.length;
    this.#pieces.push({ bytes, end: this.#written });
    this.#socket.write(bytes);
    this.overwriteTaken();
  }

  overwriteTaken(): void {
    const taken = this.#written - this.#socket.pendingBytes;
    while (this.#pieces[0] !== undefined && this.#pieces[0].end <= taken) {
      this.#pieces.shift()!.bytes.fill(0);
      this.overwrittenInPart ||= this.#pieces.length > 0;
    }
  }
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly listener: Listener;
}

/** A dialled socket and the accepted one, closed when the test ends. */
async function pair(
  network: Network,
  t: Cleanup,
  options: ListenOptions = {},
): Promise<Pair> {
  const accepted = Promise.withResolvers<Socket>();
  const listener = await network.listen(ANY_PORT, options, accepted.resolve);
  const near = await network.dial(listener.address);
  const far = await accepted.promise;
  t.after(async () => {
    near.destroy();
    far.destroy();
    await listener.close();
  });
  return { near, far, listener };
}

/** Undefined where the system has no ports that are shared. */
async function listenUnlessTaken(
  network: Network,
  at: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener | undefined> {
  try {
    return await network.listen(at, options, onSocket);
  } catch (error) {
    assert.equal((error as NetworkError).code, "EADDRINUSE");
    return undefined;
  }
}

/** Long enough for what was on its way before to have arrived. */
async function roundTrip(network: Network, t: Cleanup): Promise<void> {
  const { near, far } = await pair(network, t);
  const [here, there] = [Receiver.on(near), Receiver.on(far)];
  for (let turn = 1; turn <= 10; turn++) {
    near.write(ascii("ping"));
    await there.hasBytes(4 * turn);
    far.write(ascii("pong"));
    await here.hasBytes(4 * turn);
  }
}

/** Keeps all that a socket reports; chunks are copied, as they are borrowed. */
class Receiver implements SocketEvents {
  length = 0;
  drains = 0;
  eventsAfterClose = 0;
  readonly closes: CloseReason[] = [];
  onChunk: (chunk: Uint8Array) => void = () => {};
  readonly #chunks: Uint8Array[] = [];
  #wake: () => void = () => {};

  static on(socket: Socket): Receiver {
    const receiver = new Receiver();
    socket.open(receiver);
    return receiver;
  }

  onData(chunk: Uint8Array): void {
    this.#chunks.push(chunk.slice());
    this.length += chunk.length;
    this.onChunk(chunk);
    this.#happened();
  }

  onDrain(): void {
    this.drains++;
    this.#happened();
  }

  onClose(reason: CloseReason): void {
    this.#happened();
    this.closes.push(reason);
    this.#wake();
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async hasBytes(count: number): Promise<void> {
    await this.until(() => this.length >= count || this.closes.length > 0);
    assert.equal(this.length, count);
  }

  async closed(): Promise<CloseReason> {
    await this.until(() => this.closes.length > 0);
    const [reason] = this.closes;
    assert.ok(reason !== undefined);
    return reason;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  #happened(): void {
    if (this.closes.length > 0) this.eventsAfterClose++;
    this.#wake();
  }
}

async function sendInPieces(
  random: Random,
  socket: Socket,
  receiver: Receiver,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const size = 1 +
      randomBelow(random, randomBelow(random, 4) === 0 ? 200_000 : 2_000);
    const drains = receiver.drains;
    const goOn = socket.write(bytes.subarray(at, at + size));
    at += size;
    if (!goOn) await receiver.until(() => receiver.drains > drains);
  }
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  random.fill(bytes);
  return bytes;
}

/** Compares what is too long to be compared byte by byte in JavaScript. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
