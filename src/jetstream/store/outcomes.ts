/** What has become of commits, until those who wait for them are told, in their order. */
import type { StoreError } from "./stream_store.ts";

/** Told that something is on disk, or why it cannot be. */
export type Done = (error?: StoreError) => void;

interface Outcome {
  readonly waiting: readonly Done[];
  readonly fault: StoreError | undefined;
}

export class Outcomes {
  readonly #outcomes: Outcome[] = [];
  /** Called behind the next telling. */
  readonly #behind: (() => void)[] = [];

  /** What these wait for is on disk, or cannot be. They are not told yet. */
  add(waiting: readonly Done[], fault: StoreError | undefined): void {
    this.#outcomes.push({ waiting, fault });
  }

  tell(): void {
    for (let next; (next = this.#outcomes.shift()) !== undefined;) {
      for (const done of next.waiting) done(next.fault);
    }
    for (const resolve of this.#behind.splice(0)) resolve();
  }

  /** Resolves behind the next telling. */
  told(): Promise<void> {
    return new Promise((resolve) => this.#behind.push(resolve));
  }
}
