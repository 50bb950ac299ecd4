/**
 * The platform in small: files, the process, time and randomness, through
 * `node:` modules that Deno, Bun and Node all have. It owns no state. The
 * programs at the top of the repository and the rest of `runtime/` call it;
 * nothing below them may.
 */
import { randomFillSync } from "node:crypto";
import {
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { availableParallelism, networkInterfaces, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { isError } from "../../core/errors.ts";
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import { isGranted, refusalOf, RefusedError } from "./permissions.ts";
import {
  chance,
  clearInterval,
  clearTimeout,
  monotonicTime,
  setImmediate,
  setInterval,
  setTimeout,
  wallTime,
} from "./timers.ts";

/** The signals that a server answers to. */
export type SignalName =
  | "SIGINT"
  | "SIGTERM"
  | "SIGHUP"
  | "SIGUSR1"
  | "SIGUSR2";

// What nats-server, through Go, says about the errors that a user meets.
const SYSTEM_TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "file exists",
  EISDIR: "is a directory",
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  EPERM: "operation not permitted",
  EROFS: "read-only file system",
  ESRCH: "no such process",
};

/** The `code` of a system error, or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  const code = isError(error) && "code" in error ? error.code : "";
  if (typeof code === "string" && code !== "") return code;
  return refusalOf(error)?.code;
}

/** A system error in the operator's words: `open x.conf: no such file or directory`. */
export function systemError(doing: string, cause: unknown): Error {
  const text = refusalOf(cause)?.message ??
    SYSTEM_TEXTS[errorCode(cause) ?? ""] ??
    (isError(cause) ? cause.message : String(cause));
  return new Error(`${doing}: ${text}`, { cause });
}

/** The text of a UTF-8 file. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const verb = errorCode(error) === "EISDIR" ? "read" : "open";
    throw systemError(`${verb} ${path}`, error);
  }
}

/** Writes or replaces a file. `mode` holds for a new file, less the umask. */
export function writeTextFile(path: string, text: string, mode?: number): void {
  try {
    writeFileSync(path, text, mode === undefined ? {} : { mode });
  } catch (error) {
    throw systemError(`open ${path}`, error);
  }
}

/** As `writeTextFile`, for a file that others wait for: it is whole as soon as it is there. */
export function placeTextFile(path: string, text: string, mode: number): void {
  const aside = `${path}.new`;
  try {
    writeFileSync(aside, text, { mode });
    renameSync(aside, path);
  } catch (error) {
    throw systemError(`open ${path}`, error);
  }
}

/** Removes a file; one that is not there is fine. */
export function removeFile(path: string): void {
  try {
    // `rmSync` would look at the file first, and Deno ask for that as well.
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw systemError(`remove ${path}`, error);
  }
}

/** `path` from the root of the file system, as seen from the working folder. */
export function absolutePath(path: string): string {
  return resolve(path);
}

/**
 * An environment variable; undefined when it is not set. Throws where Deno does
 * not let it be read.
 */
export function environment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch (error) {
    throw systemError(`read the variable ${name}`, error);
  }
}

/** As `environment`, where nobody has to be asked for it; undefined on a Deno that was not given it. */
export function grantedEnvironment(name: string): string | undefined {
  return isGranted({ name: "env", variable: name })
    ? environment(name)
    : undefined;
}

/** The words after the program's name on the command line. */
export function programArguments(): string[] {
  return process.argv.slice(2);
}

/** `import.meta` as far as it is used. Node has `main` from 22.18 on. */
interface StartedMeta {
  readonly url: string;
  readonly main?: boolean;
}

/** True in the module that was started as the program. */
export function isMain(meta: StartedMeta): boolean {
  if (typeof meta.main === "boolean") return meta.main;
  const started = process.argv[1];
  if (started === undefined || !meta.url.startsWith("file:")) return false;
  return realpathSync(started) === realpathSync(fileURLToPath(meta.url));
}

/** Writes `text` to standard output, in full, before it returns. */
export function print(text: string): void {
  writeFully(1, text);
}

