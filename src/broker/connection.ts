/**
 * What clients and routes have in common: the socket with its outbox and its
 * parser, keep-alive, statistics, back-pressure and the one way to end.
 *
 * Work comes in chunks. While a chunk is handled, connections that get bytes
 * are noted by the host and flushed once at its end. A connection whose peer
 * reads too slowly first stops those who feed it, then is closed.
 */
import { byteString } from "../core/ascii.ts";
import type { Clock, Random, Timer } from "../core/clock.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { FIRST_PING_JITTER, RTT_MAX_AGE_MS } from "../core/limits.ts";
import type { Logger } from "../core/log.ts";
import { Outbox, type SlabPool } from "../core/outbox.ts";
import { quotedBytes } from "../core/quote.ts";
import type { CloseReason, Socket, SocketEvents } from "../net/socket.ts";
import type { Words } from "../wire/args.ts";
import { errLine, PING_LINE, PONG_LINE } from "../wire/encode.ts";
import { redactedConnect } from "../wire/info.ts";
import { Op, type OpHandler, VERBS } from "../wire/ops.ts";
import { Parser } from "../wire/parser.ts";

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
export interface ConnectionSettings {
  readonly maxControlLineBytes: number;
  /** Outgoing bytes that the peer may leave unread; `Infinity` for no limit. */
  readonly maxPendingBytes: number;
  /** With more than this unread, those who feed the connection are stopped. */
  readonly stallPendingBytes: number;
  readonly writeDeadlineMs: number;
  readonly pingIntervalMs: number;
  readonly pingMax: number;
  /** Send PINGs to a peer that is heard of anyway. */
  readonly pingAlways: boolean;
}

/** An outbox is flushed before the end of the turn when it has grown by this much. */
const FLUSH_BYTES = 262_144;
/**
 * What a socket that lags may hold. The rest waits in the outbox: there it is
 * packed, and a drain of the socket shows that the peer still reads.
 */
const SOCKET_BYTES_MAX = 262_144;
/** Producers stopped at the stall mark may go on below this part of it. */
const RELEASE_FRACTION = 0.5;
/** A peer that does not read gets this long for what is said last. */
const LAST_WORDS_MS = 2000;

/** Ends in which nothing that is pending is sent any more. */
const UNHEARD: ReadonlySet<ClosedReason> = new Set<ClosedReason>([
  ClosedReason.SLOW_CONSUMER_PENDING,
  ClosedReason.SLOW_CONSUMER_DEADLINE,
  ClosedReason.WRITE_ERROR,
]);

export abstract class Connection implements OpHandler, SocketEvents {
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
  /** Round trip in milliseconds; undefined before the first was measured. */
  rttMs: number | undefined = undefined;
  /** How often a slow consumer kept it from reading. */
  stalls = 0;
  closedReason: ClosedReason | undefined = undefined;
  /** Already on the host's list of connections to flush. */
  outputNoted = false;

  protected readonly host: ConnectionHost;
  protected readonly settings: ConnectionSettings;
  #parser: Parser | undefined = undefined;
  /** What arrived while the parser was suspended. */
  #backlog: Uint8Array[] = [];
  #suspended = false;

  #pingTimer: Timer | undefined = undefined;
  #pingsOut = 0;
  #pingSentAt = -Infinity;
  #heardAt = 0;

  #flushAboveBytes = FLUSH_BYTES;
  #deadlineTimer: Timer | undefined = undefined;
  /** Bytes that the system had taken when the deadline was armed. */
  #takenBytes = 0;
  /** Producers that wait for this connection to drain. */
  #stalled: Set<Connection> | undefined = undefined;
  /** How many slow consumers keep this connection from reading. */
  #stalledBy = 0;
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

  get pendingBytes(): number {
    return this.outbox.pendingBytes;
  }

  /** `IP:PORT - cid:N`, which begins every log line about this connection. */
  get label(): string {
    const { host, port } = this.socket.remote;
    const name = host.includes(":") ? `[${host}]` : host;
    return `${name}:${port} - ${this.idLabel}:${this.id}`;
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
    if (this.host.log.traceEnabled) this.traceOut(`-ERR ${text}`);
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
    if (pendingBytes > 0) this.#watchBacklog(pendingBytes);
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
    this.#heardAt = this.host.clock.monotonic();
    this.#parse(chunk);
    this.host.endTurn();
  }

  onDrain(): void {
    if (this.closed) return;
    this.outbox.blocked = false;
    this.#disarmDeadline();
    this.flush();
    const release = this.settings.stallPendingBytes * RELEASE_FRACTION;
    if (!this.outbox.blocked || this.pendingBytes <= release) {
      this.#releaseProducers();
    }
  }

  onClose(reason: CloseReason): void {
    this.#lastWordsTimer?.cancel();
    if (this.closed) return;
    this.#finish(closedReasonOf(reason));
  }

  // --- parsing

  /** Nothing more is parsed until `resumeParsing`; the peer feels it. */
  protected suspendParsing(): void {
    this.#suspended = true;
    this.#parser?.suspend();
    this.socket.pause();
  }

