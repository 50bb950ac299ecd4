/**
 * How many connections the system holds for a listener until it accepts them.
 * A burst that finds the queue full is not refused: the dialler repeats its SYN
 * after a second, and then after two.
 */
import type { Server } from "node:net";
import process from "node:process";

/** More than systems allow, which each cut it to their own limit, on Linux `net.core.somaxconn`. */
export const LISTEN_QUEUE_MAX = 65_535;

/** The C library, by the names that it has on Linux and macOS. */
const LIBRARIES: readonly string[] = [
  "libc.so.6",
  `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`,
  "libSystem.B.dylib",
];

interface Listen {
  readonly symbols: { listen(fd: number, queue: number): number };
}

/** `bun:ffi`, as far as it is used. */
interface ForeignFunctions {
  dlopen(library: string, functions: unknown): Listen;
}

let library: Listen | undefined;

/**
 * Gives the listener of `server` its queue on Bun, which asks for 512 places
 * whatever it is told. Asking the system again for a socket that listens
 * already changes the length only. Where that fails, 512 it is.
 */
export function lengthenQueue(server: Server): void {
  if (process.versions["bun"] === undefined) return;
  const { _handle } = server as { readonly _handle?: { readonly fd?: number } };
  lengthenQueueOf(_handle?.fd);
}

/** The same for a listener of Bun's own, by its descriptor. */
export function lengthenQueueOf(fd: number | undefined): void {
  if (typeof fd !== "number" || fd < 0) return;
  library ??= firstLibrary();
  library?.symbols.listen(fd, LISTEN_QUEUE_MAX);
}

function firstLibrary(): Listen | undefined {
  // Not imported: bundlers and other runtimes know no such module.
  const functions = (process as unknown as {
    getBuiltinModule?(name: string): ForeignFunctions | undefined;
  }).getBuiltinModule?.("bun:ffi");
  for (const name of LIBRARIES) {
    try {
      return functions?.dlopen(name, {
        listen: { args: ["int", "int"], returns: "int" },
      });
    } catch {
      continue;
    }
  }
  return undefined;
}
