/**
 * bcrypt, away from the event loop: one comparison costs a hundred
 * milliseconds and more, in which no message would move. A thread is started
 * with the first hash. Its program is a file in a checkout and a text in a
 * build; where neither can be had, as in a bundle that another project made of
 * our sources, the work is done here, in slices of a tenth of a second.
 */
import type { Worker } from "node:worker_threads";
import type { BcryptResult, BcryptWork } from "./bcrypt_tasks.ts";
import { BcryptThread, NoThreadError } from "./bcrypt_thread.ts";
import { loadBcrypt, startThread } from "./bcrypt_package.ts";

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
    return startThread();
  } catch (cause) {
    throw new NoThreadError("bcrypt has no thread here", { cause });
  }
}

async function runHere(work: BcryptWork): Promise<BcryptResult> {
  const { compare, hash } = await loadBcrypt();
  return work.kind === "compare"
    ? await compare(work.secret, work.hash)
    : await hash(work.secret, work.cost);
}
