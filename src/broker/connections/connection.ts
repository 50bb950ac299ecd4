/**
 * What clients and routes have in common: the socket with its outbox and its
 * parser, keep-alive, statistics, back-pressure and the one way to end.
 *
 * Work comes in chunks. While a chunk is handled, connections that get bytes
 * are noted by the host and flushed once at its end. A connection whose peer
 * reads too slowly first stops those who feed it, then is closed.
 */
import { formatAddress } from "../../net/address.ts";
import { utf8ByteString } from "../../core/ascii.ts";
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import { ProtocolError, WireError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { Outbox, type SlabPool } from "../../core/outbox.ts";
import type {
  CloseReason,
  Socket,
  SocketEvents,
} from "../../platform/socket.ts";
import { errLine, PING_LINE, PONG_LINE } from "../../wire/encode.ts";
import type { Op, OpHandler } from "../../wire/ops.ts";
import { Parser } from "../../wire/parser.ts";
import type { Words } from "../../wire/words.ts";
import type { Identity } from "../../auth/authenticator.ts";
import {
  type ConsumerLimits,
  ConsumerWatch,
  type Producer,
  type WatchedConsumer,
} from "./consumer_watch.ts";
import {
  KeepAlive,
  type KeepAliveSettings,
  type KeptAlive,
} from "./keep_alive.ts";
import { Reading } from "./reading.ts";
import { operationText, outputText, payloadText } from "./trace.ts";

/** Counters of messages and payload bytes; headers count as payload. */
export interface Traffic {
  inMsgs: number;
  inBytes: number;
  outMsgs: number;
  outBytes: number;
}

/** What a connection asks of the server that owns it. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly slabs: SlabPool;
  readonly traffic: Traffic;
  readonly maxTracedMsgLen: number;
  /** The connection whose chunk is being handled. */
  readonly reading: Connection | undefined;
  /** Unique among all connections of the server, growing. */
  nextConnectionId(): number;
  /** `connection` has bytes to send; it is flushed at the end of the turn. */
  noteOutput(connection: Connection): void;
  /** A chunk of `connection` is about to be handled. */
  beginTurn(connection: Connection): void;
  /** The chunk is done: flush everybody who was noted. */
  endTurn(): void;
  slowConsumer(): void;
  /** A connection was stopped for the sake of a slow consumer. */
  producerStalled(): void;
}

/** The numbers in which clients and routes differ. */
export interface ConnectionSettings extends ConsumerLimits, KeepAliveSettings {
  readonly maxControlLineBytes: number;
}

/** An outbox is flushed before the end of the turn when it has grown by this much. */
const FLUSH_BYTES = 262_144;
/**
 * What a socket that lags may hold. The rest waits in the outbox: there it is
 * packed, and a drain of the socket shows that the peer still reads.
 */
const SOCKET_BYTES_MAX = 262_144;
/** A peer that does not read gets this long for what is said last. */
const LAST_WORDS_MS = 2000;

/** Who a peer is; undefined: it may not come in. */
type Verdict = Identity | undefined;

/** Ends in which nothing that is pending is sent any more. */
const UNHEARD: ReadonlySet<ClosedReason> = new Set<ClosedReason>([
  ClosedReason.SLOW_CONSUMER_PENDING,
  ClosedReason.SLOW_CONSUMER_DEADLINE,
  ClosedReason.WRITE_ERROR,
]);

