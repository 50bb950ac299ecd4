/**
 * The seam for HTTP requests: as much of the web's `fetch` as Midge uses.
 * `runtime/net/fetch.ts` implements it.
 */

import type { CertifiedKey, TlsUpgrade } from "./socket.ts";

/** The part of the web's `fetch` that is used here. Rejects when there is no answer. */
export type Fetch = (url: string, request: FetchRequest) => Promise<Fetched>;

export interface FetchRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** For `https`: what the server has to show, and what is shown to it. The machine's authorities, and nothing, unless set. */
  readonly tls?: FetchTls | undefined;
}

/** The TLS of a request. */
export interface FetchTls
  extends Pick<TlsUpgrade, "minVersion" | "cipherSuites" | "curves"> {
  /** Whom the server's certificate must come from, as PEM text. */
  readonly authorities?: readonly string[] | undefined;
  /** Shown to a server that asks. */
  readonly certificate?: CertifiedKey | undefined;
  /** Any certificate will do. */
  readonly insecure?: boolean;
  /** SHA-256 of the public keys that the server may have, in lower-case hexadecimal digits; any unless set. */
  readonly pinnedCerts?: readonly string[] | undefined;
}

export interface Fetched {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Null when there is none. */
  readonly body: AsyncIterable<Uint8Array> | null;
}
