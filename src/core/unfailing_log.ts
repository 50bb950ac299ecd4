/**
 * A log that never throws: a full disk or a sink with a fault costs lines of
 * the log, and not the connection, let alone the server, that wrote them. The
 * broker puts it around the log of its platform; all connections write to it.
 * Sinks that programs bring may be async functions, against their type: then a
 * promise that rejects is a line that was lost.
 */
import type { Logger } from "./log.ts";

export class UnfailingLog implements Logger {
  /** Lines that were lost. */
  lost = 0;
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get debugEnabled(): boolean {
    return this.#log.debugEnabled;
  }

  get traceEnabled(): boolean {
    return this.#log.traceEnabled;
  }

  notice(text: string): void {
    this.#write("notice", text);
  }

  warn(text: string): void {
    this.#write("warn", text);
  }

  error(text: string): void {
    this.#write("error", text);
  }

  fatal(text: string): void {
    this.#write("fatal", text);
  }

  debug(text: string): void {
    this.#write("debug", text);
  }

  trace(text: string): void {
    this.#write("trace", text);
  }

  #write(
    level: "notice" | "warn" | "error" | "fatal" | "debug" | "trace",
    text: string,
  ): void {
    try {
      const outcome: unknown = this.#log[level](text);
      // A promise may be of another realm, as what Node gives is in jest.
      if (outcome !== undefined) {
        Promise.resolve(outcome).catch(() => this.lost++);
      }
    } catch {
      this.lost++;
    }
  }
}
