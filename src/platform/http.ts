/**
 * The HTTP seam: requests as Midge reads them, and the answers that it gives:
 * at once, later, or as a stream that goes on while its client listens. The
 * requests of one connection are handled one at a time, the next when the
 * answer before it was taken. `runtime/net/http.ts` implements the seam, and
 * `tests/runtime/http_test.ts` checks it.
 */
import type { Address, Listener, NetworkError, TlsUpgrade } from "./socket.ts";

/** One request. Nothing in it has been checked. */
export interface HttpRequest {
  readonly method: string;
  /** As it was sent, escapes and all, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as it was sent, with its `?`; empty without one. */
  readonly search: string;
  /** By name in lower case; repeated headers are joined with commas. */
  readonly headers: ReadonlyMap<string, string>;
  /** The other end of the connection: requests of one connection share it. */
  readonly remote: Address;
  /** Aborts when the client is gone, and at the end of the answer. */
  readonly signal: AbortSignal;
  /**
   * The body; undefined when it is longer than `maxBytes`. Rejects when the
   * client goes away before its end. To be called once at most.
   */
  readBody(maxBytes: number): Promise<Uint8Array | undefined>;
}

/** A complete answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer in parts; the next part is asked for when the client has taken the one before. */
export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Has to end soon after the request's signal aborts. */
  readonly stream: AsyncIterable<string>;
}

export type HttpReply = HttpAnswer | HttpStream;

/** A handler that throws or rejects answers 500; other requests go on. */
export type HttpHandler = (
  request: HttpRequest,
) => HttpReply | Promise<HttpReply>;

/** Limits that are not given have the platform's defaults. */
export interface HttpLimits {
  /** From the beginning of a request to the end of its headers. */
  readonly headersTimeoutMs?: number;
  /** From the beginning of a request to the end of its body. */
  readonly requestTimeoutMs?: number;
  /** How long a client may leave an answer unread. */
  readonly stallTimeoutMs?: number;
  /** The mode of a unix socket's file; for its owner alone unless set. */
  readonly fileMode?: number;
  /** Over TLS, and in no other way. A unix socket takes none. */
  readonly https?: HttpsOptions | undefined;
  /** Connections at one time; further ones are closed at once. */
  readonly connectionsMax?: number;
  /** Told what keeps connections from being accepted, as by `ListenOptions`. */
  readonly onTrouble?: (trouble: NetworkError) => void;
}

/** HTTP over TLS. */
export interface HttpsOptions {
  /** As a server, for the next handshake: the same object as long as it is the same. */
  tls(): TlsUpgrade;
  /** Told of handshakes that failed, and of clients that speak in clear. */
  onFailure(remote: Address, detail: string): void;
}

/** Serves HTTP at an address; port 0 asks for any free one. Rejects with a `NetworkError`. */
export type ServeHttp = (
  at: Address,
  handle: HttpHandler,
  limits?: HttpLimits,
) => Promise<Listener>;
