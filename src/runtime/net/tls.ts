/**
 * TLS over a connected socket, by `node:tls`, as a client: the handshake, what
 * is checked in it, and what is said when it fails. `node_net.ts` owns the
 * socket before and after.
 *
 * The server's certificate must come from a known authority and show the name
 * that was dialled, unless `verify` is false. No runtime ends a handshake that
 * stands still, so it has a time limit of its own.
 */
import { isIP, type Socket as TcpSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import { contextOptions } from "./tls_context.ts";
import { failureText, tlsFailure } from "./tls_failures.ts";
import { tlsModule } from "./tls_module.ts";
import { tlsStateOf } from "./tls_state.ts";
import { watchUpkeep } from "./tls_upkeep.ts";
import { deferred } from "../../core/deferred.ts";
import type { TlsState, TlsUpgrade } from "../../platform/socket.ts";
import { timerDelay } from "../process/system.ts";
import { clearTimeout, setTimeout } from "../process/timers.ts";

/** A handshake that began. */
export interface Handshake {
  /** What is read and written from now on goes through it. */
  readonly stream: TcpSocket;
  /**
   * Resolves when bytes may be written. Rejects with a `NetworkError` of code
   * `ETLS`; the stream is to be destroyed then.
   */
  readonly done: Promise<TlsState>;
}

/**
 * Starts the handshake on a socket whose data nobody listens to. Throws a
 * `NetworkError` when certificate or key cannot be read, and when the server
 * has said something (`head`) where only a handshake may come: those words are
 * in clear, and anyone in between could have said them.
 */
export function startHandshake(
  raw: TcpSocket,
  tls: TlsUpgrade,
  head?: Uint8Array,
): Handshake {
  if (head !== undefined && head.length > 0) {
    throw tlsFailure("the server went on in clear");
  }
  const stream = wrapped(raw, tls);
  stream.once("close", () => raw.destroy());
  return { stream, done: handshake(raw, stream, tls) };
}

function wrapped(raw: TcpSocket, tls: TlsUpgrade): TLSSocket {
  const name = tls.serverName ?? raw.remoteAddress ?? "";
  try {
    return tlsModule().connect({
      socket: raw,
      host: name,
      // RFC 6066: an address is no server name.
      ...(isIP(name) === 0 && { servername: name }),
      ...contextOptions(tls),
      rejectUnauthorized: tls.verify !== false,
    });
  } catch (error) {
    throw tlsFailure("certificate or key cannot be read", error);
  }
}

function handshake(
  raw: TcpSocket,
  stream: TLSSocket,
  tls: TlsUpgrade,
): Promise<TlsState> {
  const { promise, resolve, reject } = deferred<TlsState>();
  const fail = (detail: string, cause?: unknown): void =>
    reject(tlsFailure(detail, cause));
  const timer = setTimeout(
    () => fail(`not finished within ${tls.timeoutMs} ms`),
    timerDelay(tls.timeoutMs),
  );
  const onError = (error: Error): void => fail(failureText(error), error);
  const onClose = (): void => fail("the connection was closed");
  stream.once("error", onError);
  stream.once("close", onClose);
  stream.once("secureConnect", () => {
    // Each runtime has ended a connection that is not authorized by now; if one
    // did not, nothing may be sent over it.
    if (tls.verify && !stream.authorized) {
      return fail("the certificate was not verified");
    }
    watchUpkeep(raw, stream);
    resolve(tlsStateOf(stream));
  });
  return promise.finally(() => {
    clearTimeout(timer);
    stream.off("error", onError);
    stream.off("close", onClose);
  });
}
