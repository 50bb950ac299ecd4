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
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import process from "node:process";
import { listenFailure } from "../../net/failures.ts";
import { unixAddress } from "../../net/address.ts";
import { NetworkError } from "../../platform/socket.ts";
import { askForUnix, isGranted, refusalOf } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";
import { LISTEN_QUEUE_MAX } from "./listen_queue.ts";

/** What systems have room for, without the zero at the end. */
const PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

const OWNER_ONLY = 0o600;
const ALL_MODES = 0o777;

/** The file of a listener. */
export interface SocketFile {
  /** Has the listener `stop`, and its file go with it. */
  stop(stop: () => void): void;
}

/** Has `server` listen at `path`. Rejects with a `NetworkError`. */
export async function listenOnUnix(
  server: Server,
  path: string,
  mode: number = OWNER_ONLY,
): Promise<SocketFile> {
  try {
    checkUnixPath(path);
    askForUnix(path);
    await takeOver(path);
    await bind(server, path, mode);
    chmodSync(path, mode);
    const own = lstatSync(path);
    return { stop: (stop) => stopAt(path, own, stop) };
  } catch (error) {
    throw listenFailure(
      unixAddress(path),
      codeOf(error, path),
      refusalOf(error) ?? error,
    );
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
async function takeOver(path: string): Promise<void> {
  const there = statsOf(path);
  if (there === undefined) return;
  if (!there.isSocket()) throw failure("ENOTSOCK");
  const answer = await knock(path);
  if (answer === "ENOENT") return;
  if (answer === "EPROTOTYPE") throw failure("ENOTSOCK");
  if (answer === "EACCES" || answer === "EPERM") throw failure(answer);
  if (answer !== "ECONNREFUSED") throw failure("EADDRINUSE");
  // Another server that starts may just have done the same.
  const now = statsOf(path);
  if (now !== undefined && isSame(now, there)) unlinkSync(path);
}

/** What becomes of a connection to `path`: undefined where it is taken, else a code. */
function knock(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on("error", (error) => resolve(errorCode(error)));
  });
}

function bind(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // The file is made at once, and nobody else is to come in until it has its
    // mode. Without that permission, or on a thread, the usual umask holds until
    // then, which lets in nobody but the owner and perhaps the group.
    const before = mayMask() ? maskModes(ALL_MODES & ~mode) : undefined;
    try {
      server.listen({ path, backlog: LISTEN_QUEUE_MAX }, () => {
        server.off("error", reject);
        resolve();
      });
    } finally {
      if (before !== undefined) maskModes(before);
    }
  });
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

/** The runtime removes the path, so that what others have put there steps aside meanwhile. */
function stopAt(path: string, own: Stats, stop: () => void): void {
  const aside = isTheirs(path, own) ? moveAside(path) : undefined;
  stop();
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
