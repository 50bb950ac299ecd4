/**
 * `midge.mjs`: the whole program in one module that runs on Deno, Bun and
 * Node 20 or newer, and needs no other file. The binaries are made from the same
 * text.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bcryptThreadText, type Bundle, bundle } from "./bundle.ts";
import type { Target } from "./target.ts";

/** The program as one module, without its first line. */
export function bundleProgram(format: "esm" | "cjs"): Bundle {
  return bundle("scripts/midge.ts", {
    format,
    node: "20",
    define: {
      MIDGE_BCRYPT_THREAD: JSON.stringify(bcryptThreadText()),
      // tweetnacl takes its randomness from here; otherwise it calls `require`,
      // which a module does not have.
      self: "globalThis",
    },
    instead: {
      "@nats-io/nats-core/internal": "scripts/build/no_nats_core.ts",
      "@nats-io/nkeys": "scripts/build/lazy_nkeys.ts",
    },
  });
}

/** Writes the single file to `path`. */
export function writeProgram(path: string): void {
  const { code, licences } = bundleProgram("esm");
  writeFileSync(path, `#!/usr/bin/env node\n${code}\n${licences}`);
  chmodSync(path, 0o755);
}

export const file: Target = {
  doc: "midge.mjs, the program as one file for Deno, Bun and Node",
  build(out: string): string[] {
    const path = join(out, "midge.mjs");
    writeProgram(path);
    return [path];
  },
};
