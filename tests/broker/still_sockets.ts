/**
 * A broker whose event loop is moved by hand: sockets that do nothing by
 * themselves, and turns that come when the test says so. For tests that count
 * what happens in one turn.
 */
import { deflate } from "../../src/runtime/process/deflate.ts";
import { sha1 } from "../../src/runtime/process/digest.ts";
import { makeSigner } from "../../src/runtime/process/signatures.ts";
import { Broker } from "../../src/broker/broker.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import {
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
} from "../../src/platform/socket.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

const CONNECT = 'CONNECT {"verbose":false,"pedantic":false}\r\n';

/** The broker's side of a client. What it is given is pending until `take`. */
export class StillSocket implements Socket {
  readonly remote: Address = { host: "127.0.0.1", port: 1 };
  readonly local: Address = { host: "127.0.0.1", port: 2 };
  readonly tls = undefined;
  /** Bytes that the system takes at once; what is beyond that is pending. */
  takesBytes: number = Infinity;
  pendingBytes = 0;
  isPaused = false;
  isEnded = false;
  /** What is written is only counted. */
  forgets = false;
  writes = 0;
  #events: SocketEvents | undefined = undefined;
  #written = "";
  #isBlocked = false;

  open(events: SocketEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isEnded) return true;
    this.writes++;
    if (!this.forgets) this.#written += byteString(bytes, 0, bytes.length);
    const taken = Math.min(this.takesBytes, bytes.length);
    this.takesBytes -= taken;
    this.pendingBytes += bytes.length - taken;
    this.#isBlocked = this.pendingBytes > 0;
    return !this.#isBlocked;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  secure(): Promise<void> {
    return Promise.reject(new Error("no TLS here"));
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isEnded = true;
  }

  /** The peer sends `text` in one chunk. */
  says(text: string): void {
    this.saysBytes(asciiBytes(text));
  }

  saysBytes(chunk: Uint8Array): void {
    this.#events!.onData(chunk);
  }

  /** The peer is gone. */
  closes(reason: CloseReason = { kind: "ended" }): void {
    this.isEnded = true;
    this.pendingBytes = 0;
    this.#events!.onClose(reason);
  }

  /** The system takes all that is pending. */
  drains(): void {
    this.pendingBytes = 0;
    if (this.isEnded || !this.#isBlocked) return;
    this.#isBlocked = false;
    this.#events!.onDrain();
  }

  /** What was written since the last call. */
  take(): string {
    const text = this.#written;
    this.#written = "";
    return text;
  }
}

export class StillBroker {
  readonly broker: Broker;
  readonly clock: VirtualClock = new VirtualClock();
  #soon: (() => void)[] = [];

  constructor(
    options: Partial<ServerOptions> = {},
    log: Logger = silentLogger,
  ) {
    const nowhere = (): Promise<never> => Promise.reject(new Error("nowhere"));
    this.broker = new Broker(
      {
        ...defaultServerOptions(),
        systemAccount: "",
        dontListen: true,
        ...options,
      },
      {
        network: { listen: nowhere, dial: nowhere, lookup: nowhere },
        clock: this.clock,
        random: seededRandom(1),
        log,
        verifySignature: () => false,
        makeSigner,
        deflate,
        sha1,
        compareHash: () => Promise.resolve(true),
        interfaceAddresses: () => [],
        runtimeName: "test",
        runSoon: (run) => this.#soon.push(run),
      },
    );
    this.broker.port.accepting = true;
  }

  /** Whether something waits for the next turn. */
  get isBusy(): boolean {
    return this.#soon.length > 0;
  }

  /** A client that has logged in, and said `more`. */
  client(more = ""): StillSocket {
    const socket = new StillSocket();
    this.broker.join(socket);
    socket.says(CONNECT + more);
    this.settle();
    socket.take();
    return socket;
  }

  /** One turn of the event loop: what waits now is run, what that asks for is not. */
  turn(): void {
    const runs = this.#soon;
    this.#soon = [];
    for (const run of runs) run();
  }

  /** Turns until nothing waits; gives how many there were. */
  settle(): number {
    let turns = 0;
    while (this.isBusy && turns++ < 100_000) this.turn();
    return turns;
  }
}
