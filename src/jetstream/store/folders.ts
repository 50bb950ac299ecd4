/**
 * The folders of streams: `<store_dir>/<account>/streams/<stream>`, of which each
 * is there as a whole, or not at all.
 */
import type { Storage } from "../../platform/storage.ts";

/** What a name may have as part of a path; everything else is written as `%2F`. */
const UNSAFE = /[^\w$=-]/g;
/** The folder that is being removed. No stream's has a dot. */
const REMOVED = ".removed";

export function accountFolder(storeDir: string, account: string): string {
  return `${storeDir}/${safe(account)}/streams`;
}

export function streamFolder(
  storeDir: string,
  account: string,
  stream: string,
): string {
  return `${accountFolder(storeDir, account)}/${safe(stream)}`;
}

export function databaseIn(streamFolder: string): string {
  return `${streamFolder}/stream.db`;
}

/**
 * Names of the streams in `folder`, and of all that stands in the place of one.
 * What was being removed when the process died is gone. Throws a `StorageError`.
 */
export function namesOfStreams(folder: string, storage: Storage): string[] {
  const entries = storage.entries(folder);
  if (entries.includes(REMOVED)) storage.remove(`${folder}/${REMOVED}`);
  return entries.flatMap(nameOf).sort();
}

/** Removes the folder of a stream that is not open. Throws a `StorageError`. */
export function removeStream(folder: string, storage: Storage): void {
  const removed = folder.replace(/[^/]*$/, REMOVED);
  storage.remove(removed);
  if (storage.raw?.exists(folder)) storage.raw.rename(folder, removed);
  storage.remove(removed);
  storage.remove(folder);
}

/** The name that `safe` has made `folder` of; none where something else has. */
function nameOf(folder: string): string[] {
  try {
    const name = decodeURIComponent(folder);
    return safe(name) === folder ? [name] : [];
  } catch {
    return [];
  }
}

function safe(name: string): string {
  return name.replace(
    UNSAFE,
    (char) =>
      [...new TextEncoder().encode(char)].map((byte) =>
        `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
      ).join(""),
  );
}
