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

/** The levels that not everybody wants. */
export interface EntryLevels {
  /** Make entries of the level `debug`. */
  readonly debug: boolean;
  /** Make entries of the level `trace`. */
  readonly trace: boolean;
}

export interface EntryLogOptions extends EntryLevels {
  /** Wall-clock time in milliseconds. */
  readonly now: () => number;
}

/** Hands each line to a function. Whatever the function throws, its caller gets. */
export class EntryLogger implements Logger {
  #levels: EntryLevels;
  readonly #take: LogFunction;
  readonly #now: () => number;

  constructor(take: LogFunction, options: EntryLogOptions) {
    this.#levels = options;
    this.#take = take;
    this.#now = options.now;
  }

  get debugEnabled(): boolean {
    return this.#levels.debug;
  }

  get traceEnabled(): boolean {
    return this.#levels.trace;
  }

  /** Makes entries of these levels from now on. */
  reconfigure(levels: EntryLevels): void {
    this.#levels = levels;
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
