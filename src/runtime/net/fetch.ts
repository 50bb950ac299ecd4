/**
 * HTTP requests for discovery on the web's `fetch`, or on `node:https` where
 * TLS of one's own is asked for, made alike on all runtimes:
 * no redirect is followed, because a token would travel along; no answer is
 * stored; a stream may be silent for as long as its reader likes, where the
 * runtime allows (Node ends one after five minutes without a byte); and nothing
 * is left open once the signal aborts or the reader turns away.
 */
import { isError } from "../../core/errors.ts";
import type { Fetch, Fetched, FetchRequest } from "../../platform/fetch.ts";
import { refusalOf } from "../process/permissions.ts";
import { errorCode } from "../process/system.ts";
import { askOverTls } from "./fetch_tls.ts";

interface BunRequestInit extends RequestInit {
  /** Node's types do not know it. */
  readonly cache: "no-store";
  /** Bun ends a request that is silent for five minutes, unless it is told not to. */
  readonly timeout: false;
}

/** Asks and resolves once the head of the answer is there. Rejects with the signal's reason, or with why there is no answer. */
export const fetchAnswer: Fetch = async (url, request) => {
  const { signal } = request;
  signal.throwIfAborted();
  const inner = new AbortController();
  const abort = (): void => inner.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const release = (): void => {
    signal.removeEventListener("abort", abort);
    inner.abort();
  };
  try {
    return request.tls === undefined
      ? fetched(
        await fetch(url, initOf(request, inner.signal)),
        signal,
        release,
      )
      : await askedOverTls(url, request, inner.signal, release);
  } catch (error) {
    release();
    signal.throwIfAborted();
    throw plainFailure(error);
  }
};

/** The web's `fetch` takes certificates in another way on each runtime, and on Node in none. */
async function askedOverTls(
  url: string,
  request: FetchRequest,
  inner: AbortSignal,
  release: () => void,
): Promise<Fetched> {
  const { status, headers, body } = await askOverTls(url, request, inner);
  return {
    status,
    headers,
    body: chunksOf(body, request.signal, release),
  };
}

function initOf(request: FetchRequest, signal: AbortSignal): BunRequestInit {
  const { method = "GET", headers = {}, body } = request;
  return {
    method,
    headers,
    signal,
    redirect: "manual",
    cache: "no-store",
    credentials: "omit",
    timeout: false,
    ...(body !== undefined && { body }),
  };
}

function fetched(
  { status, headers, body }: Response,
  signal: AbortSignal,
  release: () => void,
): Fetched {
  if (body === null) release();
  return {
    status,
    headers,
    body: body === null ? null : chunksOf(read(body), signal, release),
  };
}

async function* read(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function* chunksOf(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  release: () => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    signal.throwIfAborted();
    throw plainFailure(error);
  } finally {
    release();
  }
}

/** The codes of Node and Bun, and words from Deno's messages, which has no codes. */
const FAILURES: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED|connection refused/i, "connection refused"],
  [/ENOTFOUND|EAI_|dns error/i, "no such host"],
  [/ENETUNREACH|network is unreachable/i, "network is unreachable"],
  [/EHOSTUNREACH|no route to host/i, "no route to host"],
  [/ETIMEDOUT|_TIMEOUT|timed out/i, "no answer in time"],
  [/CERT|UNABLE_TO|SELF_SIGNED/i, "the certificate is not accepted"],
  [
    /EPROTO|ERR_SSL|ETLS|corrupt message|handshake/i,
    "the TLS handshake failed",
  ],
  [/HPE_|HTTPParser|HTTP version/i, "the answer is not HTTP"],
  [/blocked|bad port/i, "no web request may use this port"],
  [/INVALID_URL|invalid url/i, "the URL makes no sense"],
  [/ECONNRESET|EPIPE|UND_ERR_SOCKET|SendRequest|body/i, "the connection broke"],
];

// What the runtimes say themselves may hold the URL, and that a token: neither
// their message nor the error itself as a cause is passed on.
function plainFailure(error: unknown): Error {
  // It names an address, and no more of the URL.
  const refusal = refusalOf(error);
  if (refusal !== undefined) return new Error(refusal.message);
  const cause = isError(error) ? error.cause : undefined;
  const code = errorCode(cause) ?? errorCode(error);
  const what = code ?? withoutUrl(`${cause ?? ""} ${error}`);
  const [, text = "the request failed"] =
    FAILURES.find(([pattern]) => pattern.test(what)) ?? [];
  return new Error(text);
}

function withoutUrl(text: string): string {
  return text.replace(/https?:\/\/\S*/g, "");
}
