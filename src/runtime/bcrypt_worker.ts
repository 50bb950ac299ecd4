/**
 * The thread on which bcrypt runs. It loads the package from the place that
 * `bcrypt.ts` found, because Bun without `node_modules` finds packages on the
 * main thread only.
 */
import { parentPort, workerData } from "node:worker_threads";
import type { Bcrypt, BcryptAnswer, BcryptTask } from "./bcrypt.ts";

// Not awaited here: Deno drops messages that come before there is a listener.
const bcrypt: Promise<Bcrypt> = import(workerData);

async function answer(task: BcryptTask): Promise<BcryptAnswer> {
  try {
    const { compareSync, hashSync } = await bcrypt;
    const result = task.kind === "compare"
      ? compareSync(task.secret, task.hash)
      : hashSync(task.secret, task.cost);
    return { id: task.id, result };
  } catch (error) {
    return { id: task.id, error: String(error) };
  }
}

parentPort!.on("message", async (task: BcryptTask) => {
  parentPort!.postMessage(await answer(task));
});
