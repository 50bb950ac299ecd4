/**
 * Work on a stream that grows with its messages: a part of it at once, and each
 * other part in a later turn of the event loop, so that nobody waits for a million.
 */
import type { Steps } from "../../core/steps.ts";
import { PART_MESSAGES } from "../store/message_index.ts";
import type { StreamHost } from "./stream_host.ts";

/** How often readers are told of a message in one turn, and the least that goes then. */
const PART_TOLD = 64 * PART_MESSAGES;
const LEAST_MESSAGES = 16;

export class WorkInParts {
  /** Nobody is served yet: everything is done at once. */
  isStarting = false;
  readonly #longWork: StreamHost["longWork"];
  /** A part was done in a turn of its own. */
  readonly #partDone: () => void;
  readonly #readers: { readonly size: number };
  readonly #underWay = new Set<Promise<void>>();
  readonly #steps = new Set<Steps<unknown>>();
  #isStopped = false;

  constructor(
    { longWork }: Pick<StreamHost, "longWork">,
    partDone: () => void = () => {},
    readers: { readonly size: number } = new Set(),
  ) {
    this.#longWork = longWork;
    this.#partDone = partDone;
    this.#readers = readers;
  }

  /** Messages that a part sees to, where each reader is told of each. */
  get messages(): number {
    const most = Math.floor(PART_TOLD / Math.max(1, this.#readers.size));
    return Math.max(LEAST_MESSAGES, Math.min(PART_MESSAGES, most));
  }

  /**
   * Calls `doPart` until it gives true: now, and then in later turns. Resolves when
   * all is done, or nothing is to be done any more; undefined: all is done.
   */
  run(doPart: () => boolean): Promise<void> | undefined {
    do {
      if (doPart()) return undefined;
    } while (this.isStarting);
    const done = new Promise<void>((resolve) => {
      this.#longWork(() => {
        const isOver = this.#isStopped || doPart();
        if (!this.#isStopped) this.#partDone();
        if (isOver) resolve();
        return isOver;
      }).goOn();
    });
    this.#underWay.add(done);
    void done.then(() => this.#underWay.delete(done));
    return done;
  }

  /**
   * As `run`, of steps: gives what they come to; undefined: they are not done to the
   * end. Throws, or rejects with, what they throw.
   */
  runSteps<T>(work: Steps<T>): T | undefined | Promise<T | undefined> {
    let result: () => T | undefined = () => undefined;
    this.#steps.add(work);
    const done = this.run(() => {
      try {
        const step = work.next();
        if (!step.done) return false;
        result = () => step.value;
      } catch (error) {
        result = () => {
          throw error;
        };
      }
      this.#steps.delete(work);
      return true;
    });
    return done === undefined ? result() : done.then(() => result());
  }

  /** Resolves when all is done that is under way; undefined: nothing is. */
  get allDone(): Promise<unknown> | undefined {
    return this.#underWay.size === 0 ? undefined : Promise.all(this.#underWay);
  }

  /** What is left is not done. */
  stop(): void {
    this.#isStopped = true;
    // What they have open is closed.
    for (const work of this.#steps) work.return(undefined);
    this.#steps.clear();
  }
}
