/**
 * Midge on a network in memory and on a clock that only the test moves: hours
 * pass in milliseconds, and the test says when a client reads. Nothing takes
 * time on this network, so `clock.advance(0)` lets everything arrive.
 */
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import type { Random } from "../../src/platform/clock.ts";
import type {
  CloseReason,
  Network,
  Socket,
} from "../../src/platform/socket.ts";
import { runSoonOn } from "../../src/platform/turns.ts";
import { MemoryNetwork } from "../../src/net/memory.ts";
import type { CompareHash } from "../../src/auth/hash_queue.ts";
import type { ClientSession } from "../../src/broker/clients/session.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import { seededRandom } from "../support/random.ts";
import type { TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

/** Bytes that one direction of a connection holds under way. */
export const NETWORK_BYTES = 65_536;

export class StillMidge {
  readonly clock: VirtualClock;
  readonly midge: TestServer;
  readonly #network: MemoryNetwork;

  constructor(clock: VirtualClock, network: MemoryNetwork, midge: TestServer) {
    this.clock = clock;
    this.#network = network;
    this.midge = midge;
  }

  /** A client that has read its INFO. */
  async connect(): Promise<StillPeer> {
    return (await this.greeted()).peer;
  }

  /** The same, with that INFO. */
  greeted(): Promise<{ peer: StillPeer; greeting: string }> {
    return this.#dialled(this.midge.port);
  }

  /** A server that has come to the port for routes, and read its INFO. */
  async connectServer(): Promise<StillPeer> {
    return (await this.#dialled(this.midge.clusterPort)).peer;
  }

  async #dialled(
    port: number,
  ): Promise<{ peer: StillPeer; greeting: string }> {
    const dialling = this.#network.dial({ host: "127.0.0.1", port });
    // The caller has not begun to wait for the result.
    dialling.catch(() => {});
    await this.clock.advance(0);
    const peer = new StillPeer(this.clock, await dialling);
    await this.clock.advance(0);
    return { peer, greeting: peer.take() };
  }

  /** A client that has sent CONNECT with these fields, and PING for its first PONG. */
  async login(
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<StillPeer> {
    const peer = await this.connect();
    const connect = { verbose: false, pedantic: false, ...fields };
    await peer.say(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
    peer.take();
    return peer;
  }

  /** The server's side of the client that came last. */
  get newest(): ClientSession {
    return [...this.midge.server.broker.clients.sessions.values()].at(-1)!;
  }
}

export interface StillChanges {
  readonly random?: Random;
  /** Stands between the server and each socket that it accepts. */
  readonly wrap?: (socket: Socket) => Socket;
  readonly compareHash?: CompareHash;
}

export async function startStillMidge(
  t: TestContext,
  options: TestOptions = {},
  changes: StillChanges = {},
): Promise<StillMidge> {
  const { random = seededRandom(1), wrap, compareHash } = changes;
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock, seededRandom(2), {
    delayMs: 0,
    capacity: NETWORK_BYTES,
  });
  const midge = await startMidge(t, options, {
    clock,
    runSoon: runSoonOn(clock),
    random,
    network: wrap === undefined ? network : wrapped(network, wrap),
    ...(compareHash !== undefined && { compareHash }),
  });
  return new StillMidge(clock, network, midge);
}

function wrapped(network: Network, wrap: (socket: Socket) => Socket): Network {
  return {
    listen: (at, options, onSocket) =>
      network.listen(at, options, (socket) => onSocket(wrap(socket))),
    dial: (to, options) => network.dial(to, options),
    lookup: (host) => network.lookup(host),
  };
}

/** A client by hand. What it heard is `unread` until it is taken. */
export class StillPeer {
  unread = "";
  /** How the connection ended, once it has. */
  closed: CloseReason | undefined = undefined;
  readonly #clock: VirtualClock;
  readonly #socket: Socket;
  #budget = Infinity;

  constructor(clock: VirtualClock, socket: Socket) {
    this.#clock = clock;
    this.#socket = socket;
    socket.open({
      onData: (chunk) => {
        this.unread += byteString(chunk, 0, chunk.length);
        this.#budget -= chunk.length;
        if (this.#budget <= 0) socket.pause();
      },
      onDrain: () => {},
      onClose: (reason) => {
        this.closed = reason;
      },
    });
  }

  /** Bytes that this client has sent and the server does not take. */
  get unsentBytes(): number {
    return this.#socket.pendingBytes;
  }

  send(text: string): void {
    this.#socket.write(asciiBytes(text));
  }

  /** Says that it has nothing more to say, and goes. */
  end(): void {
    this.#socket.end();
  }

  /** Sends, and waits for everything that happens without time passing. */
  async say(text: string): Promise<void> {
    this.send(text);
    await this.#clock.advance(0);
  }

  take(): string {
    const text = this.unread;
    this.unread = "";
    return text;
  }

  /** Stops reading after this number of bytes; 0: at once. */
  readAtMost(bytes: number): void {
    this.#budget = bytes;
    if (bytes === 0) this.#socket.pause();
    else this.#socket.resume();
  }
}
