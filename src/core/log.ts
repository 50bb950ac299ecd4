/**
 * The log seam: what the rest of Midge may say, and the text form that
 * nats-server's operators know (`[PID] 2026/11/22 10:00:00.000000 [INF] text`).
 * Where a line goes (a terminal, a file, a test) is the sink's business.
 */

export type LogLevel = "INF" | "WRN" | "ERR" | "FTL" | "DBG" | "TRC";

/** What the broker and the client write to. Each text is one line, without its end. */
export interface Logger {
  /** Ask before building the text of a `debug` line. */
  readonly debugEnabled: boolean;
  /** Ask before building the text of a `trace` line. */
  readonly traceEnabled: boolean;
  notice(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  fatal(text: string): void;
  debug(text: string): void;
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
