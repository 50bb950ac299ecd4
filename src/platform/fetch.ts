/**
 * The seam for HTTP requests: as much of the web's `fetch` as Midge uses.
 * `runtime/net/fetch.ts` implements it.
 */

/** The part of the web's `fetch` that is used here. Rejects when there is no answer. */
export type Fetch = (url: string, request: FetchRequest) => Promise<Fetched>;

export interface FetchRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface Fetched {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Null when there is none. */
  readonly body: AsyncIterable<Uint8Array> | null;
}
