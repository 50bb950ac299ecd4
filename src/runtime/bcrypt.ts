/**
 * bcrypt, away from the event loop: one comparison costs a hundred
 * milliseconds and more, in which no message would move. A worker thread is
 * started with the first hash. The only file that knows the package `bcryptjs`.
 */
import { Worker } from "node:worker_threads";

/** The package, for the worker. */
export type Bcrypt = typeof import("bcryptjs");

/** What the worker is asked. */
export type BcryptTask =
  | {
    readonly id: number;
    readonly kind: "compare";
    readonly secret: string;
    readonly hash: string;
  }
  | {
    readonly id: number;
    readonly kind: "hash";
    readonly secret: string;
    readonly cost: number;
  };

/** What it answers: a result or the text of an error. */
export interface BcryptAnswer {
  readonly id: number;
  readonly result?: string | boolean;
  readonly error?: string;
}

type Result = string | boolean;

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, Waiting>();
/** Comparisons under way: many clients with the same token come at once after a restart. */
const comparing = new Map<string, Promise<boolean>>();

/** Whether `hash` was made of `secret`. `$2x$` and `$2y$` count as `$2b$`. */
export function compareBcrypt(secret: string, hash: string): Promise<boolean> {
  const key = JSON.stringify([secret, hash]);
  const known = comparing.get(key);
  if (known !== undefined) return known;
  const result = ask({
    id: ++lastId,
    kind: "compare",
    secret,
    hash: hash.replace(/^\$2[xy]\$/, "$2b$"),
  }).then((same) => same === true);
  comparing.set(key, result);
  const forget = () => void comparing.delete(key);
  result.then(forget, forget);
  return result;
}

/** A hash of `secret`; each step of `cost` (4 to 31) doubles the work. */
export function hashBcrypt(secret: string, cost: number): Promise<string> {
  return ask({ id: ++lastId, kind: "hash", secret, cost }).then(String);
}

/** Ends the thread; what is under way is rejected. */
export async function closeBcrypt(): Promise<void> {
  const ending = worker;
  dropWorker(new Error("bcrypt was closed"));
  await ending?.terminate();
}

function ask(task: BcryptTask): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker ??= startWorker();
    waiting.set(task.id, { resolve, reject });
    // Somebody waits: the process must not end before the answer.
    worker.ref();
    worker.postMessage(task);
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL("./bcrypt_worker.ts", import.meta.url), {
    workerData: import.meta.resolve("bcryptjs"),
  });
  started.on("message", settle);
  started.on("error", (error: Error) => failed(started, error));
  started.on(
    "exit",
    () => failed(started, new Error("The bcrypt thread ended")),
  );
  return started;
}

function settle({ id, result, error }: BcryptAnswer): void {
  const asker = waiting.get(id);
  waiting.delete(id);
  if (waiting.size === 0) worker?.unref();
  if (error === undefined) asker?.resolve(result!);
  else asker?.reject(new Error(error));
}

function failed(which: Worker, error: Error): void {
  if (which === worker) dropWorker(error);
}

function dropWorker(error: Error): void {
  worker = undefined;
  const lost = [...waiting.values()];
  waiting.clear();
  for (const { reject } of lost) reject(error);
}
