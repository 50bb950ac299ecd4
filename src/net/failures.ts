/**
 * What a failed `listen`, `dial` or `lookup` says, in the words that
 * nats-server's operators know from Go. Each implementation of `Network` makes
 * its errors here, so that a log line does not depend on the runtime.
 */
import { isError } from "../core/errors.ts";
import { formatAddress } from "./address.ts";
import { type Address, NetworkError } from "../platform/socket.ts";

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "cannot assign requested address",
  EAFNOSUPPORT: "address family not supported by protocol",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  EMFILE: "too many open files",
  ENAMETOOLONG: "the path is too long for a unix socket",
  ENFILE: "too many open files in system",
  ENETUNREACH: "network is unreachable",
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  ENOTSOCK: "a file that is no socket stands there",
  EROFS: "read-only file system",
};

/** A runtime may refuse for reasons of its own, and says them itself. */
function textOf(code: string, cause: unknown): string {
  if (code === "ENOTCAPABLE" && isError(cause)) return cause.message;
  return TEXTS[code] ?? code;
}

/** `tcp 127.0.0.1:4222`, or `unix /run/midge.sock` */
function placeOf(at: Address): string {
  return at.path === undefined ? `tcp ${formatAddress(at)}` : `unix ${at.path}`;
}

/** `listen tcp 127.0.0.1:4222: bind: address already in use` */
export function listenFailure(
  at: Address,
  code: string,
  cause?: unknown,
): NetworkError {
  const text = textOf(code, cause);
  const message = `listen ${placeOf(at)}: bind: ${text}`;
  return new NetworkError(message, code, cause);
}

/** `accept tcp 127.0.0.1:4222: too many open files` */
export function acceptFailure(
  at: Address,
  code: string,
  cause?: unknown,
): NetworkError {
  const text = TEXTS[code] ?? code;
  return new NetworkError(
    `accept ${placeOf(at)}: ${text}`,
    code,
    cause,
  );
}

/** `dial tcp 127.0.0.1:4222: connect: connection refused` */
export function dialFailure(
  to: Address,
  code: string,
  cause?: unknown,
): NetworkError {
  const what = code === "ETIMEDOUT"
    ? "i/o timeout"
    : `connect: ${textOf(code, cause)}`;
  return new NetworkError(
    `dial ${placeOf(to)}: ${what}`,
    code,
    cause,
  );
}

/** `lookup nowhere: no such host` */
export function lookupFailure(
  host: string,
  cause?: unknown,
  code: string = "ENOTFOUND",
): NetworkError {
  const text = code === "ENOTFOUND" ? "no such host" : textOf(code, cause);
  return new NetworkError(`lookup ${host}: ${text}`, code, cause);
}
