/**
 * The last log lines of several nodes, in the order in which they were written.
 * What a node says after it was killed is not heard.
 */
import type { Clock } from "../../platform/clock.ts";
import type { Logger, LogLevel } from "../../core/log.ts";

/** One line of a node's log. */
export interface LogLine {
  /** The node's name; `client 1` and so on for what clients of `connect` complain of. */
  readonly node: string;
  /** Milliseconds since the Unix epoch, by the cluster's clock. */
  readonly time: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Lines of each node that are kept. */
const KEPT_LINES_MAX = 10_000;

interface Numbered extends LogLine {
  readonly number: number;
}

export class LogTail {
  /** A line was written. */
  onLine: () => void = () => {};
  readonly #clock: Clock;
  readonly #lines = new Map<string, Numbered[]>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The kept lines of one node, or of all; of each node at most the last `count`. */
  lines(node?: string, count: number = KEPT_LINES_MAX): LogLine[] {
    const chosen = node === undefined
      ? [...this.#lines.values()]
      : [this.#lines.get(node) ?? []];
    return chosen.flatMap((lines) => lines.slice(-count))
      .sort((a, b) => a.number - b.number)
      .map(({ node, time, level, text }) => ({ node, time, level, text }));
  }

  add(node: string, level: LogLevel, text: string): void {
    const lines = this.#lines.get(node) ?? [];
    this.#lines.set(node, lines);
    const number = this.#count++;
    lines.push({ node, time: this.#clock.now(), level, text, number });
    if (lines.length > 2 * KEPT_LINES_MAX) lines.splice(0, KEPT_LINES_MAX);
    this.onLine();
  }
}

/** `node-a 12:00:00.002 [INF] Server is ready` */
export function formatLine({ node, time, level, text }: LogLine): string {
  const clockTime = new Date(time).toISOString().slice(11, -1);
  return `${node} ${clockTime} [${level}] ${text}`;
}

export interface NodeLogOptions {
  readonly debug: boolean;
  readonly trace: boolean;
  /** Gets every line as well. */
  readonly also: Logger;
}

/** What one node writes to, from its start to its end. */
export class NodeLog implements Logger {
  readonly debugEnabled: boolean;
  readonly traceEnabled: boolean;
  readonly #tail: LogTail;
  readonly #node: string;
  readonly #options: NodeLogOptions;
  #isMute = false;

  constructor(tail: LogTail, node: string, options: NodeLogOptions) {
    this.#tail = tail;
    this.#node = node;
    this.#options = options;
    this.debugEnabled = options.debug || options.also.debugEnabled;
    this.traceEnabled = options.trace || options.also.traceEnabled;
  }

  /** From here on nothing is heard any more. */
  mute(): void {
    this.#isMute = true;
  }

  notice(text: string): void {
    this.#keep("INF", text, true);
    if (!this.#isMute) this.#options.also.notice(text);
  }

  warn(text: string): void {
    this.#keep("WRN", text, true);
    if (!this.#isMute) this.#options.also.warn(text);
  }

  error(text: string): void {
    this.#keep("ERR", text, true);
    if (!this.#isMute) this.#options.also.error(text);
  }

  fatal(text: string): void {
    this.#keep("FTL", text, true);
    if (!this.#isMute) this.#options.also.fatal(text);
  }

  debug(text: string): void {
    const { debug, also } = this.#options;
    this.#keep("DBG", text, debug);
    if (!this.#isMute && also.debugEnabled) also.debug(text);
  }

  trace(text: string): void {
    const { trace, also } = this.#options;
    this.#keep("TRC", text, trace);
    if (!this.#isMute && also.traceEnabled) also.trace(text);
  }

  #keep(level: LogLevel, text: string, isWanted: boolean): void {
    if (isWanted && !this.#isMute) this.#tail.add(this.#node, level, text);
  }
}
