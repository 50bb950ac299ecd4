/**
 * Looks after one provider for a finder: asks it when its time has come, and
 * tells what is believed of its answers. There is one question at a time, and
 * one timer for the next one.
 *
 * A watch is opened only after a question was answered, so a provider that is
 * down is asked and not watched; a watch that ended brings the next question
 * forward, and its answer opens the next watch.
 */
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import { areSame, Belief, checked, EMPTY_DOUBT_MS } from "./belief.ts";
import {
  type Discovery,
  DiscoveryError,
  type Reason,
  type Snapshot,
} from "../discovery.ts";
import type { FinderAnswer, FinderEvents } from "./finder_events.ts";
import { QuestionTurns, Waits } from "./pace.ts";
import { ProviderWatch } from "./provider_watch.ts";
import { untilAborted } from "../until_aborted.ts";

/** A question that is not answered within this time has failed. */
const ANSWER_TIMEOUT_MS = 5000;

export class ProviderSeeker {
  /** By which its answers are told. */
  readonly #name: string;
  readonly #provider: Discovery;
  readonly #clock: Clock;
  readonly #events: FinderEvents;
  readonly #periodMs: number;
  readonly #waits: Waits;
  readonly #turns: QuestionTurns;
  readonly #belief: Belief;
  readonly #watch: ProviderWatch;
  readonly #stopper: AbortController = new AbortController();
  #isStarted = false;
  /** Why servers or nodes are being sought; undefined while one is reached. */
  #seeking: Reason | undefined;
  /** The one that is pending, or waits for its turn. */
  #question: Promise<void> | undefined;
  #request: AbortController | undefined;
  #nextQuestion: Timer | undefined;
  /** Questions in a row that failed, and answers since the seeking began. */
  #failures = 0;
  #seekAnswers = 0;
  /** How many answers were pushed. */
  #pushes = 0;

