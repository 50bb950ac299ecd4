/**
 * One HTTP request over TLS of one's own, by `node:https`: authorities that the
 * machine does not know, and a certificate to show.
 */
import type { IncomingMessage } from "node:http";
import { request as ask } from "node:https";
import { deferred } from "../../core/deferred.ts";
import type { FetchRequest } from "../../platform/fetch.ts";

/** The head of an answer, and its body as it comes. */
export interface SecureAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array>;
}

/** Resolves with the head of the answer. Nothing is left open once the signal aborts. */
export function askOverTls(
  url: string,
  { method = "GET", headers = {}, body, tls = {} }: FetchRequest,
  signal: AbortSignal,
): Promise<SecureAnswer> {
  const { authorities, certificate, insecure = false } = tls;
  const { promise, resolve, reject } = deferred<SecureAnswer>();
  const asked = ask(url, {
    method,
    headers: { ...headers },
    // A connection that is kept would keep what was shown on it as well.
    agent: false,
    rejectUnauthorized: !insecure,
    ...(authorities !== undefined && { ca: [...authorities] }),
    ...(certificate !== undefined &&
      { cert: certificate.certificate, key: certificate.key }),
  });
  const stop = (): void => void asked.destroy();
  signal.addEventListener("abort", stop, { once: true });
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
  return promise;
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
