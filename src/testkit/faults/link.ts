/**
 * What stands between two places of a test's network: a `FaultyLink` is open, slow or
 * cut, and a `Lane` is one direction of one connection across it. Things pass a
 * lane in order, each as late as the link says, and none while it is cut.
 */
import type { Clock } from "../../platform/clock.ts";

/** The way between two places, for all connections that go along it. */
export class FaultyLink {
  /** How long everything is under way, in each direction. */
  delayMs = 0;
  #isCut = false;
  readonly #waiting = new Set<() => void>();

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Nothing is held back, and nothing comes late. */
  get isOpen(): boolean {
    return !this.#isCut && this.delayMs === 0;
  }

  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const run of waiting) run();
  }

  /** Calls `run` when the link heals; call the result to forget that. */
  afterHeal(run: () => void): () => void {
    this.#waiting.add(run);
    return () => this.#waiting.delete(run);
  }
}

/** Something on its way: bytes, or the end of a connection. */
interface Passage {
  readonly pass: () => void;
  readonly bytes: number;
  readonly dueAt: number;
}

export class Lane {
  /** Bytes that are on their way. */
  heldBytes = 0;
  /** Something has passed. */
  onPassed: () => void = () => {};
  readonly #clock: Clock;
  #link: FaultyLink;
  #passages: Passage[] = [];
  #lastDueAt = 0;
  #isBlocked = false;
  /** Set while a timer or a healing is waited for. */
  #stopWaiting: (() => void) | undefined;

  constructor(clock: Clock, link: FaultyLink) {
    this.#clock = clock;
    this.#link = link;
  }

  /** What comes now cannot pass at once. */
  get isBusy(): boolean {
    return this.#passages.length > 0 || this.#isBlocked || !this.#link.isOpen;
  }

  /** Goes along another link from now on. */
  moveTo(link: FaultyLink): void {
    this.#link = link;
    this.#waitAnew();
  }

  /** Calls `pass` when it is its turn. */
  send(bytes: number, pass: () => void): void {
    const now = this.#clock.monotonic();
    this.#lastDueAt = Math.max(this.#lastDueAt, now + this.#link.delayMs);
    this.#passages.push({ pass, bytes, dueAt: this.#lastDueAt });
    this.heldBytes += bytes;
    this.#wait();
  }

  /** Nothing passes until `unblock`. */
  block(): void {
    this.#isBlocked = true;
  }

  unblock(): void {
    this.#isBlocked = false;
    this.#wait();
  }

  /** All that is on its way is lost. */
  clear(): void {
    this.#passages = [];
    this.heldBytes = 0;
    this.#waitAnew();
  }

  #waitAnew(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#wait();
  }

  #wait(): void {
    const next = this.#passages[0];
    const mayWait = this.#stopWaiting === undefined && !this.#isBlocked;
    if (next === undefined || !mayWait) return;
    if (this.#link.isCut) {
      this.#stopWaiting = this.#link.afterHeal(() => this.#waitAnew());
      return;
    }
    const wait = Math.max(0, next.dueAt - this.#clock.monotonic());
    const timer = this.#clock.after(wait, () => this.#pass());
    this.#stopWaiting = () => timer.cancel();
  }

  #pass(): void {
    this.#stopWaiting = undefined;
    const now = this.#clock.monotonic();
    // The first is due, as it was waited for, whatever rounding says.
    for (let isFirst = true; this.#mayPass(now, isFirst); isFirst = false) {
      const { pass, bytes } = this.#passages.shift()!;
      this.heldBytes -= bytes;
      pass();
    }
    this.onPassed();
    this.#wait();
  }

  #mayPass(now: number, isFirst: boolean): boolean {
    const next = this.#passages[0];
    if (next === undefined || this.#isBlocked || this.#link.isCut) return false;
    return isFirst || next.dueAt <= now;
  }
}
