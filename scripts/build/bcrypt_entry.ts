/** The bcrypt thread of a build: bundled with its package into one text. */
import * as bcrypt from "bcryptjs";
import { parentPort } from "node:worker_threads";
import { answerTasks } from "../../src/runtime/bcrypt/bcrypt_tasks.ts";

answerTasks(parentPort!, Promise.resolve(bcrypt));
