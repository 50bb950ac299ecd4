/**
 * Holds the watch of one provider open. It is opened when its owner has had an
 * answer, and one that ended is not opened again before a time that doubles;
 * one that pushes without end is slowed down, and one that is silent about
 * something that it ought to have told is taken for dead.
 */
import type { Clock, Timer } from "../../platform/clock.ts";
import { checked } from "./belief.ts";
import { type Discovery, DiscoveryError, type Snapshot } from "../discovery.ts";
import { PushPace, type QuestionTurns, type Waits } from "./pace.ts";
import { eachUntilAborted } from "../until_aborted.ts";

/** A watch must tell within this time what a question brought to light. */
const WATCH_SILENCE_MS = 5000;
/** A watch that lived this long did not fail at once. */
const WATCH_GOOD_MS = 30_000;

export interface WatchOwner {
  /** The provider's last answer, for a new watch. */
  lastAnswer(): { readonly last?: Snapshot };
  onPush(snapshot: Snapshot): void;
  /** Without an error when a silent watch was given up: some only poll, and are no news. */
  onWatchEnd(error: DiscoveryError | undefined): void;
}

export class ProviderWatch {
  readonly #provider: Discovery;
  readonly #clock: Clock;
  readonly #waits: Waits;
  readonly #turns: QuestionTurns;
  readonly #owner: WatchOwner;
  readonly #stopper: AbortController = new AbortController();
  /** The one that is open, or waits for its turn. */
  #open: AbortController | undefined;
  /** Those in a row that did not live long. */
  #failures = 0;
  #againAtMs = -Infinity;
  /** Runs while the watch has not told what a question has. */
  #silence: Timer | undefined;

  constructor(
    provider: Discovery,
    clock: Clock,
    pace: { readonly waits: Waits; readonly turns: QuestionTurns },
    owner: WatchOwner,
  ) {
    this.#provider = provider;
    this.#clock = clock;
    this.#waits = pace.waits;
    this.#turns = pace.turns;
    this.#owner = owner;
  }

  /** How soon an answer may open a watch; infinite if there is one, or none can be. */
  get isMissingForMs(): number {
    const isMissing = this.#provider.watch !== undefined &&
      this.#open === undefined && !this.#stopper.signal.aborted;
    return isMissing
      ? Math.max(0, this.#againAtMs - this.#clock.monotonic())
      : Infinity;
  }

  /** Opens a watch if there is none and its time has come. */
  open(): void {
    if (this.isMissingForMs > 0) return;
    this.#open = new AbortController();
    void this.#followInTurn(this.#open.signal);
  }

  /** A question brought something to light: a watch that tells nothing of it hangs. */
  expectNews(): void {
    const watch = this.#open;
    if (watch === undefined || this.#silence !== undefined) return;
    this.#silence = this.#clock.after(WATCH_SILENCE_MS, () => watch.abort());
  }

  /** For good. The owner hears no more. */
  stop(reason: DiscoveryError): void {
    this.#stopper.abort(reason);
    this.#open?.abort(reason);
    this.#expectNoNews();
  }

  async #followInTurn(signal: AbortSignal): Promise<void> {
    await this.#turns.take(this.#stopper.signal);
    if (this.#stopper.signal.aborted) return;
    const openedMs = this.#clock.monotonic();
    const error = await this.#follow(signal);
    if (this.#stopper.signal.aborted) return;
    this.#onEnd(this.#clock.monotonic() - openedMs);
    this.#owner.onWatchEnd(signal.aborted ? undefined : error);
  }

  async #follow(signal: AbortSignal): Promise<DiscoveryError> {
    const pace = new PushPace(this.#clock);
    const { name } = this.#provider;
    try {
      const stream = this.#provider.watch!({
        signal,
        ...this.#owner.lastAnswer(),
      });
      for await (const snapshot of eachUntilAborted(stream, signal)) {
        if (signal.aborted) break;
        this.#expectNoNews();
        this.#owner.onPush(checked(snapshot));
        await pace.next(signal);
      }
      return new DiscoveryError(`The watch of "${name}" ended`);
    } catch (error) {
      if (error instanceof DiscoveryError) return error;
      return new DiscoveryError(`Watching "${name}" failed`, { cause: error });
    }
  }

  #onEnd(livedMs: number): void {
    this.#expectNoNews();
    this.#open = undefined;
    this.#failures = livedMs < WATCH_GOOD_MS ? this.#failures + 1 : 1;
    this.#againAtMs = this.#clock.monotonic() +
      this.#waits.afterFailures(this.#failures);
  }

  #expectNoNews(): void {
    this.#silence?.cancel();
    this.#silence = undefined;
  }
}
