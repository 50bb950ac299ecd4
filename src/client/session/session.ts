/**
 * One connection to one server, from its INFO to its end. A session reads what
 * the server says, logs in, answers pings and notices a server that fell
 * silent. It knows nothing of subscriptions or of other servers; `link.ts`
 * opens sessions and puts the next one in the place of a dead one.
 */
import { asciiBytes, byteString, utf8Text } from "../../core/ascii.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import { type Deferred, deferred } from "../../core/deferred.ts";
import type { MidgeError } from "../../core/errors.ts";
import type {
  CloseReason,
  Socket,
  SocketEvents,
} from "../../platform/socket.ts";
import { MessageArgs } from "../../wire/args.ts";
import { PING_LINE, PONG_LINE } from "../../wire/encode.ts";
import { connectLine, readInfo, type ServerInfo } from "../../wire/info.ts";
import { NO_PAYLOAD, Op, type OpHandler } from "../../wire/ops.ts";
import { Parser } from "../../wire/parser.ts";
import type { Words } from "../../wire/words.ts";
import {
  type DebugLine,
  incomingLine,
  incomingPayload,
  WatchedSocket,
} from "./debug.ts";
import {
  AuthorizationError,
  ConnectionError,
  StaleConnectionError,
  TimeoutError,
} from "../api/errors.ts";
import { connectFields, tlsUpgrade, upgrades } from "./login.ts";
import type { SessionOptions } from "./options.ts";
import { endsConnection, serverError } from "./server_errors.ts";
import type { ServerTarget } from "./target.ts";

/** What a session reports once it is open. */
export interface SessionEvents {
  /** The message is borrowed for the call. */
  onMessage(args: MessageArgs): void;
  onInfo(session: Session, info: ServerInfo): void;
  onError(error: MidgeError): void;
  /** A ping of our own goes out; so many are unanswered, this one included. */
  onPing(unanswered: number): void;
  /** Comes once. */
  onEnd(session: Session, cause: Error): void;
}

/** INFO lines of large clusters are long. */
const MAX_LINE_BYTES = 1_048_576;

/** A peer that does not take our last bytes within this time does not get them. */
const LEAVE_MS = 2000;

type Phase = "greeting" | "securing" | "login" | "open" | "ended";

export class Session implements OpHandler, SocketEvents {
  readonly allowedOps: readonly Op[] = [
    Op.INFO,
    Op.MSG,
    Op.HMSG,
    Op.PING,
    Op.PONG,
    Op.OK,
    Op.ERR,
  ];
  readonly server: ServerTarget;
  readonly socket: Socket;
  readonly #options: SessionOptions;
  readonly #debug: DebugLine | undefined;
  /** With debug: the line of the message under way. */
  #messageLine = "";
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  readonly #parser: Parser;
  readonly #args = new MessageArgs();
  readonly #opened = deferred<void>();
  readonly #socketClosed = deferred<void>();
  #phase: Phase = "greeting";
  #info: ServerInfo = NO_INFO;
  #endedBy: Error | undefined;
  #timer: Timer | undefined;
  #unansweredPings = 0;
  /** Who waits for PONGs, in the order of the PINGs; undefined: a keep-alive of our own. */
  #pongs: (Deferred<void> | undefined)[] = [];
  /** What the server said before it closed the connection. */
  #farewell: MidgeError | undefined;

  constructor(
    server: ServerTarget,
    socket: Socket,
    options: SessionOptions,
    clock: Clock,
    events: SessionEvents,
  ) {
    this.server = server;
    this.#debug = options.debug;
    this.socket = this.#debug === undefined
      ? socket
      : new WatchedSocket(socket, this.#debug);
    this.#options = options;
    this.#clock = clock;
    this.#events = events;
    this.#parser = new Parser(this, { maxControlLineBytes: MAX_LINE_BYTES });
  }

  /** The server's newest INFO. */
  get info(): ServerInfo {
    return this.#info;
  }

  /** Why the session is over; undefined as long as it is not. */
  get endedBy(): Error | undefined {
    return this.#endedBy;
  }

  /** Logs in. Rejects when the server refuses, closes or is too slow. */
  open(): Promise<void> {
    const { timeoutMs } = this.#options;
    this.#timer = this.#clock.after(timeoutMs, () => {
      const { listen } = this.server;
      this.end(
        new TimeoutError(`${listen} did not answer within ${timeoutMs} ms`),
      );
    });
    if (this.#options.tls?.handshakeFirst === true) this.#secureFirst();
    else this.socket.open(this);
    return this.#opened.promise;
  }

  /** Resolves with the PONG of a PING that the caller has just written. */
  pong(): Promise<void> {
    const waiter = deferred<void>();
    this.#pongs.push(waiter);
    return waiter.promise;
  }

  /** Ends the session at once. */
  end(cause: Error): void {
    this.#finish(cause);
    this.socket.destroy();
  }

  /** Ends the session, but lets the socket send what it was given; resolves when that is over. */
  async leave(cause: Error): Promise<void> {
    this.#finish(cause);
    this.socket.end();
    const timer = this.#clock.after(LEAVE_MS, () => this.socket.destroy());
    await this.#socketClosed.promise;
    timer.cancel();
  }

