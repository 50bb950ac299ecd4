/** Compression by `node:zlib`, which all runtimes have. */
import { promisify } from "node:util";
import { gzip as gzipWith } from "node:zlib";
import type { Gzip } from "../../platform/gzip.ts";

const zipped = promisify<Uint8Array, Uint8Array>(gzipWith);

/** Compresses on a thread of the runtime. */
export const gzip: Gzip = (bytes) => zipped(bytes);
