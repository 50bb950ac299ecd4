/**
 * Where log lines go: standard error, or a file that can be reopened and that
 * rotates by size. A file's lines are gathered during a turn of the event loop
 * and written together; nothing is lost as long as `flush` is called before
 * the process exits.
 */
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { LogSink } from "../core/log.ts";
import { absolutePath, systemError, writeFully } from "./system.ts";

const STDERR = 2;
const LOG_FILE_MODE = 0o640;

/** Standard error, line by line. */
export const stderrSink: LogSink = {
  write: (line) => writeFully(STDERR, line),
};

/** Whether standard error is a terminal, which likes colours. */
export function stderrIsTerminal(): boolean {
  return process.stderr.isTTY === true;
}

/** Gives the time of a log line: `2026/11/22 10:00:00.123000`, local or UTC. */
export function timestamps(utc: boolean): () => string {
  return () => {
    const now = new Date();
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
}

/** A log file. Throws an error that names the path when it cannot be opened. */
export class LogFile implements LogSink {
  readonly #path: string;
  readonly #options: LogFileOptions;
  #file: number;
  #size: number;
  #lines: string[] = [];

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#path = absolutePath(options.path);
    this.#file = openLog(this.#path);
    this.#size = fstatSync(this.#file).size;
  }

  write(line: string): void {
    if (this.#lines.length === 0) setImmediate(() => this.flush());
    this.#lines.push(line);
  }

  /** Writes what was gathered. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("");
    this.#lines = [];
    writeFully(this.#file, text);
    this.#size += new TextEncoder().encode(text).length;
    const { sizeLimit } = this.#options;
    if (sizeLimit > 0 && this.#size > sizeLimit) this.#rotate();
  }

  /** Opens the path anew, after somebody moved the file away. */
  reopen(): void {
    this.flush();
    closeSync(this.#file);
    this.#file = openLog(this.#path);
    this.#size = fstatSync(this.#file).size;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  #rotate(): void {
    closeSync(this.#file);
    const backup = `${this.#path}.${rotationStamp()}`;
    renameSync(this.#path, backup);
    this.#file = openLog(this.#path);
    this.#size = 0;
    this.#lines.push(`Rotated log, backup saved as "${backup}"\r\n`);
    this.#removeOldest();
    this.flush();
  }

  #removeOldest(): void {
    const { maxFiles } = this.#options;
    if (maxFiles <= 0) return;
    const folder = dirname(this.#path);
    const prefix = `${basename(this.#path)}.`;
    const backups = readdirSync(folder)
      .filter((name) => name.startsWith(prefix) && ROTATION_STAMP.test(name))
      .sort();
    for (
      const name of backups.slice(
        0,
        Math.max(0, backups.length - (maxFiles - 1)),
      )
    ) {
      unlinkSync(join(folder, name));
      this.#lines.push(`Purged log file "${name}"\r\n`);
    }
  }
}

const ROTATION_STAMP = /\.\d{4}\.\d\d\.\d\d\.\d\d\.\d\d\.\d\d\.\d{9}$/;

/** `2026.11.22.10.00.00.123456789`: sorts by time, and no two rotations share one. */
function rotationStamp(): string {
  const second = new Date().toISOString().slice(0, 19).replace(/[-:T]/g, ".");
  const nanoseconds = process.hrtime.bigint() % 1_000_000_000n;
  return `${second}.${String(nanoseconds).padStart(9, "0")}`;
}

function openLog(path: string): number {
  try {
    return openSync(path, "a", LOG_FILE_MODE);
  } catch (error) {
    throw systemError(`open ${path}`, error);
  }
}
