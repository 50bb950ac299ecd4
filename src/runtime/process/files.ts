/**
 * Files for discovery on `node:fs`, which Deno, Bun and Node all have: lists of
 * nodes are read and watched, a client's last-known servers and a node's
 * announcement are written. What fails is told in the operator's words, as
 * `system.ts` puts them.
 */
import { watch as watchFolder } from "node:fs";
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
  utimes,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import type { Files } from "../../platform/files.ts";
import { isGranted } from "./permissions.ts";
import { errorCode, systemError } from "./system.ts";
import { setImmediate, wallTime } from "./timers.ts";

/** Nothing that discovery reads is longer; a larger file is a mistake. */
const FILE_BYTES_MAX = 1_048_576;

let replacements = 0;

/** The files of this machine. */
export const files: Files = {
  readText: (path) => doing(`open ${path}`, () => readText(path)),
  replaceText: (path, text, mode) =>
    doing(`write ${path}`, () => replaceText(path, text, mode)),
  remove: (path) => doing(`remove ${path}`, () => remove(path)),
  list: (path) => doing(`open ${path}`, () => list(path)),
  touch: (path) => doing(`touch ${path}`, () => touch(path)),
  fingerprint: (path) => doing(`stat ${path}`, () => fingerprint(path)),
  modifiedAt: (path) =>
    doing(`stat ${path}`, async () => (await stat(path)).mtimeMs),
  watch,
};

/** Makes a folder, and those that it lies in, unless they are there. */
export function makeFolder(path: string): Promise<void> {
  return doing(`mkdir ${path}`, async () => {
    await mkdir(path, { recursive: true });
  });
}

async function doing<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw systemError(what, error);
  }
}

async function readText(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    return new TextDecoder().decode(await readBounded(file));
  } finally {
    await file.close();
  }
}

async function readBounded(file: FileHandle): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > FILE_BYTES_MAX) throw tooLong();
  // One byte more than there should be shows a file that grows meanwhile, and a device.
  let bytes = new Uint8Array(size + 1);
  let length = 0;
  while (true) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length);
    length += bytesRead;
    if (bytesRead === 0) return bytes.subarray(0, length);
    if (length > FILE_BYTES_MAX) throw tooLong();
    if (length === bytes.length) bytes = grown(bytes);
  }
}

function grown(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function tooLong(): Error {
  return new Error(`is longer than ${FILE_BYTES_MAX} bytes`);
}

async function replaceText(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  const name = `.${basename(path)}.${process.pid}.${replacements++}.tmp`;
  const draft = join(dirname(path), name);
  try {
    await writeDraft(draft, text, mode);
    await rename(draft, path);
  } catch (error) {
    await remove(draft).catch(() => {});
    throw error;
  }
}

// Deno wants more permissions for `rm`, which looks at the file first.
async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

async function writeDraft(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  // What a crashed process with the same id has left is in the way, and may be
  // a link to somewhere else: `wx` follows none.
  await remove(path);
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    // A machine that loses power after the rename must not come up with an empty file.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function list(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory())
    .map(({ name }) => name);
}

async function touch(path: string): Promise<void> {
  const now = new Date(wallTime());
  await utimes(path, now, now);
}

async function fingerprint(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(":");
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

// A file that is renamed over is another file: only its folder can be watched.
function watch(path: string, onChange: () => void): () => void {
  const folder = path.endsWith("/") ? path : dirname(path);
  // Deno lets a file be read, and not its folder, when it was given the file.
  if (!isGranted({ name: "read", path: folder })) return () => {};
  try {
    const watcher = watchFolder(folder, { persistent: false });
    // Deno knows no `persistent`, and forgets `unref` with each event.
    const letGo = (): void => void watcher.unref();
    letGo();
    watcher.on("change", () => {
      onChange();
      setImmediate(letGo);
    });
    watcher.on("error", () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => {};
  }
}
