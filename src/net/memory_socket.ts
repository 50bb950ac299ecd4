/**
 * The two ends of a connection of the in-memory network, and the two pipes
 * between them. `memory.ts` makes them for tests, `app/in_process.ts` for clients
 * in the broker's own process. Each callback runs in a turn of its own, started
 * by the clock, as a socket's events do.
 */
import { assert } from "../core/assert.ts";
import { type Clock, type Random, randomBelow } from "../platform/clock.ts";
import {
  type Address,
  type CloseReason,
  NetworkError,
  type Socket,
  type SocketEvents,
  type TlsState,
} from "../platform/socket.ts";

/** What a connection asks of the network that carries it. */
export interface Carrier {
  readonly clock: Clock;
  /** Where pieces are cut in two; undefined: nowhere. */
  readonly random: Random | undefined;
  /** Bytes that one direction holds before its writer has to wait. */
  readonly capacity: number;
  /** How long the next piece is under way, in milliseconds. */
  delay(): number;
  isCut(from: string, to: string): boolean;
  /** Calls `run` in a turn after the next healing of any cut. */
  afterHeal(run: () => void): void;
  closed(socket: MemorySocket): void;
}

/** One end of a connection to be: its machine, and its address there. */
export interface PipeEnd {
  readonly machine: string;
  readonly address: Address;
}

/** Makes the two ends of one connection. */
export function connectedPair(
  carrier: Carrier,
  near: PipeEnd,
  far: PipeEnd,
): [MemorySocket, MemorySocket] {
  const there = new Pipe(carrier, near.machine, far.machine);
  const back = new Pipe(carrier, far.machine, near.machine);
  const nearSocket = new MemorySocket(carrier, near, far, back, there);
  const farSocket = new MemorySocket(carrier, far, near, there, back);
  nearSocket.peer = farSocket;
  farSocket.peer = nearSocket;
  return [nearSocket, farSocket];
}

/** What is said where TLS is asked for. */
export function noTls(): NetworkError {
  const message = "The in-memory network has no TLS";
  return new NetworkError(message, "ETLSUNSUPPORTED");
}

interface Piece {
  /** Undefined stands for the end of the stream. */
  readonly bytes: Uint8Array | undefined;
  readonly dueAt: number;
}

// One piece out of this number is cut in two, so that readers meet torn messages.
const PIECES_PER_CUT = 4;

/** One direction: bytes that wait with the writer, are under way, or have arrived. */
class Pipe {
  /** Bytes that wait with the writer because the pipe is full. */
  pendingBytes = 0;
  /** The reader has read all, and the writer has ended. */
  ended = false;
  /** The reader's: something arrived. */
  onArrival: () => void = () => {};
  /** The writer's: nothing waits any more. */
  onTaken: () => void = () => {};
  readonly #carrier: Carrier;
  readonly #from: string;
  readonly #to: string;
  readonly #waiting: Uint8Array[] = [];
  readonly #flying: Piece[] = [];
  readonly #arrived: Piece[] = [];
  #heldBytes = 0;
  #lastDueAt = 0;
  #finishing = false;
  #discarding = false;
  #moving = false;

  constructor(carrier: Carrier, from: string, to: string) {
    this.#carrier = carrier;
    this.#from = from;
    this.#to = to;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#waiting.push(bytes);
    this.pendingBytes += bytes.length;
    this.#take();
  }

  /** Ends the stream behind what was written. */
  finish(): void {
    this.#finishing = true;
    this.#take();
  }

  /** Forgets what waits with the writer, and ends the stream. */
  abandon(): void {
    this.#waiting.length = 0;
    this.pendingBytes = 0;
    this.finish();
  }

  /** The next bytes that arrived; undefined when there are none. */
  read(): Uint8Array | undefined {
    const piece = this.#arrived.shift();
    if (piece === undefined) return undefined;
    if (piece.bytes === undefined) {
      this.ended = true;
      return undefined;
    }
    this.#heldBytes -= piece.bytes.length;
    this.#take();
    return piece.bytes;
  }

  /** The reader is gone: whatever comes is lost. */
  discard(): void {
    this.#discarding = true;
    this.#arrived.length = 0;
    this.#flying.length = 0;
    this.#heldBytes = 0;
    this.#take();
  }

