/**
 * The package `bcryptjs`, for a thread and without one; no other file knows it.
 * A thread runs a file beside this one in a checkout, and a text in a build. The
 * only file of `src` that asks for its own place, which a CommonJS module cannot
 * and a bundler may not understand: the npm package has another file under this
 * name, which carries the text (`scripts/build/package.ts`).
 */
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { builtInModule } from "../process/built_in.ts";
import { isGranted } from "../process/permissions.ts";
import { startText } from "./thread_text.ts";

/**
 * The thread's program as one CommonJS text, the package included. A build
 * defines it (`scripts/build/bundle.ts`); a checkout does not.
 */
declare const MIDGE_BCRYPT_THREAD: string | undefined;

/** The package on the main thread. It comes up for air every tenth of a second. */
export const loadBcrypt = (): Promise<typeof import("bcryptjs")> =>
  import("bcryptjs");

/** Starts the thread. Throws where there is nothing to start it with. */
export function startThread(): Worker {
  if (typeof MIDGE_BCRYPT_THREAD !== "undefined") {
    return startText(MIDGE_BCRYPT_THREAD);
  }
  const file = new URL("./bcrypt_worker.ts", ownFile());
  if (!isGranted({ name: "read", path: fileURLToPath(file) })) {
    throw new Error("Deno may not read the thread's file");
  }
  // It needs nothing of the environment, for which Deno would ask its user.
  const workerData = import.meta.resolve("bcryptjs");
  const threads = builtInModule<typeof import("node:worker_threads")>(
    "node:worker_threads",
  );
  return new threads.Worker(file, { workerData, env: {} });
}

/** Where this file is, unless a bundler made it a part of another one. */
function ownFile(): string {
  const { url } = import.meta;
  if (url?.endsWith("/runtime/bcrypt/bcrypt_package.ts")) return url;
  throw new Error("bcrypt has no file of its own");
}
