/**
 * A socket whose bytes travel in WebSocket frames, over any other socket. What
 * frames hold is one stream of bytes; pings, closes and errors of the peer are
 * dealt with here. It begins behind the handshake (`accept.ts`, `connect.ts`).
 */
import { assert } from "../core/assert.ts";
import {
  type Address,
  type CloseReason,
  NetworkError,
  type Socket,
  type SocketEvents,
  type TlsState,
  WEBSOCKET_FAILED,
} from "../platform/socket.ts";
import { CloseCode, closeCodeOf } from "./close_codes.ts";
import {
  FrameReader,
  type FrameRules,
  type FrameSink,
} from "./frame_reader.ts";
import { type FrameStyle, FrameWriter } from "./frame_writer.ts";
import { CONTROL_BYTES_MAX, Opcode, WebSocketError } from "./frames.ts";
import type { WebSocketHost } from "./host.ts";

/** Pings of a peer that has left this much unread are answered once it reads again, and only the last one. */
const PONG_PENDING_BYTES = 16_384;

const NO_BYTES = new Uint8Array(0);

/** More than a dozen members: because it is a whole socket, and stands between another one and its receiver. */
export class WebSocketSocket implements Socket, SocketEvents, FrameSink {
  readonly #inner: Socket;
  readonly #host: WebSocketHost;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  #events: SocketEvents | undefined = undefined;
  /** Why it ends. */
  #reason: CloseReason | undefined = undefined;
  #isReported = false;
  /** Its receiver wants nothing for now; before it is opened there is none. */
  #isPaused = true;
  #isReading = false;
  /** The socket below was paused since the chunk under way came. */
  #wasPaused = false;
  /** What the socket below has lent and was not read yet. */
  #rest: Uint8Array | undefined = undefined;
  #goesOnSoon = false;
  #owesDrain = false;
  /** The payload of a PING that is not answered yet. */
  #owedPong: Uint8Array | undefined = undefined;

  /** `inner` is open, paused, and reports to the new socket. */
  constructor(
    inner: Socket,
    host: WebSocketHost,
    rules: FrameRules,
    style: FrameStyle,
  ) {
    this.#inner = inner;
    this.#host = host;
    this.#reader = new FrameReader(this, rules);
    this.#writer = new FrameWriter(inner, host.slabs, style);
  }

  get remote(): Address {
    return this.#inner.remote;
  }

  get local(): Address {
    return this.#inner.local;
  }

  get tls(): TlsState | undefined {
    return this.#inner.tls;
  }

  get pendingBytes(): number {
    return this.#writer.pendingPayload;
  }

  open(events: SocketEvents): void {
    assert(this.#events === undefined, "a socket is opened once");
    this.#events = events;
    this.#isPaused = false;
    this.#goOnSoon();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#reason !== undefined || bytes.length === 0) return true;
    const goesOn = this.#writer.message(bytes);
    if (!goesOn) this.#owesDrain = true;
    return goesOn;
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#reason !== undefined) return;
    this.#wasPaused = true;
    this.#inner.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isReading) return;
    if (this.#rest !== undefined) this.#goOnSoon();
    else if (this.#reason === undefined) this.#inner.resume();
  }

  secure(): Promise<void> {
    const message = "A WebSocket has its TLS below, or none";
    return Promise.reject(new NetworkError(message, "ETLSUNSUPPORTED"));
  }

  end(why?: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = { kind: "closed" };
    this.#rest = undefined;
    if (why === undefined) this.#sayClose(CloseCode.NORMAL, "");
    else this.#sayClose(closeCodeOf(why), why);
    this.#inner.end();
  }

  destroy(): void {
    this.#reason ??= { kind: "closed" };
    this.#rest = undefined;
    this.#inner.destroy();
  }

  onData(chunk: Uint8Array): void {
    if (this.#reason !== undefined) return;
    if (this.#rest !== undefined) this.#rest = joined(this.#rest, chunk);
    else if (this.#isPaused) this.#rest = chunk;
    else this.#read(chunk);
  }

  onDrain(): void {
    this.#writer.reclaim();
    if (this.#reason !== undefined) return;
    if (this.#owedPong !== undefined) {
      this.#writer.control(Opcode.PONG, this.#owedPong);
      this.#owedPong = undefined;
    }
    if (!this.#owesDrain) return;
    this.#owesDrain = false;
    this.#events?.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.#writer.reclaim();
    const isHeld = this.#rest !== undefined && reason.kind === "ended";
    this.#reason ??= reason;
    if (isHeld) return;
    this.#rest = undefined;
    this.#report();
  }

  message(bytes: Uint8Array): boolean {
    this.#events?.onData(bytes);
    return !this.#isPaused && this.#reason === undefined;
  }

  ping(payload: Uint8Array): void {
    if (this.#inner.pendingBytes < PONG_PENDING_BYTES) {
      this.#writer.control(Opcode.PONG, payload);
    } else this.#owedPong = payload.slice();
  }

  closing(payload: Uint8Array): void {
    this.#writer.control(Opcode.CLOSE, payload);
    this.#finish({ kind: "ended" });
  }

  #read(chunk: Uint8Array): void {
    this.#isReading = true;
    this.#wasPaused = false;
    let used = chunk.length;
    try {
      used = this.#reader.read(chunk);
    } catch (error) {
      this.#failed(error);
    }
    this.#isReading = false;
    if (this.#reason !== undefined) return;
    const isLeft = used < chunk.length || this.#reader.isHolding;
    if (isLeft) this.#rest = chunk.subarray(used);
    if (this.#isPaused) return;
    if (isLeft) {
      // It was resumed while it read, or what was read took long enough.
      this.#inner.pause();
      this.#goOnSoon();
    } else if (this.#wasPaused) this.#inner.resume();
  }

  #goOnSoon(): void {
    if (this.#goesOnSoon) return;
    this.#goesOnSoon = true;
    this.#host.runSoon(() => this.#goOn());
  }

  /** What was held back comes first, then what the socket below has to say. */
  #goOn(): void {
    this.#goesOnSoon = false;
    if (this.#rest !== undefined && !this.#isPaused) this.#readRest(this.#rest);
    if (this.#rest !== undefined) return;
    if (this.#reason !== undefined) this.#report();
    else if (!this.#isPaused) this.#inner.resume();
  }

  #readRest(rest: Uint8Array): void {
    this.#rest = undefined;
    // The stream may have ended: then this is the last of it.
    const reason = this.#reason;
    this.#reason = undefined;
    this.#read(rest);
    this.#reason ??= reason;
  }

  #failed(error: unknown): void {
    const { message, code } = error instanceof WebSocketError
      ? error
      : { message: "", code: CloseCode.INTERNAL };
    if (this.#reason === undefined) this.#sayClose(code, message);
    this.#finish({ kind: "failed", code: WEBSOCKET_FAILED, cause: error });
  }

  /** Says no more, and hears no more. */
  #finish(reason: CloseReason): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#inner.end();
    this.#report();
  }

  #sayClose(code: number, text: string): void {
    const words = new TextEncoder().encode(text);
    const payload = new Uint8Array(
      Math.min(2 + words.length, CONTROL_BYTES_MAX),
    );
    payload[0] = code >>> 8;
    payload[1] = code;
    payload.set(words.subarray(0, CONTROL_BYTES_MAX - 2), 2);
    this.#writer.control(Opcode.CLOSE, payload);
  }

  #report(): void {
    if (this.#events === undefined || this.#isReported) return;
    this.#isReported = true;
    this.#events.onClose(this.#reason!);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length + second.length === 0) return NO_BYTES;
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
