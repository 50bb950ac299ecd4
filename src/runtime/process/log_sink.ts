/**
 * Where log lines go: standard error, or a file that can be reopened and that
 * rotates by size. A file's lines are gathered during a turn of the event loop,
 * up to 64 KiB or the size at which the file rotates, and written together, at
 * the latest when the process exits.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { Buffer } from "node:buffer";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { LogSink } from "../../core/log.ts";
import { absolutePath, printError, systemError, writeFully } from "./system.ts";
import { setImmediate, wallTime } from "./timers.ts";

const LOG_FILE_MODE = 0o640;

/** Lines of this many bytes are written at once, whatever the turn still brings. */
const GATHERED_BYTES_MAX = 65_536;

/** Standard error, line by line. */
export const stderrSink: LogSink = { write: printError };

/** Gives the time of a log line: `2026/11/22 10:00:00.123000`, local or UTC. */
export function timestamps(utc: boolean): () => string {
  return () => {
    const now = new Date(wallTime());
    const shifted = utc
      ? now
      : new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
    const [date, time] = shifted.toISOString().slice(0, -1).split("T");
    return `${date!.replaceAll("-", "/")} ${time}000`;
  };
}

export interface LogFileOptions {
  readonly path: string;
  /** Bytes after which the file is set aside; 0: never. */
  readonly sizeLimit: number;
  /** Files to keep, the one in use included; 0: all. */
  readonly maxFiles: number;
  /** Logs what the file did; the line becomes one of the new file's first. */
  readonly announce: (text: string) => void;
}

// After an uncaught error Deno has no `exit` event.
const LAST_EVENTS = ["exit", "uncaughtExceptionMonitor"] as const;

/** A log file. Throws an error that names the path when it cannot be opened. */
export class LogFile implements LogSink {
  readonly #path: string;
  readonly #options: LogFileOptions;
  readonly #flushNow = (): void => this.flush();
  readonly #turnEnded = (): void => {
    this.#isAwaited = false;
    this.flush();
  };
  #file: number;
  #size: number;
  #lines: string[] = [];
  #gatheredBytes = 0;
  /** The end of this turn is waited for. */
  #isAwaited = false;
  #rotating = false;
  #rotations = 0;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#path = absolutePath(options.path);
    this.#file = openLog(this.#path);
    this.#size = fstatSync(this.#file).size;
    for (const event of LAST_EVENTS) process.on(event, this.#flushNow);
  }

  write(line: string): void {
    // What announces a rotation causes none, however small the limit is.
    if (this.#rotating) return this.#append(line);
    this.#lines.push(line);
    this.#gatheredBytes += Buffer.byteLength(line);
    if (this.#isFull) this.flush();
    else if (!this.#isAwaited) {
      this.#isAwaited = true;
      setImmediate(this.#turnEnded);
    }
  }

  // A line that does not fit the limit any more is the last one of its file.
  get #isFull(): boolean {
    const { sizeLimit } = this.#options;
    return this.#gatheredBytes >= GATHERED_BYTES_MAX ||
      sizeLimit > 0 && this.#size + this.#gatheredBytes > sizeLimit;
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("");
    this.#lines = [];
    this.#gatheredBytes = 0;
    this.#append(text);
    const { sizeLimit } = this.#options;
    if (sizeLimit > 0 && this.#size > sizeLimit) this.#rotate();
  }

  /**
   * Opens the path anew, after another program moved the file away. Throws when that
   * cannot be, and goes on with the file that it has.
   */
  reopen(): void {
    this.flush();
    this.#continueWith(openLog(this.#path));
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
    for (const event of LAST_EVENTS) process.off(event, this.#flushNow);
  }

  // A full disk costs log lines, not the server.
  #append(text: string): void {
    try {
      this.#size += writeFully(this.#file, text);
    } catch {
      this.#size += Buffer.byteLength(text);
    }
  }

  #continueWith(file: number): void {
    closeSync(this.#file);
    this.#file = file;
    this.#size = fstatSync(file).size;
  }

  // Where the file cannot be set aside, it goes on growing by the limit.
  #rotate(): void {
    const backup = `${this.#path}.${rotationStamp(this.#rotations++)}`;
    this.#rotating = true;
    try {
      this.#setAside(backup);
      this.#options.announce(`Rotated log, backup saved as "${backup}"`);
      this.#purge();
    } catch (error) {
      this.#options.announce(`Unable to rotate the log: ${error}`);
    } finally {
      this.#rotating = false;
      this.#size = 0;
    }
  }

  // A process that is out of files keeps the one that it has, under its name.
  #setAside(backup: string): void {
    renameSync(this.#path, backup);
    try {
      this.#continueWith(openLog(this.#path));
    } catch (error) {
      renameSync(backup, this.#path);
      throw error;
    }
  }

  #purge(): void {
    const { maxFiles, announce } = this.#options;
    if (maxFiles <= 0) return;
    const folder = dirname(this.#path);
    const prefix = `${basename(this.#path)}.`;
    const backups = readdirSync(folder)
      .filter((name) => name.startsWith(prefix) && ROTATION_STAMP.test(name))
      .sort();
    const surplus = Math.max(0, backups.length - (maxFiles - 1));
    for (const name of backups.slice(0, surplus)) {
      unlinkSync(join(folder, name));
      announce(`Purged log file "${name}"`);
    }
  }
}

const ROTATION_STAMP = /\.\d{4}(\.\d\d){5}\.\d{9}$/;

/** `2026.11.22.10.00.00.123000007`: the local time, and a number to sort by. */
function rotationStamp(count: number): string {
  const time = timestamps(false)().replace(/\D/g, ".").slice(0, -3);
  return time + String(count % 1_000_000).padStart(6, "0");
}

function openLog(path: string): number {
  try {
    return openSync(path, "a", LOG_FILE_MODE);
  } catch (error) {
    throw systemError(`open ${path}`, error);
  }
}
