/** The seam to compression. `runtime/process/gzip.ts` implements it. */

/** Compresses `bytes`, which stay as they are, as RFC 1952 says. */
export type Gzip = (bytes: Uint8Array) => Promise<Uint8Array>;
