/**
 * The server as one that feeds clients with what it keeps, over many turns of the
 * event loop: a part in each, between which what was written is flushed and
 * sockets are served. A client that lags holds it as it holds other producers.
 */
import type { HeldProducer } from "./consumer_watch.ts";
import { Holds } from "./holds.ts";
import type { Turn, TurnOutput, TurnOwner } from "./turn.ts";

/** What feeds others in its turns: a connection, or the server. */
export interface Feeding extends TurnOwner, HeldProducer {}

/** The server says nothing to itself. */
const NO_OUTPUT: TurnOutput = {
  isNoted: false,
  waitingBytes: 0,
  flush: () => {},
};

export class Feeder implements Feeding {
  readonly output: TurnOutput = NO_OUTPUT;
  readonly #turn: Turn<Feeding>;
  readonly #step: () => boolean;
  readonly #holds = new Holds();

  /** `step` does a part of the work, and gives true behind the last one. */
  constructor(turn: Turn<Feeding>, step: () => boolean) {
    this.#turn = turn;
    this.#step = step;
  }

  /** Goes on with the work in the next round, and from then on until it is done. */
  goOn(): void {
    this.#turn.rounds.enter(this.#run);
  }

  readonly #run = (): void => {
    if (this.isHeld) return this.whenLetGo(() => this.goOn());
    this.#turn.begin(this);
    let isDone = true;
    try {
      isDone = this.#step();
    } finally {
      this.#turn.end("whole");
    }
    if (!isDone) this.goOn();
  };

  get isHeld(): boolean {
    return this.#holds.isHeld;
  }

  hold(): void {
    this.#holds.hold();
  }

  letGo(): void {
    this.#holds.letGo();
  }

  whenLetGo(goesOn: () => void): void {
    this.#holds.whenLetGo(goesOn);
  }

  wait(): void {
    this.hold();
  }

  endWait(): void {
    this.letGo();
  }

  parseFailed(error: unknown): void {
    throw error;
  }
}
