/** A thread whose program is a text, as a build carries it along. */
import type { Worker } from "node:worker_threads";
import { builtInModule } from "../process/built_in.ts";

/** What is run is short: Bun keeps a copy of a long text in the user's home. */
const RUN_TEXT = 'eval(require("node:worker_threads").workerData)';

/** Starts a thread that runs a CommonJS text. */
export function startText(text: string): Worker {
  const threads = builtInModule<typeof import("node:worker_threads")>(
    "node:worker_threads",
  );
  return new threads.Worker(RUN_TEXT, {
    eval: true,
    workerData: text,
    env: {},
  });
}
