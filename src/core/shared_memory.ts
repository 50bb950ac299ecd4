/** Memory that several senders look at, and that is used again behind the last of them. */

export class SharedMemory {
  /** Stays as it is until the last user has left. */
  readonly bytes: Uint8Array;
  readonly #whenFree: (() => void) | undefined;
  #users = 1;

  /** Has one user at first. `whenFree` is called when none is left. */
  constructor(bytes: Uint8Array, whenFree?: () => void) {
    this.bytes = bytes;
    this.#whenFree = whenFree;
  }

  /** One more looks at it, and wants one `leave`; without that nobody writes there any more. */
  enter(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users === 0) this.#whenFree?.();
  }
}
