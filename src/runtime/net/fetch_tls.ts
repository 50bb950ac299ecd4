/**
 * One HTTP request over TLS of one's own, by `node:https`: authorities that the
 * machine does not know, a certificate to show, keys that the server may have.
 * The request is sent once the handshake has shown who the server is.
 */
import type { IncomingMessage } from "node:http";
import { connect, type Socket as TcpSocket } from "node:net";
import { deferred } from "../../core/deferred.ts";
import { pinnedFault } from "../../core/pinned.ts";
import type { FetchRequest, FetchTls } from "../../platform/fetch.ts";
import { NetworkError } from "../../platform/socket.ts";
import { builtInModule } from "../process/built_in.ts";
import { startHandshake } from "./tls.ts";

/** The head of an answer, and its body as it comes. */
export interface SecureAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array>;
}

const HTTPS_PORT = 443;

/** Resolves with the head of the answer. Nothing is left open once the signal aborts. */
export async function askOverTls(
  url: string,
  { method = "GET", headers = {}, body, tls = {} }: FetchRequest,
  signal: AbortSignal,
): Promise<SecureAnswer> {
  const stream = await securedStream(new URL(url), tls, signal);
  const { promise, resolve, reject } = deferred<SecureAnswer>();
  const { request } = builtInModule<typeof import("node:https")>("node:https");
  const asked = request(url, {
    method,
    headers: { ...headers },
    // A connection that is kept would keep what was shown on it as well.
    createConnection: () => stream,
  });
  const stop = (): void => {
    asked.destroy();
    stream.destroy();
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  asked.on("error", reject);
  asked.on("close", () => {
    signal.removeEventListener("abort", stop);
    reject(new Error("The connection was closed"));
  });
  asked.on("response", (answer) => {
    const { statusCode: status = 0 } = answer;
    resolve({ status, headers: headersOf(answer), body: answer });
  });
  asked.end(body);
  return await promise;
}

/** Destroyed once the signal aborts before its handshake is done, or where that fails. */
async function securedStream(
  { hostname, port }: URL,
  tls: FetchTls,
  signal: AbortSignal,
): Promise<TcpSocket> {
  const { certificate, insecure = false, pinnedCerts } = tls;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const raw = connect({
    host,
    port: Number(port || HTTPS_PORT),
    noDelay: true,
  });
  const stop = (): void => void raw.destroy();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    await connected(raw);
    const { stream, done } = startHandshake(raw, {
      ...tls,
      role: "client",
      certificates: certificate === undefined ? [] : [certificate],
      verify: !insecure,
      serverName: host,
      // The signal ends what takes too long.
      timeoutMs: Infinity,
    });
    stream.on("error", () => {});
    if (pinnedFault(await done, pinnedCerts) !== "") {
      throw new NetworkError("certificate not pinned", "CERT_NOT_PINNED");
    }
    return stream;
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function connected(raw: TcpSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    raw.once("connect", () => resolve());
    raw.on("error", reject);
    raw.once("close", () => reject(new Error("The connection was closed")));
  });
}

function headersOf(
  { headers }: IncomingMessage,
): { get(name: string): string | null } {
  return {
    get: (name) => {
      const value = headers[name.toLowerCase()];
      return value === undefined ? null : [value].flat().join(", ");
    },
  };
}
