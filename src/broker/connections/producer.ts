/**
 * A connection as one that feeds others: slow consumers keep it from reading,
 * if its kind allows that, until they have caught up.
 */
import type { ConnectionFacts } from "./counters.ts";
import type { Input, InputOwner } from "./input.ts";
import type { TurnOutput, TurnOwner } from "./turn.ts";

export class Producer implements TurnOwner {
  readonly output: TurnOutput;
  /** False where nothing that is slow is a reason to stop: a route carries everybody's messages. */
  readonly mayBeHeld: boolean;
  readonly #owner: InputOwner;
  readonly #input: Input;
  readonly #facts: ConnectionFacts;

  constructor(
    owner: InputOwner,
    input: Input,
    output: TurnOutput,
    facts: ConnectionFacts,
    mayBeHeld: boolean,
  ) {
    this.#owner = owner;
    this.#input = input;
    this.output = output;
    this.#facts = facts;
    this.mayBeHeld = mayBeHeld;
  }

  /** Keeps it from reading, behind the operation under way. Each call wants one of `letGo`. */
  hold(): void {
    this.#facts.stalls++;
    this.#input.hold();
  }

  letGo(): void {
    this.#input.letGo();
  }

  parseFailed(error: unknown): void {
    this.#owner.parseFailed(error);
  }

  /** Waits for the rest of its own work. Each call wants one of `letGo`. */
  wait(): void {
    this.#input.hold();
  }
}
