/**
 * The nodes that a registry knows, each until its announcement expires. An index
 * grows with every change, so a reader that has seen one index can wait for the
 * next. Time is the monotonic clock's: setting the machine's clock neither
 * expires nor prolongs anything.
 */
import type { Clock, Timer } from "../platform/clock.ts";
import { MidgeError } from "../core/errors.ts";
import {
  type NodeRecord,
  NODES_MAX,
  nodeToJson,
} from "../discovery/node_record.ts";

/** The most characters that all nodes together may take as JSON: a reader gets the whole list at once. */
export const STORE_CHARS_MAX = 524_288;

/** The answer to an announcement. */
export interface Announced {
  /** The index at which the node last changed. */
  readonly index: number;
  readonly isNew: boolean;
}

/** A node, for the state file. */
export interface KeptNode {
  readonly node: NodeRecord;
  readonly ttlMs: number;
}

interface Entry extends KeptNode {
  /** As JSON; two nodes with the same text are the same. */
  readonly text: string;
  readonly index: number;
  readonly expiresAt: number;
}

/** Told of nodes that expire, and of every change. */
export interface StoreEvents {
  onExpired(id: string): void;
  /** A node was added, changed or removed. */
  onChange(): void;
}

/** There is no room for one more node. */
export class StoreFull extends MidgeError {
  override readonly name = "StoreFull";

  constructor(message: string) {
    super("REGISTRY_FULL", message);
  }
}

export class NodeStore {
  readonly #clock: Clock;
  readonly #events: StoreEvents;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<() => void>();
  #index: number;
  #chars = 0;
  #expiry: Timer | undefined = undefined;
  #expiryAt = Infinity;
  #closed = false;

  /**
   * The index begins at the wall clock's milliseconds, so that a registry that
   * forgot everything does not repeat what its readers have seen.
   */
  constructor(clock: Clock, events: StoreEvents) {
    this.#clock = clock;
    this.#events = events;
    this.#index = clock.now();
  }

  get index(): number {
    return this.#index;
  }

  get size(): number {
    return this.#entries.size;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get nodes(): NodeRecord[] {
    return [...this.#entries.values()].map(({ node }) => node);
  }

  /** Everything that a restart should keep. */
  get kept(): KeptNode[] {
    return [...this.#entries.values()]
      .map(({ node, ttlMs }) => ({ node, ttlMs }));
  }

  /** Takes in a node, or renews it. Throws `StoreFull`. */
  put(node: NodeRecord, ttlMs: number): Announced {
    const text = JSON.stringify(nodeToJson(node));
    const former = this.#entries.get(node.id);
    this.#makeSure(text, former);
    const changed = former?.text !== text;
    const index = changed ? this.#index + 1 : former.index;
    const expiresAt = this.#clock.monotonic() + ttlMs;
    this.#entries.set(node.id, { node, ttlMs, text, index, expiresAt });
    this.#chars += text.length - (former?.text.length ?? 0);
    this.#expireAt(expiresAt);
    if (changed) this.#changed();
    return { index, isNew: former === undefined };
  }

  /** Forgets a node; false when it was not known. */
  remove(id: string): boolean {
    if (!this.#forget(id)) return false;
    this.#changed();
    return true;
  }

  /** Takes in the nodes of an earlier run; each has to renew its announcement in time. */
  restore(nodes: readonly KeptNode[], index: number): void {
    this.#index = Math.max(this.#index, index);
    for (const { node, ttlMs } of nodes) this.put(node, ttlMs);
  }

  /**
   * Resolves to true once the index differs from `index`, and to false when
   * `waitMs` have passed, the signal aborts or the store closes.
   */
  changedSince(
    index: number,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (index !== this.#index) return Promise.resolve(true);
    if (this.#closed || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", end);
        this.#waiting.delete(end);
        resolve(index !== this.#index);
      };
      const timer = this.#clock.after(waitMs, end);
      signal.addEventListener("abort", end);
      this.#waiting.add(end);
    });
  }

  /** Ends all waits; from now on nothing expires. */
  close(): void {
    this.#closed = true;
    this.#expiry?.cancel();
    this.#wake();
  }

  #makeSure(text: string, former: Entry | undefined): void {
    if (former === undefined && this.#entries.size >= NODES_MAX) {
      throw new StoreFull(`The registry holds ${NODES_MAX} nodes, its limit`);
    }
    const chars = this.#chars - (former?.text.length ?? 0) + text.length;
    if (chars > STORE_CHARS_MAX) {
      throw new StoreFull(
        `The registry holds nodes of ${STORE_CHARS_MAX} characters, its limit`,
      );
    }
  }

  #forget(id: string): boolean {
    this.#chars -= this.#entries.get(id)?.text.length ?? 0;
    return this.#entries.delete(id);
  }

  #changed(): void {
    this.#index++;
    this.#events.onChange();
    this.#wake();
  }

  #wake(): void {
    for (const end of [...this.#waiting]) end();
  }

  // A renewal moves no timer: the one that runs expires what is due and sets itself anew.
  #expireAt(at: number): void {
    if (this.#closed || at >= this.#expiryAt) return;
    this.#expiry?.cancel();
    this.#expiryAt = at;
    const delayMs = Math.max(0, at - this.#clock.monotonic());
    this.#expiry = this.#clock.after(delayMs, () => this.#expire());
  }

  #expire(): void {
    const now = this.#clock.monotonic();
    this.#expiryAt = Infinity;
    let next = Infinity;
    const due: string[] = [];
    for (const [id, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) due.push(id);
      else next = Math.min(next, expiresAt);
    }
    for (const id of due) {
      this.#forget(id);
      this.#events.onExpired(id);
    }
    if (next < Infinity) this.#expireAt(next);
    if (due.length > 0) this.#changed();
  }
}
