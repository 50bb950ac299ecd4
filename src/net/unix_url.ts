/**
 * URLs of unix sockets: `unix:///run/midge.sock`, with escapes in the path, and
 * maybe credentials in front of it. Errors are told as `UrlError`.
 */
import { splitUrl, UrlError } from "./url.ts";

/** What Linux has room for; other systems may have less, and say so. */
const PATH_BYTES_MAX = 107;

const EXAMPLE = `as in "unix:///run/midge.sock"`;

/** A URL of a unix socket, read. */
export interface UnixUrl {
  /** Absolute, and decoded. */
  readonly path: string;
  /** What stands before an `@`, not decoded; undefined without one. */
  readonly userInfo: string | undefined;
}

/** Whether a text means a unix socket, good or bad. */
export function isUnixUrl(text: string): boolean {
  return /^unix:/i.test(text.trim());
}

/** Reads one for which `isUnixUrl` is true. Throws UrlError. */
export function parseUnixUrl(text: string): UnixUrl {
  const { scheme, userInfo, address, rest } = splitUrl(text.trim());
  if (scheme !== "unix" || address !== "" || !rest.startsWith("/")) {
    throw new UrlError(`a unix socket needs an absolute path, ${EXAMPLE}`);
  }
  const path = unescaped(rest);
  const problem = problemOf(path);
  if (problem !== undefined) throw new UrlError(problem);
  return { path, userInfo };
}

function problemOf(path: string): string | undefined {
  if (path.endsWith("/")) {
    return `the path of a unix socket ends in a file, ${EXAMPLE}`;
  }
  if (path.includes("\0")) return "the path of a unix socket has a zero in it";
  const { length } = new TextEncoder().encode(path);
  if (length <= PATH_BYTES_MAX) return undefined;
  return `the path of a unix socket has at most ${PATH_BYTES_MAX} bytes, ` +
    `and this one ${length}`;
}

/** What is no escape stands for itself. */
function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