  onData(chunk: Uint8Array): void {
    try {
      const used = this.#parser.parse(chunk);
      if (this.#phase === "securing") this.#secure(chunk.subarray(used));
    } catch (error) {
      this.#fail(error);
    }
  }

  onDrain(): void {}

  onClose(reason: CloseReason): void {
    this.#socketClosed.resolve();
    this.#finish(this.#farewell ?? connectionLost(this.server, reason));
  }

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    if (this.#debug !== undefined) this.#showLine(op, buffer, start, end);
    switch (op) {
      case Op.MSG:
      case Op.HMSG:
        this.#args.readMsg(buffer, words, op === Op.HMSG);
        return this.#args.message.size;
      case Op.PING:
        this.#onPing();
        break;
      case Op.PONG:
        this.#onPong();
        break;
      case Op.INFO:
        this.#onInfo(readInfo(buffer, start, end));
        break;
      case Op.ERR:
        this.#onError(errorText(buffer, start, end));
        break;
    }
    return NO_PAYLOAD;
  }

  payload(_op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.#debug?.(this.#messageLine);
    this.#debug?.(incomingPayload(buffer, start, end));
    this.#args.complete(buffer, start, end);
    this.#events.onMessage(this.#args);
  }

  /** A message's line may come again, when more of its payload has arrived. */
  #showLine(op: Op, buffer: Uint8Array, start: number, end: number): void {
    const line = incomingLine(op, buffer, start, end);
    if (op === Op.MSG || op === Op.HMSG) this.#messageLine = line;
    else this.#debug?.(line);
  }

  #finish(cause: Error): void {
    if (this.#phase === "ended") return;
    const wasOpen = this.#phase === "open";
    this.#phase = "ended";
    this.#endedBy = cause;
    this.#timer?.cancel();
    this.#parser.stop();
    for (const waiter of this.#pongs) waiter?.reject(cause);
    this.#pongs = [];
    if (wasOpen) this.#events.onEnd(this, cause);
    else this.#opened.reject(cause);
  }

  #onInfo(info: ServerInfo): void {
    this.#info = info;
    if (this.#phase === "greeting") this.#greet(info);
    else this.#events.onInfo(this, info);
  }

  #greet(info: ServerInfo): void {
    const isSecure = this.socket.tls !== undefined;
    if (isSecure || !upgrades(this.#options, this.server, info)) {
      return this.#logIn(info);
    }
    // What follows in clear must not be taken for the server's own words.
    this.#phase = "securing";
    this.#parser.suspend();
  }

  /** NATS client protocol: TLS begins behind INFO. `head` is what came in clear behind it. */
  async #secure(head: Uint8Array): Promise<void> {
    try {
      await this.socket.secure(tlsUpgrade(this.#options, this.server), head);
      this.#parser.resume();
      if (this.#phase === "securing") this.#logIn(this.#info);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #secureFirst(): Promise<void> {
    try {
      await this.socket.secure(tlsUpgrade(this.#options, this.server));
      this.socket.open(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  #logIn(info: ServerInfo): void {
    const { server, socket } = this;
    this.#phase = "login";
    const isSecure = socket.tls !== undefined;
    const fields = connectFields(this.#options, server, info, isSecure);
    socket.write(connectLine(fields));
    socket.write(PING_LINE);
  }

  #fail(error: unknown): void {
    this.end(error instanceof Error ? error : new Error(String(error)));
  }

  #onPing(): void {
    // Behind what is written already is fine: the server only wants a sign of life.
    this.socket.write(PONG_LINE);
  }

  #onPong(): void {
    if (this.#phase === "login") {
      this.#phase = "open";
      this.#timer?.cancel();
      this.#keepAlive();
      this.#opened.resolve();
      return;
    }
    this.#unansweredPings = 0;
    this.#pongs.shift()?.resolve();
  }

  #onError(text: string): void {
    const error = serverError(text);
    if (endsConnection(error)) this.#farewell = error;
    if (this.#phase === "open") this.#events.onError(error);
    else if (error instanceof AuthorizationError) this.end(error);
  }

  #keepAlive(): void {
    this.#timer = this.#clock.after(this.#options.pingIntervalMs, () => {
      if (this.#unansweredPings >= this.#options.maxPingOut) {
        this.end(new StaleConnectionError(this.server.listen));
        return;
      }
      this.#unansweredPings++;
      this.#pongs.push(undefined);
      this.socket.write(PING_LINE);
      this.#events.onPing(this.#unansweredPings);
      this.#keepAlive();
    });
  }
}

/** What is known about a server that has said nothing yet. */
const NO_INFO: ServerInfo = readInfo(asciiBytes("{}"), 0, 2);

/** The text of `-ERR '<text>'`. */
function errorText(buffer: Uint8Array, start: number, end: number): string {
  return utf8Text(byteString(buffer, start, end)).trim().replace(
    /^'(.*)'$/s,
    "$1",
  );
}

function connectionLost(
  server: ServerTarget,
  reason: CloseReason,
): ConnectionError {
  const what = `Connection to ${server.listen} `;
  switch (reason.kind) {
    case "ended":
      return new ConnectionError(`${what}was closed by the server`);
    case "closed":
      return new ConnectionError(`${what}was closed`);
    case "timeout":
      return new ConnectionError(`${what}timed out`);
    case "tls":
      return new ConnectionError(`${what}failed in TLS: ${reason.detail}`);
    case "reset":
      return new ConnectionError(`${what}was reset`);
    case "failed":
      return new ConnectionError(`${what}failed: ${reason.code}`, {
        cause: reason.cause,
      });
  }
}