/**
 * Writes `text` to standard error, in full, before it returns. Where nothing
 * can be written, on a full disk or to a terminal that was closed, it is lost:
 * there is nobody left to tell, and what goes on is worth more.
 */
export function printError(text: string): void {
  try {
    writeFully(2, text);
  } catch {
    // Nothing more can be said.
  }
}

/**
 * Writes data to standard output, in full, before it returns. False when nobody
 * reads it any more, as behind `| head -1`.
 */
export function printData(data: Uint8Array): boolean {
  return writeBytes(1, data);
}

/**
 * Writes all of `text` to an open file, and returns how many bytes that is. A
 * pipe whose reader went away swallows it: a broker must not die because
 * nobody reads its log.
 */
export function writeFully(file: number, text: string): number {
  const bytes = new TextEncoder().encode(text);
  writeBytes(file, bytes);
  return bytes.length;
}

/** False when it is a pipe whose reader went away. */
function writeBytes(file: number, bytes: Uint8Array): boolean {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(file, rest));
    } catch (error) {
      const code = errorCode(error);
      if (code === "EPIPE") return false;
      if (code !== "EAGAIN") throw error;
      waitForReader();
    }
  }
  return true;
}

// A full pipe that does not block answers EAGAIN; give its reader a moment.
function waitForReader(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** Ends the process. */
export function exit(code: number): never {
  process.exit(code);
}

export function processId(): number {
  return process.pid;
}

/** Calls `run` at each arrival of a signal, until the returned function is called. */
export function onSignal(name: SignalName, run: () => void): () => void {
  process.on(name, run);
  return () => process.off(name, run);
}

/**
 * Sends a signal to a process. Throws an error that begins with `doing`, such as
 * `signal SIGHUP to 12: no such process`.
 */
export function sendSignal(
  pid: number,
  name: SignalName | "SIGKILL",
  doing: string = `signal ${name} to ${pid}`,
): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    throw systemError(doing, error);
  }
}

/** Resident memory of this process in bytes. */
export function memoryUsage(): number {
  return process.memoryUsage.rss();
}

/** Processor time that this process has used, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function coreCount(): number {
  return availableParallelism();
}

/** Which runtime this is, such as `deno 2.9.6`. */
export function runtimeName(): string {
  const { deno, bun, node } = process.versions;
  if (deno !== undefined) return `deno ${deno}`;
  if (bun !== undefined) return `bun ${bun}`;
  return `node ${node}`;
}

/**
 * The addresses by which other machines can reach this one, without link-local
 * ones; none where Deno does not tell them.
 */
export function interfaceAddresses(): string[] {
  if (!isGranted({ name: "sys", kind: "networkInterfaces" })) return [];
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !isLinkLocal(address))
    .map(({ address }) => address);
}

/** Why `interfaceAddresses` tells none, where it is Deno that does not let it. */
export function addressesRefused(): string | undefined {
  if (isGranted({ name: "sys", kind: "networkInterfaces" })) return undefined;
  return new RefusedError("--allow-sys=networkInterfaces").message;
}

function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}

// Timers take a signed 32-bit number of milliseconds, and 1 ms for anything more.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** A delay as timers take it: one that is longer than 24 days is cut. */
export function timerDelay(ms: number): number {
  return Math.min(ms, LONGEST_DELAY_MS);
}

export const systemClock: Clock = {
  now: wallTime,
  monotonic: monotonicTime,
  after(delayMs: number, run: () => void): Timer {
    const timer = setTimeout(run, timerDelay(delayMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * `RunSoon` where an immediate comes behind what sockets have received, as on
 * Node and on Bun.
 */
export function immediately(run: () => void): void {
  setImmediate(run);
}

/**
 * Keeps the process alive until the result is called: the clock's timers do
 * not.
 */
export function keepProcessAlive(): () => void {
  const timer = setInterval(() => {}, LONGEST_DELAY_MS);
  return () => clearInterval(timer);
}

export const systemRandom: Random = {
  next: chance,
  fill(target: Uint8Array): void {
    randomFillSync(target);
  },
};

/** A path in the system's folder of temporary files. */
export function temporaryPath(name: string): string {
  return join(tmpdir(), name);
}
