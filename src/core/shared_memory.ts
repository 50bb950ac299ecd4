/** Memory that several senders look at, and that is used again behind the last of them. */

export class SharedMemory {
  /** Stays as it is until the last user has left. */
  readonly bytes: Uint8Array;
  readonly #memory: Uint8Array;
  readonly #whenFree: ((memory: Uint8Array) => void) | undefined;
  #users = 1;

  /**
   * Has one user at first. When none is left `whenFree` is given `memory`, which
   * the bytes lie in.
   */
  constructor(
    bytes: Uint8Array,
    memory: Uint8Array = bytes,
    whenFree?: (memory: Uint8Array) => void,
  ) {
    this.bytes = bytes;
    this.#memory = memory;
    this.#whenFree = whenFree;
  }

  /** One more looks at it, and wants one `leave`; without that nobody writes there any more. */
  enter(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users === 0) this.#whenFree?.(this.#memory);
  }
}
