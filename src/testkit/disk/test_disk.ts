/**
 * The disk of one node of a test's cluster: its streams outlive the node's lives,
 * in memory or in files, and it can be slow, full, and damaged.
 *
 * More than a dozen members: because a test sets its faults here, and the node
 * its lives.
 */
import { InvalidArgumentError } from "../../core/errors.ts";
import { MemoryStore } from "../../jetstream/store/memory_store.ts";
import type { StoreKind, StreamStores } from "../../jetstream/store/stores.ts";
import type { StreamStore } from "../../jetstream/store/stream_store.ts";
import type { Clock } from "../../platform/clock.ts";
import type { RunSoon } from "../../platform/turns.ts";
import { type DiskSpace, DiskStore } from "./disk_store.ts";

/** What a life of a node has of time. */
export interface DiskTime {
  readonly clock: Clock;
  readonly runSoon: RunSoon;
}

/** One stream on the disk. */
interface Place {
  readonly account: string;
  readonly stream: string;
  readonly damaged: Set<number>;
  /** What it keeps without files. */
  readonly memory: MemoryStore;
  open: DiskStore | undefined;
}

const GLOBAL_ACCOUNT = "$G";

/**
 * The disk of a node with JetStream: what a test may do to it. Streams with
 * `storage: "memory"` are not on it.
 *
 * ```ts
 * await using cluster = await startCluster({
 *   size: 1,
 *   node: () => ({ jetstream: true }),
 * });
 * const { disk } = cluster.nodes[0]!;
 * disk.freeBytes = 0; // publishes are refused
 * disk.freeBytes = Infinity;
 * ```
 */
export class TestDisk {
  /** How long each write takes, in milliseconds of the cluster's clock. */
  delayMs: number = 0;
  /** What is left of the disk, in bytes. What does not fit is refused as a whole. */
  freeBytes: number = Infinity;
  /**
   * What a kill leaves of that which was written and not synced: nothing, all
   * of it, or its first bytes. A record that is cut in two is not there
   * afterwards.
   */
  unsynced: "lost" | "kept" | number = "lost";
  readonly #name: string;
  readonly #places = new Map<string, Place>();
  /** What is behind it in the last life of the node. */
  #stores: StreamStores | undefined;

  /** @internal */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Flips a bit of a message that the disk has: it cannot be read from then on,
   * as the log of the node says, and all others can. Throws an
   * `InvalidArgumentError` where there is no such message.
   */
  flipBit(stream: string, seq: number, account: string = GLOBAL_ACCOUNT): void {
    const place = this.#places.get(keyOf(account, stream));
    if (place === undefined) {
      throw new InvalidArgumentError(
        `There is no stream ${stream} of ${account} on the disk of ${this.#name}`,
      );
    }
    let isThere = place.memory.load(seq) !== undefined;
    try {
      isThere ||= place.open?.load(seq) !== undefined;
    } catch {
      isThere = true;
    }
    if (!isThere) {
      throw new InvalidArgumentError(`${stream} has no message ${seq}`);
    }
    place.damaged.add(seq);
  }

  /** @internal The stores of a life of the node. */
  over(stores: StreamStores, time: DiskTime): StreamStores {
    this.#stores = stores;
    return {
      isDurable: true,
      names: (account) => this.#names(account),
      remove: (account, stream) => this.#remove(account, stream),
      open: (account, stream, kind) =>
        kind === "memory"
          ? stores.open(account, stream, kind)
          : this.#open(account, stream, kind, stores, time),
    };
  }

  /** @internal The node is killed: from now on nothing is written. */
  die(): void {
    const { unsynced } = this;
    const bytes = unsynced === "lost"
      ? -1
      : unsynced === "kept"
      ? Infinity
      : unsynced;
    for (const { open } of this.#places.values()) open?.die(bytes);
  }

  /** @internal The node, which is dead, has another disk, with nothing on it. */
  wipe(): void {
    for (const { account, stream } of this.#places.values()) {
      this.#stores?.remove(account, stream);
    }
    this.#places.clear();
  }

  #names(account: string): string[] {
    const inFiles = this.#stores?.names(account) ?? [];
    if (this.#stores?.isDurable) return inFiles;
    return [...this.#places.values()]
      .filter((place) => place.account === account)
      .map(({ stream }) => stream);
  }

  #remove(account: string, stream: string): void {
    this.#places.delete(keyOf(account, stream));
    this.#stores?.remove(account, stream);
  }

  #open(
    account: string,
    stream: string,
    kind: StoreKind,
    stores: StreamStores,
    { clock, runSoon }: DiskTime,
  ): StreamStore {
    const key = keyOf(account, stream);
    const place: Place = this.#places.get(key) ?? {
      account,
      stream,
      damaged: new Set(),
      memory: new MemoryStore(),
      open: undefined,
    };
    const behind = stores.isDurable
      ? stores.open(account, stream, kind)
      : place.memory;
    this.#places.set(key, place);
    const space: DiskSpace = {
      place: `stream ${stream} of ${account} on the disk of ${this.#name}`,
      damaged: place.damaged,
      take: (bytes) => this.#take(bytes),
      written: (run) =>
        this.delayMs > 0 ? void clock.after(this.delayMs, run) : run(),
      destroyed: () => void this.#places.delete(key),
    };
    place.open = new DiskStore(behind, space, runSoon);
    return place.open;
  }

  #take(bytes: number): boolean {
    if (bytes > this.freeBytes) return false;
    this.freeBytes -= bytes;
    return true;
  }
}

function keyOf(account: string, stream: string): string {
  return `${account}\n${stream}`;
}
