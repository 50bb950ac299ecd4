/**
 * The files of unix sockets that listen. One that a dead server has left is
 * taken over: nobody answers there. A file that belongs to others is never
 * removed, not even by a runtime, which removes at the end of a listener
 * whatever has its path.
 */
import {
  chmodSync,
  lstatSync,
  renameSync,
  type Stats,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { listenFailure } from "../../net/failures.ts";
import { unixAddress } from "../../net/address.ts";
import { NetworkError } from "../../platform/socket.ts";
import { askForUnix, isGranted, refusalOf } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";

/** What systems have room for, without the zero at the end. */
const PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

const OWNER_ONLY = 0o600;
const ALL_MODES = 0o777;

/** The unix sockets of a runtime: makes listeners. */
export interface UnixDoor<Made> {
  /** Begins to listen; the file is there when the call returns. */
  listen(path: string): Made | Promise<Made>;
  /** Connects and hangs up. Rejects with the system's error. */
  knock(path: string): Promise<void>;
  close(made: Made): void;
}

/** A listener, and its file. */
export interface UnixListener<Made> {
  readonly listener: Made;
  readonly file: SocketFile;
}

/** The file of a listener. */
export interface SocketFile {
  /** Has the listener `stop`, which resolves when its file is gone. To be called once. */
  stop(stop: () => Promise<void>): Promise<void>;
}

/** Listens at `path`. Rejects with a `NetworkError`. */
export async function listenOnUnix<Made>(
  door: UnixDoor<Made>,
  path: string,
  mode: number = OWNER_ONLY,
): Promise<UnixListener<Made>> {
  try {
    checkUnixPath(path);
    askForUnix(path);
    await takeOver(door, path);
    const listener = await bind(door, path, mode);
    const file = ownFile(path, mode, () => door.close(listener));
    return { listener, file };
  } catch (error) {
    throw listenFailure(
      unixAddress(path),
      codeOf(error, path),
      refusalOf(error) ?? error,
    );
  }
}

/** The file that was just made. Has the listener `close` where it is gone already. */
function ownFile(path: string, mode: number, close: () => void): SocketFile {
  try {
    chmodSync(path, mode);
    const own = lstatSync(path);
    return { stop: (stop) => stopAt(path, own, stop) };
  } catch (error) {
    close();
    throw error;
  }
}

/** Throws where a path cannot be that of a unix socket. */
export function checkUnixPath(path: string): void {
  if (process.platform === "win32") throw failure("EAFNOSUPPORT");
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > PATH_BYTES_MAX) throw failure("ENAMETOOLONG");
  // The system would take it for the end, or for no file.
  if (path === "" || bytes.includes(0)) throw failure("EINVAL");
}

/** Only the code counts: `net/failures.ts` has the words. */
function failure(code: string): NetworkError {
  return new NetworkError(code, code);
}

/** Node says that a folder that is not there may not be used. */
function codeOf(error: unknown, path: string): string {
  const code = errorCode(error) ?? "EUNKNOWN";
  return code === "EACCES" && statsOf(dirname(path)) === undefined
    ? "ENOENT"
    : code;
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Removes what a dead server has left at `path`; throws where something else is there. */
async function takeOver(
  door: UnixDoor<unknown>,
  path: string,
): Promise<void> {
  const there = statsOf(path);
  if (there === undefined) return;
  if (!there.isSocket()) throw failure("ENOTSOCK");
  const answer = await knock(door, path);
  if (answer === "ENOENT") return;
  if (answer === "EPROTOTYPE") throw failure("ENOTSOCK");
  if (answer === "EACCES" || answer === "EPERM") throw failure(answer);
  if (answer !== "ECONNREFUSED") throw failure("EADDRINUSE");
  // Another server that starts may just have done the same.
  const now = statsOf(path);
  if (now !== undefined && isSame(now, there)) unlinkSync(path);
}

/** What becomes of a connection to `path`: undefined where it is taken, else a code. */
async function knock(
  door: UnixDoor<unknown>,
  path: string,
): Promise<string | undefined> {
  try {
    await door.knock(path);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

function bind<Made>(
  door: UnixDoor<Made>,
  path: string,
  mode: number,
): Made | Promise<Made> {
  // The file is made at once, and nobody else is to come in until it has its
  // mode. Without that permission, or on a thread, the usual umask holds until
  // then, which lets in nobody but the owner and perhaps the group.
  const before = mayMask() ? maskModes(ALL_MODES & ~mode) : undefined;
  try {
    return door.listen(path);
  } finally {
    if (before !== undefined) maskModes(before);
  }
}

function mayMask(): boolean {
  return isGranted({ name: "sys", kind: "umask" });
}

/** Gives the umask that held before; undefined where it cannot be changed. */
function maskModes(umask: number): number | undefined {
  try {
    return process.umask(umask);
  } catch {
    return undefined;
  }
}

/** The number of a file that was removed may be that of the next one; the time it was made is not. */
function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino &&
    one.mtimeMs === other.mtimeMs;
}

/**
 * The runtime removes the path, Deno when the listener has given up, so that
 * what others have put there steps aside meanwhile.
 */
async function stopAt(
  path: string,
  own: Stats,
  stop: () => Promise<void>,
): Promise<void> {
  const aside = isTheirs(path, own) ? moveAside(path) : undefined;
  await stop();
  if (aside !== undefined) renameSync(aside, path);
}

function isTheirs(path: string, own: Stats): boolean {
  try {
    const there = statsOf(path);
    return there !== undefined && !isSame(there, own);
  } catch {
    return false;
  }
}

function moveAside(path: string): string | undefined {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    return aside;
  } catch {
    return undefined;
  }
}