  #take(): void {
    for (;;) {
      const first = this.#waiting[0];
      const size = this.#pieceSize(first?.length ?? 0);
      if (first === undefined || size === 0) break;
      if (size === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(size);
      this.pendingBytes -= size;
      this.#send(first.slice(0, size));
    }
    if (this.#waiting.length > 0) return;
    if (this.#finishing) this.#send(undefined);
    this.#finishing = false;
    this.onTaken();
  }

  #pieceSize(length: number): number {
    const { capacity, random } = this.#carrier;
    const room = capacity - this.#heldBytes;
    // Little room is left alone until there is more, or pieces get ever smaller.
    if (room < length && room < capacity / 2) return 0;
    const size = Math.min(length, room);
    if (random === undefined || size <= 1) return size;
    const isCut = randomBelow(random, PIECES_PER_CUT) === 0;
    return isCut ? 1 + randomBelow(random, size - 1) : size;
  }

  #send(bytes: Uint8Array | undefined): void {
    if (this.#discarding) return;
    const { clock } = this.#carrier;
    this.#heldBytes += bytes?.length ?? 0;
    this.#lastDueAt = Math.max(
      this.#lastDueAt,
      clock.monotonic() + this.#carrier.delay(),
    );
    this.#flying.push({ bytes, dueAt: this.#lastDueAt });
    if (!this.#moving) this.#awaitNext();
  }

  #awaitNext(): void {
    const next = this.#flying[0];
    this.#moving = next !== undefined;
    if (next === undefined) return;
    const { clock } = this.#carrier;
    const wait = Math.max(0, next.dueAt - clock.monotonic());
    clock.after(wait, () => this.#arrive());
  }

  #arrive(): void {
    if (this.#carrier.isCut(this.#from, this.#to)) {
      return this.#carrier.afterHeal(() => this.#arrive());
    }
    const now = this.#carrier.clock.monotonic();
    // The first is due, as it was waited for, whatever rounding says.
    do this.#arrived.push(...this.#flying.splice(0, 1)); while (
      this.#flying[0] !== undefined && this.#flying[0].dueAt <= now
    );
    this.#awaitNext();
    this.onArrival();
  }
}

/**
 * More than a dozen members: because it is a whole socket, and has the fault
 * that befalls both ends of one.
 */
export class MemorySocket implements Socket {
  readonly local: Address;
  readonly remote: Address;
  readonly machine: string;
  readonly tls: TlsState | undefined = undefined;
  /** The other end; set once, when the pair is made. */
  peer: MemorySocket | undefined;
  readonly #carrier: Carrier;
  readonly #incoming: Pipe;
  readonly #outgoing: Pipe;
  #events: SocketEvents | undefined;
  #reason: CloseReason | undefined;
  #paused = false;
  /** The last chunk, as long as it is the receiver's. */
  #lent: Uint8Array | undefined = undefined;
  #owesDrain = false;
  #closed = false;
  #reported = false;

  constructor(
    carrier: Carrier,
    here: PipeEnd,
    there: PipeEnd,
    incoming: Pipe,
    outgoing: Pipe,
  ) {
    this.local = here.address;
    this.remote = there.address;
    this.machine = here.machine;
    this.#carrier = carrier;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    incoming.onArrival = () => this.#read();
    outgoing.onTaken = () => this.#taken();
  }

  get pendingBytes(): number {
    return this.#outgoing.pendingBytes;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    this.#later(() => this.#closed ? this.#report() : this.#read());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#reason !== undefined) return true;
    this.#outgoing.write(bytes);
    this.#owesDrain = this.pendingBytes > 0;
    return !this.#owesDrain;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#later(() => this.#read());
  }

  secure(): Promise<void> {
    return Promise.reject(noTls());
  }

  end(): void {
    if (this.#reason === undefined) this.#finish({ kind: "closed" });
  }

  destroy(): void {
    this.#breakOff({ kind: "closed" });
  }

  /** The fault: both ends lose what is under way and see a reset. */
  reset(): void {
    for (const end of [this, this.peer]) {
      if (end !== undefined) {
        end.#breakOff({ kind: "reset", code: "ECONNRESET" });
      }
    }
  }

  #read(): void {
    while (this.#readsOn()) {
      const chunk = this.#incoming.read();
      if (chunk === undefined) break;
      this.#spoilLent();
      this.#lent = chunk;
      this.#events?.onData(chunk);
      if (!this.#paused) this.#spoilLent();
    }
    if (this.#incoming.ended && this.#reason === undefined) {
      this.#finish({ kind: "ended" });
    }
  }

  /** It was borrowed: a reader that kept it for longer finds it spoilt. */
  #spoilLent(): void {
    this.#lent?.fill(0xdd);
    this.#lent = undefined;
  }

  #readsOn(): boolean {
    return this.#events !== undefined && !this.#paused &&
      this.#reason === undefined;
  }

  #taken(): void {
    if (this.#reason !== undefined) return this.#close();
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#later(() => {
      const idle = this.#reason === undefined && this.pendingBytes === 0;
      if (idle) this.#events?.onDrain();
    });
  }

  // Closes once what was written has been taken.
  #finish(reason: CloseReason): void {
    this.#reason = reason;
    this.#incoming.discard();
    this.#outgoing.finish();
  }

  #breakOff(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#incoming.discard();
    this.#outgoing.abandon();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#carrier.closed(this);
    this.#later(() => this.#report());
  }

  #report(): void {
    if (this.#events === undefined || this.#reported) return;
    this.#reported = true;
    this.#events.onClose(this.#reason ?? { kind: "closed" });
  }

  #later(run: () => void): void {
    this.#carrier.clock.after(0, run);
  }
}