export abstract class Connection
  implements OpHandler, SocketEvents, KeptAlive, WatchedConsumer, Producer {
  abstract readonly allowedOps: readonly Op[];
  /** `cid` or `rid`, for the log. */
  protected abstract readonly idLabel: string;

  readonly id: number;
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly traffic: Traffic = {
    inMsgs: 0,
    inBytes: 0,
    outMsgs: 0,
    outBytes: 0,
  };
  /** Wall-clock milliseconds. */
  readonly startedAt: number;
  /** When it last sent or got a message, or changed its interest. */
  lastActivityAt: number;
  /** How often a slow consumer kept it from reading. */
  stalls = 0;
  closedReason: ClosedReason | undefined = undefined;
  /** Already on the host's list of connections to flush. */
  outputNoted = false;

  protected readonly host: ConnectionHost;
  protected readonly settings: ConnectionSettings;
  protected readonly keepAlive: KeepAlive;
  #parser: Parser | undefined = undefined;
  /** What arrived while the parser was suspended. */
  #backlog: Uint8Array[] = [];
  #suspended = false;

  readonly #reading: Reading;
  readonly #watch: ConsumerWatch;
  #flushAboveBytes = FLUSH_BYTES;
  #lastWordsTimer: Timer | undefined = undefined;

  constructor(
    host: ConnectionHost,
    socket: Socket,
    settings: ConnectionSettings,
  ) {
    this.id = host.nextConnectionId();
    this.host = host;
    this.socket = socket;
    this.settings = settings;
    this.outbox = new Outbox(host.slabs, socket);
    this.keepAlive = new KeepAlive(host.clock, settings, this);
    this.#reading = new Reading(socket);
    this.#watch = new ConsumerWatch(host.clock, settings, this);
    this.startedAt = host.clock.now();
    this.lastActivityAt = this.startedAt;
  }

  /** What happens when the connection has ended; called once. */
  protected abstract ended(reason: ClosedReason): void;
  abstract line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number;
  abstract payload(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void;

  get closed(): boolean {
    return this.closedReason !== undefined;
  }

  /** Round trip in milliseconds; undefined before the first was measured. */
  get rttMs(): number | undefined {
    return this.keepAlive.rttMs;
  }

  get pendingBytes(): number {
    return this.outbox.pendingBytes;
  }

  /** `IP:PORT - cid:N`, which begins every log line about this connection. */
  get label(): string {
    const remote = formatAddress(this.socket.remote);
    return `${remote} - ${this.idLabel}:${this.id}`;
  }

  /** Starts reading. */
  start(): void {
    this.#parser = new Parser(this, this.settings);
    this.socket.open(this);
  }

  /** Queues `bytes` (borrowed) for the peer. */
  send(bytes: Uint8Array): void {
    if (this.closed) return;
    this.outbox.append(bytes);
    this.host.noteOutput(this);
  }

  /** Tells the peer of an error; the connection lives on. */
  sendError(text: string): void {
    if (this.host.log.traceEnabled) {
      this.traceOut(utf8ByteString(`-ERR ${text}`));
    }
    this.send(errLine(text));
  }

  /** Hands queued bytes to the socket and looks whether the peer keeps up. */
  flush(): void {
    this.outputNoted = false;
    if (this.closed) return;
    try {
      this.outbox.flush(SOCKET_BYTES_MAX);
    } catch (error) {
      this.#logInternalError(error);
      return this.close(ClosedReason.WRITE_ERROR);
    }
    const { pendingBytes, size } = this.outbox;
    this.#flushAboveBytes = size + FLUSH_BYTES;
    if (pendingBytes === 0) return;
    if (this.#watch.lags(this.host.reading)) this.host.producerStalled();
  }

  /** To be called after bytes were put into the outbox during delivery. */
  protected wroteMessage(): void {
    if (!this.outputNoted) {
      this.noteActivity();
      this.host.noteOutput(this);
    } else if (this.outbox.size > this.#flushAboveBytes) {
      this.flush();
      this.host.noteOutput(this);
    }
  }

  protected noteActivity(): void {
    this.lastActivityAt = this.host.clock.now();
  }

  /** Ends the connection, telling the peer `wireError` first unless it is empty. */
  close(reason: ClosedReason, wireError: string = ""): void {
    if (this.closed) return;
    if (wireError !== "") this.sendError(wireError);
    const isHeard = !UNHEARD.has(reason);
    if (isHeard) this.#attempt(() => this.outbox.flush());
    this.#finish(reason);
    this.#attempt(() => isHeard ? this.#endSocket() : this.socket.destroy());
  }

  #endSocket(): void {
    this.#lastWordsTimer = this.host.clock.after(
      LAST_WORDS_MS,
      () => this.socket.destroy(),
    );
    this.socket.end();
  }

  /** A socket that fails at the end of its life must not keep others from theirs. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#logInternalError(error);
    }
  }

  // --- events of the socket

  onData(chunk: Uint8Array): void {
    if (this.closed) return;
    if (this.#suspended) {
      this.#backlog.push(new Uint8Array(chunk));
      return;
    }
    this.host.beginTurn(this);
    this.keepAlive.heard();
    this.#parse(chunk);
    this.host.endTurn();
  }

  onDrain(): void {
    if (this.closed) return;
    this.outbox.blocked = false;
    this.#watch.drained();
    this.flush();
    this.#watch.release();
  }

  onClose(reason: CloseReason): void {
    this.#lastWordsTimer?.cancel();
    if (this.closed) return;
    this.#finish(closedReasonOf(reason));
  }

  // --- parsing

  /**
   * Hands an authenticator's verdict to `take`. While it is not there yet nothing
   * is parsed, so what the peer said along with CONNECT is heard after it.
   */
  protected takeVerdict(
    verdict: Verdict | Promise<Verdict>,
    take: (verdict: Verdict) => void,
  ): void {
    if (verdict instanceof Promise) this.#awaitVerdict(verdict, take);
    else take(verdict);
  }

  async #awaitVerdict(
    verdict: Promise<Verdict>,
    take: (verdict: Verdict) => void,
  ): Promise<void> {
    this.#suspendParsing();
    let identity: Verdict;
    try {
      identity = await verdict;
    } catch (error) {
      this.host.log.error(`${this.label} - Cannot check credentials: ${error}`);
    }
    take(identity);
    this.#resumeParsing();
  }

  #suspendParsing(): void {
    this.#suspended = true;
    this.#parser?.suspend();
    this.#reading.stop();
  }

  #resumeParsing(): void {
    if (this.closed) return;
    this.#suspended = false;
    this.#parser?.resume();
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const chunk of backlog) this.onData(chunk);
    this.#reading.resume();
  }

  #parse(chunk: Uint8Array): void {
    try {
      const used = this.#parser!.parse(chunk);
      if (this.#suspended && used < chunk.length) {
        this.#backlog.unshift(new Uint8Array(chunk.subarray(used)));
      }
    } catch (error) {
      this.parseFailed(error);
    }
  }

  /** Whatever went wrong ends this connection and no other. */
  protected parseFailed(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.#logInternalError(error);
      return this.close(ClosedReason.PARSE_ERROR);
    }
    this.host.log.error(`${this.label} - ${error.message}`);
    this.close(error.reason, error.wire);
  }

  #logInternalError(error: unknown): void {
    const detail = error instanceof Error
      ? error.stack ?? error.message
      : String(error);
    this.host.log.error(`${this.label} - Internal error: ${detail}`);
  }

  // --- keep-alive

  protected handlePing(): void {
    if (this.host.log.traceEnabled) this.traceOut("PONG");
    this.send(PONG_LINE);
  }

  /** Asks for the round trip, unless an answer is under way. */
  measureRtt(): void {
    this.keepAlive.measure();
  }

  writePing(): void {
    if (this.host.log.traceEnabled) this.traceOut("PING");
    this.send(PING_LINE);
  }

  becameStale(): void {
    this.close(ClosedReason.STALE_CONNECTION, WireError.STALE_CONNECTION);
  }

  // --- back-pressure

  get stallableReading(): Reading | undefined {
    return this.#reading;
  }

  gaveUp(reason: ClosedReason, text: string): void {
    this.host.log.notice(`${this.label} - Slow Consumer Detected: ${text}`);
    this.host.slowConsumer();
    this.close(reason);
  }

  // --- the end

  #finish(reason: ClosedReason): void {
    this.closedReason = reason;
    this.#parser?.stop();
    this.#backlog = [];
    this.keepAlive.stop();
    this.#watch.stop();
    this.outbox.discard();
    this.ended(reason);
  }

  // --- trace

  /** Logs an operation that came in; CONNECT is shown without its secrets. */
  protected traceIn(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#trace(operationText(op, buffer, start, end));
  }

  protected tracePayload(buffer: Uint8Array, start: number, end: number): void {
    this.#trace(payloadText(buffer, start, end, this.host.maxTracedMsgLen));
  }

  /** Logs an operation that goes out, `shown` being a byte string. */
  protected traceOut(shown: string): void {
    this.#trace(outputText(shown));
  }

  #trace(text: string): void {
    this.host.log.trace(`${this.label} - ${text}`);
  }
}

/** The one mapping from what the transport saw to why the connection ended. */
function closedReasonOf(reason: CloseReason): ClosedReason {
  switch (reason.kind) {
    case "ended":
    case "closed":
      return ClosedReason.CLIENT_CLOSED;
    case "tls":
      return ClosedReason.TLS_HANDSHAKE_FAILURE;
    case "reset":
    case "timeout":
    case "failed":
      return ClosedReason.READ_ERROR;
  }
}
