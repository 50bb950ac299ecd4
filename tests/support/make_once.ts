/**
 * Folders that several processes need and one of them makes: it appears whole,
 * and however many ask for it at once, it is made once.
 */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { until } from "./until.ts";

/**
 * Gives `folder`, filled by `fill` if it is not there. `fill` gets a folder
 * beside it that takes its name in the end; when it fails, nothing is left,
 * and the next one who asks tries again.
 */
export async function makeOnce(
  folder: string,
  fill: (unfinished: string) => void | Promise<void>,
): Promise<string> {
  const lock = `${folder}.lock`;
  let hasLock = false;
  await until(`the making of ${folder}`, () => {
    hasLock = !existsSync(folder) && takeLock(lock);
    return hasLock || existsSync(folder);
  });
  if (!hasLock) return folder;
  const unfinished = mkdtempSync(`${folder}-`);
  try {
    // The last holder may have finished between the question and the lock.
    if (!existsSync(folder)) {
      await fill(unfinished);
      renameSync(unfinished, folder);
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(lock, { force: true });
  }
  return folder;
}

/** Whether the lock is ours now. That of a process that is gone counts for nothing. */
function takeLock(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (isAbandoned(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const holder = Number(readFileSync(lock, "utf8"));
    return holder !== 0 && !isRunning(holder);
  } catch {
    return false; // it was given back in this moment
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
