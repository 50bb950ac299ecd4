/**
 * Rings when it is time to look at a file or a folder again: at once when the
 * platform tells of a change, and every second in any case, because a network
 * file system tells nothing and a folder that was replaced is watched no more.
 */
import type { Timer } from "../../platform/clock.ts";
import type { FilePlatform } from "../sources/node_files.ts";

const LOOK_AGAIN_MS = 1000;

export class FileBell {
  readonly #platform: FilePlatform;
  readonly #signal: AbortSignal;
  readonly #endWatch: () => void;
  #hasChanged = false;
  #timer: Timer | undefined;
  #wake: (() => void) | undefined;

  /** Watches until `end` is called. */
  constructor(path: string, platform: FilePlatform, signal: AbortSignal) {
    this.#platform = platform;
    this.#signal = signal;
    this.#endWatch = platform.files.watch(path, this.#onChange);
    signal.addEventListener("abort", this.#onChange);
  }

  /** Resolves with whether something has changed for certain; also when the signal aborts. */
  async rings(): Promise<boolean> {
    if (!this.#hasChanged && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#timer = this.#platform.clock.after(LOOK_AGAIN_MS, resolve);
      });
    }
    this.#timer?.cancel();
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  end(): void {
    this.#timer?.cancel();
    this.#endWatch();
    this.#signal.removeEventListener("abort", this.#onChange);
  }

  readonly #onChange = (): void => {
    this.#hasChanged = true;
    this.#wake?.();
  };
}
