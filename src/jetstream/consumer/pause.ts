/** A time in which a consumer hands out nothing. */
import type { Timer } from "../../platform/clock.ts";
import { momentOf, msUntil } from "../moments.ts";
import type { StreamHost } from "../stream/stream_host.ts";

export class Pause {
  readonly #host: Pick<StreamHost, "clock" | "moments">;
  readonly #ended: () => void;
  #untilUs = 0;
  #timer: Timer | undefined = undefined;

  /** `ended` is called when the time is over. */
  constructor(
    host: Pick<StreamHost, "clock" | "moments">,
    ended: () => void,
  ) {
    this.#host = host;
    this.#ended = ended;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** In microseconds; 0: it is not on. */
  get leftUs(): number {
    if (!this.isOn) return 0;
    return Math.max(0, this.#untilUs - this.#host.moments.nowUs());
  }

  /** From now on it lasts until then; a moment that is over, or none, ends it without a word. */
  until(moment: string | undefined): void {
    this.stop();
    this.#untilUs = moment === undefined ? 0 : momentOf(moment);
    this.#watch();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    const { clock, moments } = this.#host;
    const nowUs = moments.nowUs();
    if (this.#untilUs <= nowUs) return;
    this.#timer = clock.after(msUntil(this.#untilUs, nowUs), () => {
      this.#timer = undefined;
      this.#watch();
      if (!this.isOn) this.#ended();
    });
  }
}
