/**
 * What the bcrypt thread is asked and what it answers. `answerTasks` is all
 * that runs there; its caller brings the package `bcryptjs`, since a checkout
 * finds it as a file and a build carries it along.
 */
import type { MessagePort } from "node:worker_threads";

/** The package, as far as the thread uses it. */
export interface Bcrypt {
  compareSync(secret: string, hash: string): boolean;
  hashSync(secret: string, cost: number): string;
}

/** The work itself. */
export type BcryptWork =
  | { readonly kind: "compare"; readonly secret: string; readonly hash: string }
  | { readonly kind: "hash"; readonly secret: string; readonly cost: number };

/** What comes out: whether a hash is a secret's, or a hash. */
export type BcryptResult = string | boolean;

/** One question to the thread. */
export interface BcryptTask {
  readonly id: number;
  readonly work: BcryptWork;
}

/** Its answer: a result, the text of an error, or that there is no package. */
export type BcryptAnswer =
  & { readonly id: number }
  & (
    | { readonly kind: "done"; readonly result: BcryptResult }
    | { readonly kind: "failed"; readonly error: string }
    | { readonly kind: "missing"; readonly error: string }
  );

/** Answers every task that comes through `port`, for as long as it is open. */
export function answerTasks(port: MessagePort, bcrypt: Promise<Bcrypt>): void {
  // The listener does not wait for the package: Deno drops messages that come
  // before there is one.
  port.on("message", async (task: BcryptTask) => {
    port.postMessage(await answer(task, bcrypt));
  });
}

async function answer(
  { id, work }: BcryptTask,
  bcrypt: Promise<Bcrypt>,
): Promise<BcryptAnswer> {
  let loaded: Bcrypt;
  try {
    loaded = await bcrypt;
  } catch (error) {
    return { id, kind: "missing", error: String(error) };
  }
  try {
    return { id, kind: "done", result: compute(work, loaded) };
  } catch (error) {
    return { id, kind: "failed", error: String(error) };
  }
}

function compute(work: BcryptWork, bcrypt: Bcrypt): BcryptResult {
  return work.kind === "compare"
    ? bcrypt.compareSync(work.secret, work.hash)
    : bcrypt.hashSync(work.secret, work.cost);
}
