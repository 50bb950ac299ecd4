/**
 * A connection as one that feeds others: slow consumers keep it from reading,
 * for as long as `consumer_watch.ts` lets them.
 */
import type { ConnectionFacts } from "./counters.ts";
import { Holds } from "./holds.ts";
import type { Input, InputOwner } from "./input.ts";
import type { TurnOutput, TurnOwner } from "./turn.ts";

export class Producer implements TurnOwner {
  readonly output: TurnOutput;
  readonly #owner: InputOwner;
  readonly #input: Input;
  readonly #facts: ConnectionFacts;
  readonly #holds = new Holds();

  constructor(
    owner: InputOwner,
    input: Input,
    output: TurnOutput,
    facts: ConnectionFacts,
  ) {
    this.#owner = owner;
    this.#input = input;
    this.output = output;
    this.#facts = facts;
  }

  get isHeld(): boolean {
    return this.#holds.isHeld;
  }

  /** A consumer keeps it from reading, behind the operation under way. Each call wants one of `letGo`. */
  hold(): void {
    this.#facts.stalls++;
    this.#holds.hold();
    this.#input.hold();
  }

  letGo(): void {
    this.#input.letGo();
    this.#holds.letGo();
  }

  whenLetGo(goesOn: () => void): void {
    this.#holds.whenLetGo(goesOn);
  }

  parseFailed(error: unknown): void {
    this.#owner.parseFailed(error);
  }

  /** Waits for the rest of its own work. Each call wants one of `endWait`. */
  wait(): void {
    this.#input.hold();
  }

  endWait(): void {
    this.#input.letGo();
  }
}
