/**
 * bcrypt, away from the event loop: one comparison costs a hundred
 * milliseconds and more, in which no message would move. A thread is started
 * with the first hash. Its program is a file in a checkout and a text in a
 * build; where neither can be had, as in a bundle that another project made of
 * our sources, the work is done here, in slices of a tenth of a second. The only
 * file that knows the package `bcryptjs`.
 */
import { Worker } from "node:worker_threads";
import type { BcryptResult, BcryptWork } from "./bcrypt_tasks.ts";
import { BcryptThread, NoThreadError } from "./bcrypt_thread.ts";

/**
 * The thread's program as one CommonJS text, the package included. A build
 * defines it (`scripts/build/bundle.ts`); a checkout does not.
 */
declare const MIDGE_BCRYPT_THREAD: string | undefined;

const THREAD_TEXT: string | undefined =
  typeof MIDGE_BCRYPT_THREAD === "undefined" ? undefined : MIDGE_BCRYPT_THREAD;

/** What is run is short: Bun keeps a copy of a long text in the user's home. */
const RUN_TEXT = 'eval(require("node:worker_threads").workerData)';

let thread: BcryptThread | undefined;
/** False once it was seen that there is no thread to be had. */
let canHaveThread = true;
/** Comparisons under way: many clients with the same token come at once after a restart. */
const comparing = new Map<string, Promise<boolean>>();

/** Whether `hash` was made of `secret`. `$2x$` and `$2y$` count as `$2b$`. */
export function compareBcrypt(secret: string, hash: string): Promise<boolean> {
  const key = JSON.stringify([secret, hash]);
  const known = comparing.get(key);
  if (known !== undefined) return known;
  const result = run({
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
  return run({ kind: "hash", secret, cost }).then(String);
}

/** Ends the thread; what is under way is rejected. */
export async function closeBcrypt(): Promise<void> {
  const ending = thread;
  thread = undefined;
  await ending?.close();
}

async function run(work: BcryptWork): Promise<BcryptResult> {
  if (!canHaveThread) return await runHere(work);
  try {
    if (!thread?.isOpen) thread = new BcryptThread(startWorker());
    return await thread.run(work);
  } catch (error) {
    if (!(error instanceof NoThreadError)) throw error;
    canHaveThread = false;
    return await runHere(work);
  }
}

/** Throws `NoThreadError` where there is nothing to start. */
function startWorker(): Worker {
  try {
    if (THREAD_TEXT !== undefined) {
      return new Worker(RUN_TEXT, { eval: true, workerData: THREAD_TEXT });
    }
    const file = new URL("./bcrypt_worker.ts", ownFile());
    return new Worker(file, { workerData: import.meta.resolve("bcryptjs") });
  } catch (cause) {
    throw new NoThreadError("bcrypt has no thread here", { cause });
  }
}

/** Where this file is, unless a bundler made it a part of another one. */
function ownFile(): string {
  const { url } = import.meta;
  if (url?.endsWith("/runtime/bcrypt/bcrypt.ts")) return url;
  throw new NoThreadError("bcrypt has no file of its own");
}

// The package comes up for air every tenth of a second.
async function runHere(work: BcryptWork): Promise<BcryptResult> {
  const { compare, hash } = await import("bcryptjs");
  return work.kind === "compare"
    ? await compare(work.secret, work.hash)
    : await hash(work.secret, work.cost);
}
