/**
 * One connection of the server, whatever is at its other end: a socket with
 * its input, its output, its keep-alive, its counters and one way to end. What
 * operations mean is its peer's matter (`peer.ts`).
 *
 * More than a dozen members: because input, output and keep-alive report to it,
 * through interfaces of two to five members each.
 */
import type { Timer } from "../../platform/clock.ts";
import { ClosedReason } from "../../core/closed.ts";
import { ProtocolError, WireError } from "../../core/errors.ts";
import { noTraffic } from "../../core/traffic.ts";
import {
  type CloseReason,
  type Socket,
  type SocketEvents,
  WEBSOCKET_FAILED,
} from "../../platform/socket.ts";
import { errLine, PING_LINE, PONG_LINE } from "../../wire/encode.ts";
import { ConnectionLog } from "./connection_log.ts";
import type { ConnectionFacts } from "./counters.ts";
import type { ConnectionHost, ConnectionSettings } from "./host.ts";
import { Input, type InputOwner } from "./input.ts";
import { KeepAlive, type KeptAlive } from "./keep_alive.ts";
import { Output, type OutputOwner } from "./output.ts";
import type { Peer } from "./peer.ts";
import { Producer } from "./producer.ts";
import type { TurnEnd } from "./turn.ts";

/** A peer that does not read gets this long for what is said last. */
const LAST_WORDS_MS = 2000;

/** Ends in which nothing that is pending is sent any more. */
const UNHEARD: ReadonlySet<ClosedReason> = new Set<ClosedReason>([
  ClosedReason.SLOW_CONSUMER_PENDING,
  ClosedReason.SLOW_CONSUMER_DEADLINE,
  ClosedReason.WRITE_ERROR,
]);

