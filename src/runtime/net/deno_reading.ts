/**
 * The buffers that Deno's sockets read into, which are used again and again. A
 * read holds its buffer until something comes, so a connection at rest keeps a
 * small one. Larger ones are lent for one read each, and there are few of them: of
 * thousands of connections that bring much at once some are read to their end
 * before the next.
 */
import type { DenoNews } from "./deno_news.ts";

/** A connection's own buffer, as long as little comes at a time. */
const OWN_BYTES = 512;
/** And of one that filled that several times. */
const OWN_BYTES_BUSY = 5_000;
/** Times after which it has: each read of less takes one off again. */
const FILLED_OFTEN = 3;
/** Looks at the sockets behind which buffers that nobody gave back are waited for no more. */
const LOOKS_MAX = 3;

/** Buffers of one size that are lent, one read each. */
interface Loans {
  readonly bytes: number;
  /** How many there may be, lent or spare. */
  readonly max: number;
  count: number;
  readonly spare: Uint8Array[];
}

/** What connections borrow, one for the process. */
export class ReadLoans {
  readonly #news: DenoNews;
  /**
   * No sizes in which programs write, so that a filled buffer nearly always
   * means that there is more.
   */
  readonly sizes: readonly Loans[] = [
    { bytes: 70_000, max: 64, count: 0, spare: [] },
    { bytes: 500_000, max: 8, count: 0, spare: [] },
  ];
  /** Readers that want one, in their order. */
  #waiting: (() => void)[] = [];
  #isLooking = false;
  /** Looks since something was given back. */
  #looks = 0;

  constructor(news: DenoNews) {
    this.#news = news;
  }

  /** Those who have what was lent wait for their peers: nobody should wait for them. */
  get areStuck(): boolean {
    return this.#looks >= LOOKS_MAX;
  }

  /** Undefined: all are lent. */
  lend(loans: Loans): Uint8Array | undefined {
    const spare = loans.spare.pop();
    if (spare !== undefined || loans.count === loans.max) return spare;
    loans.count++;
    return new Uint8Array(loans.bytes);
  }

  /** `read` is called when there is something to borrow, or nobody should wait for that. */
  whenThereIs(read: () => void): void {
    this.#waiting.push(read);
    this.#look();
  }

  giveBack(loans: Loans, bytes: Uint8Array): void {
    loans.spare.push(bytes);
    this.#looks = 0;
    while (loans.spare.length > 0 && this.#waiting.length > 0) {
      this.#waiting.shift()!();
    }
  }

  /** Its receiver has it for good. */
  lose(loans: Loans): void {
    loans.count--;
    this.#looks = 0;
    this.#waiting.shift()?.();
  }

  #look(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#news.next().then(() => {
      this.#isLooking = false;
      this.#looks++;
      if (!this.areStuck && this.#waiting.length > 0) return this.#look();
      const reads = this.#waiting;
      this.#waiting = [];
      for (const read of reads) read();
    });
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

  /** For the next read; to be given back. Undefined: `read` will be called when there is one. */
  take(read: () => void): Uint8Array | undefined {
    for (let step = this.#step; step > 0; step--) {
      const lender = this.#loans.sizes[step - 1]!;
      const bytes = this.#loans.lend(lender);
      if (bytes === undefined) continue;
      this.#lender = lender;
      return bytes;
    }
    if (this.#step === 0 || this.#loans.areStuck) return this.#own;
    this.#loans.whenThereIs(read);
    return undefined;
  }

  /** `bytes` were read into, `count` of them, and handled. */
  give(bytes: Uint8Array, count: number): void {
    const isFilled = count === bytes.length;
    if (this.#lender === undefined) this.#note(isFilled);
    const steps = this.#loans.sizes.length;
    this.#step = isFilled ? Math.min(this.#step + 1, steps) : 0;
    this.drop(bytes);
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
  }

  #note(isFilled: boolean): void {
    if (!isFilled) {
      if (this.#filled > 0) this.#filled--;
    } else if (++this.#filled === FILLED_OFTEN) {
      this.#own = new Uint8Array(OWN_BYTES_BUSY);
    }
  }
}
