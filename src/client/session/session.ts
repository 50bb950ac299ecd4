/**
 * One connection to one server, from its INFO to its end. A session reads what
 * the server says, logs in, answers pings and notices a server that fell
 * silent. It knows nothing of subscriptions or of other servers; `link.ts`
 * opens sessions and puts the next one in the place of a dead one.
 */
import { asciiBytes } from "../../core/ascii.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import { deferred } from "../../core/deferred.ts";
import type { MidgeError } from "../../core/errors.ts";
import type {
  ChunkLender,
  CloseReason,
  Socket,
  SocketEvents,
} from "../../platform/socket.ts";
import { MessageArgs } from "../../wire/args.ts";
import { PING_LINE, PONG_LINE } from "../../wire/encode.ts";
import { connectLine, type ReadInfo, readInfo } from "../../wire/info.ts";
import { NO_PAYLOAD, Op, type OpHandler } from "../../wire/ops.ts";
import { Parser } from "../../wire/parser.ts";
import type { Words } from "../../wire/words.ts";
import { LineTap, WatchedSocket } from "./debug.ts";
import {
  AuthorizationError,
  PermissionViolationError,
  StaleConnectionError,
  TimeoutError,
} from "../api/errors.ts";
import { connectFields, tlsUpgrade, upgrades } from "./login.ts";
import type { SessionOptions } from "./options.ts";
import {
  connectionLost,
  endsConnection,
  errorText,
  serverError,
  sessionError,
} from "./server_errors.ts";
import type { ServerTarget } from "./target.ts";
import type { StatusSink } from "../api/status.ts";
import { PingWatch } from "./ping_watch.ts";

/** Where an open session hands on what the server sends. */
export interface MessageReceiver {
  /** The message is borrowed for the call; it lies in a chunk of `lender`, where there is one. */
  deliver(args: MessageArgs, lender: ChunkLender | undefined): void;
  /** The server does not let us use a subject. */
  refuse(error: PermissionViolationError): void;
}

/** What an open session reports about itself. */
export interface SessionEvents {
  onInfo(session: Session, info: ReadInfo): void;
  /** The machine slept; whether the server is still there is being asked. */
  onResume(): void;
  /** Comes once. */
  onEnd(session: Session, cause: Error): void;
}

/** What all sessions of a client have in common. */
export interface SessionContext {
  readonly options: SessionOptions;
  readonly clock: Clock;
  readonly statuses: StatusSink;
  readonly receiver: MessageReceiver;
  readonly events: SessionEvents;
}

/** INFO lines of large clusters are long. */
const MAX_LINE_BYTES = 1_048_576;

/** A peer that does not take our last bytes within this time does not get them. */
const LEAVE_MS = 2000;

type Phase = "greeting" | "securing" | "login" | "open" | "ended";