export class Connection
  implements SocketEvents, InputOwner, OutputOwner, KeptAlive {
  readonly socket: Socket;
  readonly facts: ConnectionFacts;
  readonly log: ConnectionLog;
  readonly input: Input;
  readonly output: Output;
  readonly keepAlive: KeepAlive;
  closedReason: ClosedReason | undefined = undefined;
  /** The peer hears nothing any more, though what it said may not be handled yet. */
  isDeaf = false;
  readonly #host: ConnectionHost;
  readonly #peer: Peer;
  readonly #producer: Producer;
  #hasBegun = false;
  /** Messages that it had sent when its turn began. */
  #messagesRead = 0;
  #lastWordsTimer: Timer | undefined = undefined;

  constructor(
    host: ConnectionHost,
    socket: Socket,
    settings: ConnectionSettings,
    peer: Peer,
  ) {
    const startedAt = host.clock.now();
    this.socket = socket;
    this.facts = {
      id: host.nextConnectionId(),
      startedAt,
      lastActivityAt: startedAt,
      stalls: 0,
      isTlsFirst: false,
      traffic: noTraffic(),
    };
    this.log = new ConnectionLog(
      host.log,
      peer,
      socket.remote,
      this.facts.id,
      host,
      host.turn.meter,
    );
    this.input = new Input(this, socket, peer, {
      maxControlLineBytes: settings.maxControlLineBytes,
      meter: host.turn.meter,
      rounds: host.turn.rounds,
    });
    this.output = new Output(host, this, socket, settings);
    this.keepAlive = new KeepAlive(host.clock, host.alarms, settings, this);
    this.#host = host;
    this.#peer = peer;
    this.#producer = new Producer(
      this,
      this.input,
      this.output,
      this.facts,
    );
  }

  /** Other numbers hold from now on. */
  reconfigure(settings: ConnectionSettings): void {
    this.input.reconfigure(settings);
    this.output.reconfigure(settings);
    this.keepAlive.reconfigure(settings);
  }

  get closed(): boolean {
    return this.closedReason !== undefined;
  }

  get isHeld(): boolean {
    return this.input.isHeld;
  }

  get holdCount(): number {
    return this.input.holdCount;
  }

  /** Starts reading. */
  start(): void {
    this.socket.open(this);
  }

  /** Queues `bytes` (borrowed) for the peer. */
  send(bytes: Uint8Array): void {
    if (!this.closed) this.output.append(bytes);
  }

  /** Tells the peer of an error; the connection lives on. */
  sendError(text: string): void {
    if (this.log.traces) this.log.traceError(text);
    this.send(errLine(text));
  }

  /** Answers a PING. */
  sendPong(): void {
    if (this.log.traces) this.log.traceOut("PONG");
    this.send(PONG_LINE);
  }

  /** Ends the connection, telling the peer `wireError` first unless it is empty. */
  close(reason: ClosedReason, wireError: string = ""): void {
    if (this.closed) return;
    if (wireError !== "") this.sendError(wireError);
    const isHeard = !UNHEARD.has(reason);
    if (isHeard) this.#attempt(() => this.output.outbox.flush());
    this.#finish(reason);
    this.#attempt(() =>
      isHeard ? this.#endSocket(reason) : this.socket.destroy()
    );
  }

  onData(chunk: Uint8Array): void {
    if (this.closed) return;
    if (!this.#hasBegun) {
      if (this.#peer.begins?.(chunk) === false) return;
      this.#hasBegun = true;
    }
    this.keepAlive.heard();
    this.input.take(chunk);
  }

  onDrain(): void {
    if (!this.closed) this.output.drained();
  }

  onClose(reason: CloseReason): void {
    this.#lastWordsTimer?.cancel();
    if (this.closed) return;
    if (!this.#hasBegun && this.#peer.hungUp?.(reason) === true) return;
    // No drain comes any more, for which a producer could wait.
    this.isDeaf = true;
    this.output.stop();
    this.input.end(reason);
  }

  beginTurn(): void {
    this.#messagesRead = this.facts.traffic.inMsgs;
    this.#host.turn.begin(this.#producer);
  }

  endTurn(how: TurnEnd): void {
    if (this.facts.traffic.inMsgs > this.#messagesRead) this.noteActivity();
    this.#host.turn.end(how);
  }

  noteActivity(): void {
    this.facts.lastActivityAt = this.#host.clock.now();
  }

  /** Whatever went wrong ends this connection and no other. */
  parseFailed(error: unknown): void {
    if (!(error instanceof ProtocolError)) {
      this.log.internalError(error);
      return this.close(ClosedReason.PARSE_ERROR);
    }
    this.log.error(error.message);
    this.close(error.reason, error.wire);
  }

  socketEnded(reason: CloseReason): void {
    if (this.closed) return;
    if (reason.kind === "failed" && reason.code === WEBSOCKET_FAILED) {
      this.log.error(`read error: ${(reason.cause as Error).message}`);
    }
    this.#finish(closedReasonOf(reason, this.socket));
  }

  gaveUp(reason: ClosedReason, text: string): void {
    this.log.notice(`Slow Consumer Detected: ${text}`);
    this.#host.counters.slowConsumers++;
    this.close(reason);
  }

  writeFailed(error: unknown): void {
    this.log.internalError(error);
    this.close(ClosedReason.WRITE_ERROR);
  }

  writePing(): void {
    if (this.log.traces) this.log.traceOut("PING");
    this.send(PING_LINE);
  }

  becameStale(): void {
    this.close(ClosedReason.STALE_CONNECTION, WireError.STALE_CONNECTION);
  }

  #endSocket(reason: ClosedReason): void {
    this.#lastWordsTimer = this.#host.clock.after(
      LAST_WORDS_MS,
      () => this.socket.destroy(),
    );
    this.socket.end(reason);
  }

  /** A socket that fails at the end of its life must not keep others from theirs. */
  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.log.internalError(error);
    }
  }

  #finish(reason: ClosedReason): void {
    this.closedReason = reason;
    this.isDeaf = true;
    this.input.stop();
    this.keepAlive.stop();
    this.output.stop();
    this.#peer.ended(reason);
  }
}

/** The one mapping from what the transport saw to why the connection ended. */
function closedReasonOf(reason: CloseReason, { tls }: Socket): ClosedReason {
  switch (reason.kind) {
    case "ended":
    case "closed":
      return ClosedReason.CLIENT_CLOSED;
    case "tls":
      return tls === undefined
        ? ClosedReason.TLS_HANDSHAKE_FAILURE
        : ClosedReason.READ_ERROR;
    case "reset":
    case "timeout":
    case "failed":
      return ClosedReason.READ_ERROR;
  }
}
