/**
 * Buffers that sockets read into again and again. A read holds its buffer until
 * something comes, so a connection at rest keeps a small one. Larger ones are lent,
 * and there are few of them: a connection that goes silent behind a read of more than
 * the smaller size keeps one of the largest until it is heard again, and others make
 * do with the smaller ones.
 */

/** A connection's own buffer, as long as little comes at a time. */
const OWN_BYTES = 512;
/** And of one that filled that several times. */
const OWN_BYTES_BUSY = 5_000;
/** Times after which it has: each read of less takes one off again. */
const FILLED_OFTEN = 3;

/** Buffers of one size that are lent. */
export interface Loans {
  readonly bytes: number;
  /** How many there may be, lent or spare. */
  readonly max: number;
  count: number;
  readonly spare: Uint8Array[];
}

/** What connections borrow, one for the process. */
export class ReadLoans {
  /**
   * No sizes in which programs write, so that a filled buffer nearly always
   * means that there is more.
   */
  readonly sizes: readonly Loans[] = [
    { bytes: 70_000, max: 64, count: 0, spare: [] },
    { bytes: 500_000, max: 8, count: 0, spare: [] },
  ];

  /** Undefined: all are lent. */
  lend(loans: Loans): Uint8Array | undefined {
    const spare = loans.spare.pop();
    if (spare !== undefined || loans.count === loans.max) return spare;
    loans.count++;
    return new Uint8Array(loans.bytes);
  }

  giveBack(loans: Loans, bytes: Uint8Array): void {
    loans.spare.push(bytes);
  }

  /** Its receiver has it for good. */
  lose(loans: Loans): void {
    loans.count--;
  }
}

/**
 * What one connection reads into: first a buffer of its own, then larger ones
 * that are borrowed.
 */
export class ReadBuffers {
  readonly #loans: ReadLoans;
  #own: Uint8Array = new Uint8Array(OWN_BYTES);
  /** Reads that filled the own buffer, less those that did not. */
  #filled = 0;
  /** The size that is wanted next: 0 is the own one, the others are lent. */
  #step = 0;
  /** Whose buffer is being read into; undefined: the own one. */
  #lender: Loans | undefined = undefined;

  constructor(loans: ReadLoans) {
    this.#loans = loans;
  }

  /** For the next read; to be given back. Undefined: none that is large enough can be had. */
  take(): Uint8Array | undefined {
    for (let step = this.#step; step > 0; step--) {
      const lender = this.#loans.sizes[step - 1]!;
      const bytes = this.#loans.lend(lender);
      if (bytes === undefined) continue;
      this.#lender = lender;
      return bytes;
    }
    return this.#step === 0 ? this.#own : undefined;
  }

  /** The same, however large. */
  takeAny(): Uint8Array {
    return this.take() ?? this.#own;
  }

  /** `bytes` were read into, `count` of them, and handled. */
  give(bytes: Uint8Array, count: number): void {
    this.#note(bytes.length, count);
    this.drop(bytes);
  }

  /** The same, and their receiver keeps them for good. */
  lose(bytes: Uint8Array, count: number): void {
    this.#note(bytes.length, count);
    this.leave();
  }

  /** Whether a larger buffer is read into behind one of which `count` bytes were filled. */
  grows(bytes: Uint8Array, count: number): boolean {
    return count === bytes.length && this.#step < this.#loans.sizes.length;
  }

  /** Nobody has `bytes` any more. */
  drop(bytes: Uint8Array): void {
    const lender = this.#lender;
    this.#lender = undefined;
    if (lender !== undefined) this.#loans.giveBack(lender, bytes);
  }

  /** What was read stays with its receiver for good. */
  leave(): void {
    const lender = this.#lender;
    this.#lender = undefined;
    if (lender !== undefined) this.#loans.lose(lender);
    else this.#own = new Uint8Array(this.#own.length);
  }

  #note(size: number, count: number): void {
    const isFilled = count === size;
    if (this.#lender === undefined) this.#noteOwn(isFilled);
    const { sizes } = this.#loans;
    if (isFilled) this.#step = Math.min(this.#step + 1, sizes.length);
    // What would have filled the next smaller one nearly fills this one the next time.
    else if (count <= (sizes[this.#step - 2]?.bytes ?? size)) this.#step = 0;
  }

  #noteOwn(isFilled: boolean): void {
    if (!isFilled) {
      if (this.#filled > 0) this.#filled--;
    } else if (++this.#filled === FILLED_OFTEN) {
      this.#own = new Uint8Array(OWN_BYTES_BUSY);
    }
  }
}
