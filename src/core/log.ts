/**
 * The log seam: what the rest of Midge may say, and the text form that
 * nats-server's operators know (`[PID] 2026/11/22 10:00:00.000000 [INF] text`).
 * Where a line goes (a terminal, a file, a test) is the sink's business.
 */
import { oneLine } from "./quote.ts";

/** The levels, as they stand in a line of the log. */
export type LogLevel = "INF" | "WRN" | "ERR" | "FTL" | "DBG" | "TRC";

/** What the broker and the client write to. Each text is one line, without its end. */
export interface Logger {
  /** Ask before building the text of a `debug` line. */
  readonly debugEnabled: boolean;
  /** Ask before building the text of a `trace` line. */
  readonly traceEnabled: boolean;
  /** What an operator wants to know. */
  notice(text: string): void;
  /** What may become a problem. */
  warn(text: string): void;
  /** What went wrong and was survived. */
  error(text: string): void;
  /** What ends the server. */
  fatal(text: string): void;
  /** What happens to connections and routes. */
  debug(text: string): void;
  /** One operation of the protocol. */
  trace(text: string): void;
}

const ignore = (): void => {};

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debugEnabled: false,
  traceEnabled: false,
  notice: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
  debug: ignore,
  trace: ignore,
};

/** Takes finished lines, each with its line end. */
export interface LogSink {
  write(line: string): void;
}

export interface TextLogOptions {
  readonly sink: LogSink;
  readonly pid: number;
  /** The time of a line, such as `2026/11/22 10:00:00.000000`; empty for none. */
  readonly timestamp: () => string;
  readonly debug: boolean;
  readonly trace: boolean;
  /** Colour the level, for a terminal. */
  readonly colors: boolean;
}

/** ANSI colours of the levels; the same as nats-server's. */
const COLORS: Readonly<Record<LogLevel, string>> = {
  INF: "32",
  WRN: "0;93",
  ERR: "31",
  FTL: "31",
  DBG: "36",
  TRC: "33",
};

/** Lines as nats-server writes them: `[PID] TIME [LVL] text`. */
export class TextLogger implements Logger {
  #options: TextLogOptions;

  constructor(options: TextLogOptions) {
    this.#options = options;
  }

  get debugEnabled(): boolean {
    return this.#options.debug;
  }

  get traceEnabled(): boolean {
    return this.#options.trace;
  }

  /** From now on lines are written as these options say. */
  reconfigure(options: TextLogOptions): void {
    this.#options = options;
  }

  notice(text: string): void {
    this.#write("INF", text);
  }

  warn(text: string): void {
    this.#write("WRN", text);
  }

  error(text: string): void {
    this.#write("ERR", text);
  }

  fatal(text: string): void {
    this.#write("FTL", text);
  }

  debug(text: string): void {
    if (this.debugEnabled) this.#write("DBG", text);
  }

  trace(text: string): void {
    if (this.traceEnabled) this.#write("TRC", text);
  }

  #write(level: LogLevel, text: string): void {
    const { sink, pid, timestamp, colors } = this.#options;
    const label = colors ? `\x1b[${COLORS[level]}m${level}\x1b[0m` : level;
    const time = timestamp();
    const stamp = time === "" ? "" : `${time} `;
    sink.write(`[${pid}] ${stamp}[${label}] ${oneLine(text)}\n`);
  }
}
