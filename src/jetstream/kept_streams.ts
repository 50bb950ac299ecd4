/**
 * Stores of streams that are opened again, and of those that are made: what is in
 * files is never taken for something else, and never written over.
 */
import type { Steps } from "../core/steps.ts";
import { RESTORING } from "./backup/restore.ts";
import type { StreamStores } from "./store/stores.ts";
import { StoreError, type StreamStore } from "./store/stream_store.ts";
import { STREAM_VALUE } from "./stream/stream.ts";
import type { StreamConfig } from "./stream/stream_config.ts";

/** What a stream's store has of it. */
interface Kept {
  readonly config: StreamConfig;
  readonly createdUs: number;
}

/**
 * Opens a stream that is in files, by `open`; false: it was being restored from a
 * backup, and is removed. Throws an error for one that cannot be opened, whose store
 * is closed then, as that of one that is not opened to the end.
 */
export function* openKept(
  stores: StreamStores,
  account: string,
  name: string,
  open: (kept: Kept, store: StreamStore) => Steps<unknown>,
): Steps<boolean> {
  const store = stores.open(account, name, "kept");
  let isOpen = false;
  try {
    const isWhole = [...store.values(RESTORING)].length === 0;
    if (isWhole) yield* open(keptIn(store, name), store);
    else void store.destroy();
    isOpen = true;
    return isWhole;
  } finally {
    if (!isOpen) void store.close();
  }
}

function keptIn(store: StreamStore, name: string): Kept {
  const [, text] = [...store.values(STREAM_VALUE)]
    .find(([key]) => key === STREAM_VALUE) ?? [];
  if (text === undefined) throw new StoreError("it has no configuration");
  const kept: Kept = JSON.parse(text);
  if (kept.config.name === name) return kept;
  throw new StoreError(
    `its folder has stream ${kept.config.name}, whose name it must have`,
  );
}

/**
 * A store for a stream that is made. Throws a `StoreError` where there is one
 * already, of a stream that could not be opened.
 */
export function newStore(
  stores: StreamStores,
  account: string,
  { name, storage }: StreamConfig,
): StreamStore {
  const store = stores.open(account, name, storage);
  if (store.lastSeq === 0 && [...store.values("")].length === 0) return store;
  void store.close();
  throw new StoreError(
    `there are files of a stream ${name} that could not be opened`,
  );
}