  protected resumeParsing(): void {
    if (this.closed) return;
    this.#suspended = false;
    this.#parser?.resume();
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const chunk of backlog) this.onData(chunk);
    if (!this.#suspended && this.#stalledBy === 0) this.socket.resume();
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

  /** Sends the first PING `delayMs` from now, or a little later. */
  protected startPings(delayMs: number): void {
    const jitter = 1 + this.host.random.next() * FIRST_PING_JITTER;
    this.#armPing(delayMs * jitter);
  }

  protected armPings(): void {
    this.#armPing(this.settings.pingIntervalMs);
  }

  protected handlePing(): void {
    if (this.host.log.traceEnabled) this.traceOut("PONG");
    this.send(PONG_LINE);
  }

  protected handlePong(): void {
    if (this.#pingsOut > 0) {
      this.rttMs = this.host.clock.monotonic() - this.#pingSentAt;
    }
    this.#pingsOut = 0;
  }

  /** Asks for the round trip, unless an answer is under way. */
  measureRtt(): void {
    if (!this.closed && this.#pingsOut === 0) this.sendPing();
  }

  /** Sends a PING now, to learn the round trip. */
  protected sendPing(): void {
    this.#pingsOut++;
    this.#pingSentAt = this.host.clock.monotonic();
    if (this.host.log.traceEnabled) this.traceOut("PING");
    this.send(PING_LINE);
  }

  #armPing(delayMs: number): void {
    this.#pingTimer?.cancel();
    this.#pingTimer = this.host.clock.after(delayMs, () => this.#pingDue());
  }

  #pingDue(): void {
    if (this.closed) return;
    const { pingIntervalMs, pingMax, pingAlways } = this.settings;
    const now = this.host.clock.monotonic();
    const rttIsOld = this.rttMs === undefined ||
      now - this.#pingSentAt > RTT_MAX_AGE_MS;
    if (pingAlways || rttIsOld || now - this.#heardAt >= pingIntervalMs) {
      if (this.#pingsOut + 1 > pingMax) {
        return this.close(
          ClosedReason.STALE_CONNECTION,
          WireError.STALE_CONNECTION,
        );
      }
      this.sendPing();
    }
    this.#armPing(pingIntervalMs);
  }

  // --- back-pressure

  #watchBacklog(pending: number): void {
    const { maxPendingBytes, stallPendingBytes } = this.settings;
    if (pending > maxPendingBytes) {
      this.host.log.notice(
        `${this.label} - Slow Consumer Detected: MaxPending of ${maxPendingBytes} Exceeded`,
      );
      this.host.slowConsumer();
      return this.close(ClosedReason.SLOW_CONSUMER_PENDING);
    }
    this.#armDeadline();
    const producer = this.host.reading;
    // Only a socket that is blocked tells when the producer may go on.
    if (
      producer !== undefined && pending > stallPendingBytes &&
      this.outbox.blocked
    ) this.#stall(producer);
  }

  #stall(producer: Connection): void {
    if (!producer.stallable) return;
    this.#stalled ??= new Set();
    if (this.#stalled.has(producer)) return;
    this.#stalled.add(producer);
    producer.#stalledBy++;
    producer.stalls++;
    this.host.producerStalled();
    producer.socket.pause();
  }

  /** Whether reading from this connection may be stopped for a slow consumer's sake. */
  protected get stallable(): boolean {
    return true;
  }

  #releaseProducers(): void {
    if (this.#stalled === undefined) return;
    const producers = this.#stalled;
    this.#stalled = undefined;
    for (const producer of producers) {
      producer.#stalledBy--;
      if (
        producer.#stalledBy === 0 && !producer.#suspended && !producer.closed
      ) {
        producer.socket.resume();
      }
    }
  }

  #armDeadline(): void {
    if (this.#deadlineTimer !== undefined) return;
    this.#takenBytes = this.#bytesTaken;
    this.#deadlineTimer = this.host.clock.after(
      this.settings.writeDeadlineMs,
      () => this.#deadlineDue(),
    );
  }

  /** Bytes that the system took from the socket. */
  get #bytesTaken(): number {
    return this.outbox.writtenBytes - this.socket.pendingBytes;
  }

  #disarmDeadline(): void {
    this.#deadlineTimer?.cancel();
    this.#deadlineTimer = undefined;
  }

  /** The peer took nothing for a whole deadline: it is gone or stuck. */
  #deadlineDue(): void {
    this.#deadlineTimer = undefined;
    const pending = this.pendingBytes;
    if (this.closed || pending === 0) return;
    if (this.#bytesTaken > this.#takenBytes) return this.#armDeadline();
    this.host.log.notice(
      `${this.label} - Slow Consumer Detected: WriteDeadline of ${
        this.settings.writeDeadlineMs / 1000
      }s exceeded with ${pending} total bytes.`,
    );
    this.host.slowConsumer();
    this.close(ClosedReason.SLOW_CONSUMER_DEADLINE);
  }

  // --- the end

  #finish(reason: ClosedReason): void {
    this.closedReason = reason;
    this.#parser?.stop();
    this.#backlog = [];
    this.#pingTimer?.cancel();
    this.#disarmDeadline();
    this.#releaseProducers();
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
    const text = byteString(buffer, start, end);
    const args = op === Op.CONNECT ? redactedConnect(text) : text;
    const shown = args === "" ? VERBS[op]!.verb : `${VERBS[op]!.verb} ${args}`;
    this.host.log.trace(`${this.label} - <<- [${printable(shown)}]`);
  }

  protected tracePayload(buffer: Uint8Array, start: number, end: number): void {
    const max = this.host.maxTracedMsgLen;
    const cut = max > 0 && end - start > max;
    const text = byteString(buffer, start, cut ? start + max : end);
    const shown = quotedBytes(text);
    this.host.log.trace(
      `${this.label} - <<- MSG_PAYLOAD: [${
        cut ? `${shown.slice(0, -1)}..."` : shown
      }]`,
    );
  }

  /** Logs an operation that goes out, `shown` being a byte string. */
  protected traceOut(shown: string): void {
    this.host.log.trace(`${this.label} - ->> [${printable(shown)}]`);
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

/** A byte string for the log: control characters escaped, without quotes. */
function printable(text: string): string {
  return quotedBytes(text).slice(1, -1).replaceAll('\\"', '"');
}
