/**
 * The main thread's side of the bcrypt thread: questions out, answers in, each
 * to its asker. A thread that never came to life, or came to life without the
 * package, rejects with `NoThreadError`: `bcrypt.ts` then does the work itself.
 */
import type { Worker } from "node:worker_threads";
import type {
  BcryptAnswer,
  BcryptResult,
  BcryptTask,
  BcryptWork,
} from "./bcrypt_tasks.ts";

/** There is no thread to be had here, whatever is asked of it. */
export class NoThreadError extends Error {
  override readonly name = "NoThreadError";
}

interface Asker {
  readonly resolve: (result: BcryptResult) => void;
  readonly reject: (error: Error) => void;
}

export class BcryptThread {
  readonly #worker: Worker;
  readonly #askers = new Map<number, Asker>();
  #lastId = 0;
  #hasAnswered = false;
  /** Why it takes no more work. */
  #end: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: BcryptAnswer) => this.#settle(answer));
    worker.on("error", (error: Error) => this.#failed(String(error)));
    worker.on("exit", () => this.#failed("The bcrypt thread ended"));
  }

  /** Whether it still takes work. */
  get isOpen(): boolean {
    return this.#end === undefined;
  }

  run(work: BcryptWork): Promise<BcryptResult> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      const task: BcryptTask = { id: ++this.#lastId, work };
      this.#askers.set(task.id, { resolve, reject });
      // The process must not end before the answer.
      this.#worker.ref();
      this.#worker.postMessage(task);
    });
  }

  /** Ends the thread; what is under way is rejected. */
  async close(): Promise<void> {
    this.#drop(new Error("bcrypt was closed"));
    await this.#worker.terminate();
  }

  #settle(answer: BcryptAnswer): void {
    if (answer.kind === "missing") {
      return this.#drop(new NoThreadError(answer.error));
    }
    this.#hasAnswered = true;
    const asker = this.#askers.get(answer.id);
    this.#askers.delete(answer.id);
    if (this.#askers.size === 0) this.#worker.unref();
    if (answer.kind === "done") asker?.resolve(answer.result);
    else asker?.reject(new Error(answer.error));
  }

  #failed(why: string): void {
    this.#drop(this.#hasAnswered ? new Error(why) : new NoThreadError(why));
  }

  #drop(end: Error): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#worker.unref();
    const lost = [...this.#askers.values()];
    this.#askers.clear();
    for (const { reject } of lost) reject(end);
  }
}