export class Session implements OpHandler {
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
  readonly #socketEvents: SocketEvents = {
    onData: (chunk) => this.#onData(chunk),
    onDrain: () => {},
    onClose: (reason) => this.#onClose(reason),
  };
  readonly #context: SessionContext;
  readonly #options: SessionOptions;
  readonly #receiver: MessageReceiver;
  /** Undefined without the option `debug`. */
  readonly #tap: LineTap | undefined;
  readonly #pings: PingWatch;
  readonly #parser: Parser;
  readonly #args = new MessageArgs();
  readonly #opened = deferred<void>();
  readonly #socketClosed = deferred<void>();
  /** What the socket is telling of. */
  #chunk: Uint8Array | undefined;
  #phase: Phase = "greeting";
  #info: ReadInfo = NO_INFO;
  #endedBy: Error | undefined;
  /** Runs until the login. */
  #timer: Timer | undefined;
  /** What the server said before it closed the connection. */
  #farewell: MidgeError | undefined;

  constructor(server: ServerTarget, socket: Socket, context: SessionContext) {
    const { debug } = context.options;
    this.server = server;
    this.socket = debug === undefined
      ? socket
      : new WatchedSocket(socket, debug);
    this.#context = context;
    this.#options = context.options;
    this.#receiver = context.receiver;
    this.#tap = debug === undefined ? undefined : new LineTap(debug);
    this.#pings = new PingWatch(context, {
      ping: () => this.socket.write(PING_LINE),
      onSilence: () => this.end(new StaleConnectionError(server.listen)),
    });
    this.#parser = new Parser(this, { maxControlLineBytes: MAX_LINE_BYTES });
  }

  /** The server's newest INFO. */
  get info(): ReadInfo {
    return this.#info;
  }

  /** Why the session is over; undefined as long as it is not. */
  get endedBy(): Error | undefined {
    return this.#endedBy;
  }

  /** Logs in. Rejects when the server refuses, closes or is too slow. */
  open(): Promise<void> {
    const { timeoutMs } = this.#options;
    this.#timer = this.#context.clock.after(timeoutMs, () => {
      const { listen } = this.server;
      this.end(
        new TimeoutError(`${listen} did not answer within ${timeoutMs} ms`),
      );
    });
    const isFirst = this.#options.tls?.handshakeFirst === true;
    // That of a WebSocket is done, and a unix socket has none.
    const { webPath, path } = this.server;
    const mayBeFirst = webPath === undefined && path === undefined;
    if (isFirst && mayBeFirst) this.#secureFirst();
    else this.socket.open(this.#socketEvents);
    return this.#opened.promise;
  }

  /** Resolves with the PONG of a PING that the caller has just written. */
  pong(): Promise<void> {
    return this.#pings.pong();
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
    const timer = this.#context.clock.after(
      LEAVE_MS,
      () => this.socket.destroy(),
    );
    await this.#socketClosed.promise;
    timer.cancel();
  }

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    this.#tap?.line(op, buffer, start, end);
    switch (op) {
      case Op.MSG:
      case Op.HMSG:
        this.#args.readMsg(buffer, words, op === Op.HMSG);
        return this.#args.message.size;
      case Op.PING:
        // Behind what is written already is fine: the server only wants a sign of life.
        this.socket.write(PONG_LINE);
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
    this.#tap?.payload(buffer, start, end);
    this.#args.complete(buffer, start, end);
    const lender = buffer === this.#chunk ? this.socket : undefined;
    this.#receiver.deliver(this.#args, lender);
  }

  #onData(chunk: Uint8Array): void {
    this.#chunk = chunk;
    try {
      const used = this.#parser.parse(chunk);
      if (this.#phase === "securing") this.#secure(chunk.subarray(used));
    } catch (error) {
      this.#fail(error);
    }
    this.#chunk = undefined;
  }

  #onClose(reason: CloseReason): void {
    this.#socketClosed.resolve();
    this.#finish(this.#farewell ?? connectionLost(this.server.listen, reason));
  }

  #finish(cause: Error): void {
    if (this.#phase === "ended") return;
    const wasOpen = this.#phase === "open";
    this.#phase = "ended";
    this.#endedBy = cause;
    this.#timer?.cancel();
    this.#parser.stop();
    this.#pings.stop(cause);
    if (wasOpen) this.#context.events.onEnd(this, cause);
    else this.#opened.reject(cause);
  }

  #onInfo(info: ReadInfo): void {
    this.#info = info;
    if (this.#phase === "greeting") this.#greet(info);
    else this.#context.events.onInfo(this, info);
  }

  #greet(info: ReadInfo): void {
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
      this.socket.open(this.#socketEvents);
    } catch (error) {
      this.#fail(error);
    }
  }

  #logIn(info: ReadInfo): void {
    const { server, socket } = this;
    this.#phase = "login";
    const isSecure = socket.tls !== undefined;
    const fields = connectFields(this.#options, server, info, isSecure);
    socket.write(connectLine(fields));
    socket.write(PING_LINE);
  }

  #fail(error: unknown): void {
    this.end(sessionError(this.server.listen, error));
  }

  #onPong(): void {
    if (this.#phase === "login") {
      this.#phase = "open";
      this.#timer?.cancel();
      this.#pings.start();
      this.#opened.resolve();
      return;
    }
    this.#pings.onPong();
  }

  #onError(text: string): void {
    const error = serverError(text);
    if (endsConnection(error)) this.#farewell = error;
    if (this.#phase === "open") this.#report(error);
    else if (error instanceof AuthorizationError) this.end(error);
  }

  #report(error: MidgeError): void {
    if (error instanceof PermissionViolationError) this.#receiver.refuse(error);
    this.#context.statuses.tell({ type: "error", error });
  }
}

/** What is known about a server that has said nothing yet. */
const NO_INFO: ReadInfo = readInfo(asciiBytes("{}"), 0, 2);
