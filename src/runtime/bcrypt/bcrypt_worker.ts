/**
 * The bcrypt thread of a checkout. It loads the package from the place that
 * `bcrypt_package.ts` found, because Bun without `node_modules` finds packages on the
 * main thread only. A build has a thread of its own, as text.
 */
import { parentPort, workerData } from "node:worker_threads";
import { answerTasks } from "./bcrypt_tasks.ts";

answerTasks(parentPort!, import(workerData));
