/**
 * When clients are told what changed about the cluster: at once, and then at
 * most once in a tenth of a second, however many servers come and go.
 */
import type { Clock, Timer } from "../../platform/clock.ts";

/** Milliseconds from one push to the next. */
const PAUSE_MS = 100;

/** Whose addresses are others now. NATS: clients hear of those by which they came alone. */
export interface UrlNews {
  readonly clients: boolean;
  readonly webSockets: boolean;
}

export class InfoPush {
  readonly #clock: Clock;
  readonly #push: () => void;
  #pause: Timer | undefined = undefined;
  #isWanted = false;

  constructor(clock: Clock, push: () => void) {
    this.#clock = clock;
    this.#push = push;
  }

  /** There are news. */
  request(): void {
    this.#isWanted = true;
    if (this.#pause === undefined) this.#run();
  }

  /** Nothing is left to be told. */
  stop(): void {
    this.#isWanted = false;
    this.#pause?.cancel();
    this.#pause = undefined;
  }

  #run(): void {
    if (!this.#isWanted) return;
    this.#isWanted = false;
    this.#pause = this.#clock.after(PAUSE_MS, () => {
      this.#pause = undefined;
      this.#run();
    });
    this.#push();
  }
}
