/** Compression by `node:zlib`, which all runtimes have. */
import type { Gzip } from "../../platform/gzip.ts";
import { builtInModule } from "./built_in.ts";

/** Compresses on a thread of the runtime. */
export const gzip: Gzip = (bytes) => {
  const zlib = builtInModule<typeof import("node:zlib")>("node:zlib");
  return new Promise((resolve, reject) =>
    zlib.gzip(
      bytes,
      (error, packed) => error === null ? resolve(packed) : reject(error),
    )
  );
};
