/** A thread whose program is a text, as a build carries it along. */
import { Worker } from "node:worker_threads";

/** What is run is short: Bun keeps a copy of a long text in the user's home. */
const RUN_TEXT = 'eval(require("node:worker_threads").workerData)';

/** Starts a thread that runs a CommonJS text. */
export function startText(text: string): Worker {
  return new Worker(RUN_TEXT, { eval: true, workerData: text, env: {} });
}