  constructor(
    name: string,
    provider: Discovery,
    platform: { readonly clock: Clock; readonly random: Random },
    events: FinderEvents,
    periodMs: number,
  ) {
    this.#name = name;
    this.#provider = provider;
    this.#clock = platform.clock;
    this.#events = events;
    this.#periodMs = periodMs;
    this.#waits = new Waits(platform.random);
    this.#turns = new QuestionTurns(platform.clock);
    this.#belief = new Belief(platform.clock);
    const pace = { waits: this.#waits, turns: this.#turns };
    this.#watch = new ProviderWatch(provider, platform.clock, pace, {
      lastAnswer: () => this.#lastAnswer(),
      onPush: (snapshot) => this.#onPush(snapshot),
      onWatchEnd: (error) => this.#onWatchEnd(error),
    });
  }

  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (this.#belief.last === undefined) {
      void this.ask("connect");
    } else {
      this.#watch.open();
      this.#planNextQuestion();
    }
  }

  /** Resolves when the pending question, or a new one, is over. */
  ask(reason: Reason): Promise<void> {
    this.#question ??= this.#askInTurn(reason);
    return this.#question;
  }

  seek(reason: Reason): void {
    const isSeeking = this.#seeking !== undefined;
    this.#seeking = reason;
    if (isSeeking) return;
    this.#seekAnswers = 0;
    this.#failures = 0;
    void this.ask(reason);
  }

  rest(): void {
    if (this.#seeking === undefined) return;
    this.#seeking = undefined;
    this.#planNextQuestion();
  }

  stop(): void {
    const reason = new DiscoveryError(
      `Asking "${this.#provider.name}" was given up`,
    );
    this.#stopper.abort(reason);
    this.#request?.abort(reason);
    this.#watch.stop(reason);
    this.#nextQuestion?.cancel();
  }

  get #isStopped(): boolean {
    return this.#stopper.signal.aborted;
  }

  async #askInTurn(reason: Reason): Promise<void> {
    await this.#turns.take(this.#stopper.signal);
    if (this.#isStopped) return;
    const pushes = this.#pushes;
    const outcome = await this.#answerTo(reason);
    this.#question = undefined;
    if (this.#isStopped) return;
    if (outcome instanceof DiscoveryError) this.#onFailure(reason, outcome);
    else this.#onAnswer(reason, outcome, pushes !== this.#pushes);
    this.#planNextQuestion();
  }

  async #answerTo(reason: Reason): Promise<Snapshot | DiscoveryError> {
    const request = new AbortController();
    this.#request = request;
    const deadline = this.#clock.after(
      ANSWER_TIMEOUT_MS,
      () => request.abort(this.#timedOut()),
    );
    try {
      const answer = this.#provider.resolve({
        signal: request.signal,
        reason,
        ...this.#lastAnswer(),
      });
      return checked(await untilAborted(answer, request.signal));
    } catch (error) {
      if (error instanceof DiscoveryError) return error;
      const what = `Asking "${this.#provider.name}" failed`;
      return new DiscoveryError(what, { cause: error });
    } finally {
      deadline.cancel();
      this.#request = undefined;
    }
  }

  #onFailure(reason: Reason, error: DiscoveryError): void {
    this.#failures++;
    this.#belief.fail();
    this.#tellAnswer(reason, 0, error);
  }

  #onAnswer(reason: Reason, snapshot: Snapshot, wasOvertaken: boolean): void {
    this.#failures = 0;
    this.#seekAnswers++;
    if (wasOvertaken) {
      // What was pushed since the question may be newer than the answer.
      this.#tellAnswer(reason, snapshot.endpoints.length);
      return;
    }
    if (this.#isNews(snapshot)) this.#watch.expectNews();
    this.#tell(reason, snapshot);
    if (this.#isStarted) this.#watch.open();
  }

  #onPush(snapshot: Snapshot): void {
    this.#pushes++;
    const wasInDoubt = this.#belief.isInDoubt;
    this.#tell("watch", snapshot);
    if (this.#belief.isInDoubt && !wasInDoubt) this.#planNextQuestion();
  }

  #onWatchEnd(error: DiscoveryError | undefined): void {
    if (error !== undefined) this.#tellAnswer("watch", 0, error);
    this.#planNextQuestion();
  }

  #tell(reason: Reason | "watch", snapshot: Snapshot): void {
    const isBelieved = this.#belief.take(snapshot);
    this.#tellAnswer(reason, snapshot.endpoints.length);
    // The owner may have stopped everything on hearing that.
    if (isBelieved && !this.#isStopped) {
      this.#events.onFound(this.#name, this.#belief.endpoints);
    }
  }

  #tellAnswer(
    reason: FinderAnswer["reason"],
    count: number,
    error?: DiscoveryError,
  ): void {
    const provider = this.#name;
    this.#events.onAnswer({ provider, reason, count, ...(error && { error }) });
  }

  #planNextQuestion(): void {
    this.#nextQuestion?.cancel();
    const isWanted = this.#isStarted || this.#seeking !== undefined;
    if (this.#isStopped || !isWanted || this.#question !== undefined) return;
    this.#nextQuestion = this.#clock.after(
      this.#waitMs(),
      () => void this.ask(this.#seeking ?? "periodic"),
    );
  }

  #waitMs(): number {
    if (this.#failures > 0) return this.#waits.afterFailures(this.#failures);
    const waitMs = this.#waitWhenAnswered();
    return this.#isStarted
      ? Math.min(waitMs, this.#watch.isMissingForMs)
      : waitMs;
  }

  #waitWhenAnswered(): number {
    if (this.#seeking !== undefined) {
      return this.#waits.afterSeeking(this.#seekAnswers);
    }
    return this.#belief.isInDoubt
      ? this.#waits.atLeast(EMPTY_DOUBT_MS)
      : this.#waits.period(this.#periodMs, this.#belief.last?.ttlMs);
  }

  #isNews({ endpoints }: Snapshot): boolean {
    return !areSame(this.#belief.last?.endpoints ?? [], endpoints);
  }

  #lastAnswer(): { readonly last?: Snapshot } {
    const last = this.#belief.last;
    return last === undefined ? {} : { last };
  }

  #timedOut(): DiscoveryError {
    const { name } = this.#provider;
    return new DiscoveryError(
      `"${name}" did not answer in ${ANSWER_TIMEOUT_MS} ms`,
    );
  }
}
