/**
 * What Deno's sockets read into. Who wants a larger buffer waits for it, as long
 * as those who have them get on: of thousands of connections that bring much at
 * once some are read to their end before the next.
 */
import type { DenoNews } from "./deno_news.ts";
import { type Loans, ReadLoans } from "./read_loans.ts";

/** Looks at the sockets behind which buffers that nobody gave back are waited for no more. */
const LOOKS_MAX = 3;

/** What connections borrow, one for the process. */
export class AwaitedLoans extends ReadLoans {
  readonly #news: DenoNews;
  /** Readers that want one, in their order. */
  #waiting: (() => void)[] = [];
  #isLooking = false;
  /** Looks since something was given back. */
  #looks = 0;

  constructor(news: DenoNews) {
    super();
    this.#news = news;
  }

  /** Those who have what was lent wait for their peers: nobody should wait for them. */
  get areStuck(): boolean {
    return this.#looks >= LOOKS_MAX;
  }

  /** `read` is called when there is something to borrow, or nobody should wait for that. */
  whenThereIs(read: () => void): void {
    this.#waiting.push(read);
    this.#look();
  }

  override giveBack(loans: Loans, bytes: Uint8Array): void {
    super.giveBack(loans, bytes);
    this.#looks = 0;
    while (loans.spare.length > 0 && this.#waiting.length > 0) {
      this.#waiting.shift()!();
    }
  }

  override lose(loans: Loans): void {
    super.lose(loans);
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
