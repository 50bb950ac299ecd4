/**
 * The log of one connection: each line begins with its address and its number,
 * and what is traced is free of secrets.
 *
 * More than a dozen members: because there is one for each level, and one for
 * each kind of line that is traced.
 */
import { utf8ByteString } from "../../core/ascii.ts";
import type { Logger } from "../../core/log.ts";
import { LOG_LINE_WORK, type WorkMeter } from "../../core/work_meter.ts";
import { formatAddress } from "../../net/address.ts";
import type { Address } from "../../platform/socket.ts";
import type { Op } from "../../wire/ops.ts";
import { operationText, outputText, payloadText } from "./trace.ts";

/** What may change while the connection is there. */
export interface TraceLimits {
  /** Bytes of a payload that the trace log shows; 0 shows all. */
  readonly maxTracedMsgLen: number;
}

/** Whose lines they are. */
export interface LogOrigin {
  /** `cid` or `rid`. */
  readonly idLabel: string;
  /** The address that a proxy has named. */
  readonly forwardedFor?: string | undefined;
}

export class ConnectionLog {
  readonly #log: Logger;
  readonly #origin: LogOrigin;
  readonly #remote: Address;
  readonly #id: number;
  /** Put together when it is asked for: most connections log nothing. */
  #label: string | undefined = undefined;
  readonly #limits: TraceLimits;
  readonly #meter: WorkMeter;

  constructor(
    log: Logger,
    origin: LogOrigin,
    remote: Address,
    id: number,
    limits: TraceLimits,
    meter: WorkMeter,
  ) {
    this.#log = log;
    this.#origin = origin;
    this.#remote = remote;
    this.#id = id;
    this.#limits = limits;
    this.#meter = meter;
  }

  /** `IP:PORT - cid:N`. */
  get label(): string {
    return this.#label ??= this.#describe();
  }

  #describe(): string {
    const { idLabel, forwardedFor } = this.#origin;
    const at = formatAddress(this.#remote);
    const from = forwardedFor === undefined ? at : `${forwardedFor}/${at}`;
    return `${from} - ${idLabel}:${this.#id}`;
  }

  get traces(): boolean {
    return this.#log.traceEnabled;
  }

  get debugs(): boolean {
    return this.#log.debugEnabled;
  }

  notice(text: string): void {
    this.#log.notice(`${this.label} - ${text}`);
  }

  warn(text: string): void {
    this.#log.warn(`${this.label} - ${text}`);
  }

  /** Charged to the turn: some are caused by a peer as often as it likes. */
  error(text: string): void {
    this.#meter.spent += LOG_LINE_WORK;
    this.#log.error(`${this.label} - ${text}`);
  }

  debug(text: string): void {
    if (this.debugs) this.#log.debug(`${this.label} - ${text}`);
  }

  /** Charged to the turn: there are some for each message. */
  trace(text: string): void {
    this.#meter.spent += LOG_LINE_WORK;
    this.#log.trace(`${this.label} - ${text}`);
  }

  /** Traces an operation that came in; CONNECT is shown without its secrets. */
  traceIn(op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.trace(operationText(op, buffer, start, end));
  }

  tracePayload(buffer: Uint8Array, start: number, end: number): void {
    const { maxTracedMsgLen } = this.#limits;
    this.trace(payloadText(buffer, start, end, maxTracedMsgLen));
  }

  /** Traces what goes out, a byte string. */
  traceOut(shown: string): void {
    this.trace(outputText(shown));
  }

  /** Traces an error that the peer is told. */
  traceError(text: string): void {
    this.traceOut(utf8ByteString(`-ERR ${text}`));
  }

  /** A fault of the server's own. */
  internalError(error: unknown): void {
    const detail = error instanceof Error
      ? error.stack ?? error.message
      : String(error);
    this.error(`Internal error: ${detail}`);
  }
}
