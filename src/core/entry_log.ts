/**
 * The log as a function: each line becomes one object, for programs that have a
 * log of their own. Levels have the names that those have.
 */
import type { Logger } from "./log.ts";

/** One line of the log. */
export interface LogEntry {
  readonly level: "info" | "warn" | "error" | "fatal" | "debug" | "trace";
  /** One line, without its end. */
  readonly text: string;
  /** Wall-clock time in milliseconds since the Unix epoch. */
  readonly time: number;
}

/** Takes what a server logs, line by line. It is called in the midst of the server's work, so it should be quick. */
export type LogFunction = (entry: LogEntry) => void;

export interface EntryLogOptions {
  /** Make entries of the level `debug`. */
  readonly debug: boolean;
  /** Make entries of the level `trace`. */
  readonly trace: boolean;
  /** Wall-clock time in milliseconds. */
  readonly now: () => number;
}

/** Hands each line to a function. Whatever the function throws, its caller gets. */
export class EntryLogger implements Logger {
  readonly debugEnabled: boolean;
  readonly traceEnabled: boolean;
  readonly #take: LogFunction;
  readonly #now: () => number;

  constructor(take: LogFunction, { debug, trace, now }: EntryLogOptions) {
    this.debugEnabled = debug;
    this.traceEnabled = trace;
    this.#take = take;
    this.#now = now;
  }

  notice(text: string): void {
    return this.#write("info", text);
  }

  warn(text: string): void {
    return this.#write("warn", text);
  }

  error(text: string): void {
    return this.#write("error", text);
  }

  fatal(text: string): void {
    return this.#write("fatal", text);
  }

  debug(text: string): void {
    if (this.debugEnabled) return this.#write("debug", text);
  }

  trace(text: string): void {
    if (this.traceEnabled) return this.#write("trace", text);
  }

  // What an async function promises goes back, so that its failure can be heard of.
  #write(level: LogEntry["level"], text: string): void {
    return this.#take({ level, text, time: this.#now() });
  }
}
