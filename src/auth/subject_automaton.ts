/**
 * A few patterns compiled into one: it reads a subject once, byte by byte, and
 * then knows which of them match. A state is how far each pattern has matched;
 * states are made when some subject first leads to them, and bytes that no
 * pattern names count as one. So a subject costs the same whether it is new or
 * not, one table look-up for each byte, and nothing is allocated for it.
 */
import { DOT, GREATER, STAR } from "../core/ascii.ts";

/** A pattern with wildcards, and the bits that stand for it. */
export interface Pattern {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/** Place of a pattern's next byte, with what leads on from there. */
interface Step {
  readonly id: number;
  /** What has come so far is a subject of the pattern. */
  readonly bits: number;
  after(byte: number): Step | undefined;
}

/** No transition is known: nothing leads back to the beginning. */
const UNKNOWN = 0;
/** No pattern can match any more. All other states are even. */
const NOWHERE = 1;
/** A table with more entries is begun anew. */
const ENTRIES_MAX = 32_768;
const STATES_MIN = 8;
/** A byte that no pattern names. */
const OTHER = -1;

export class SubjectAutomaton {
  /** Each byte's class; 0: any that no pattern names. */
  readonly #classes = new Uint16Array(256);
  /** A byte of each class. */
  readonly #examples: number[] = [OTHER];
  readonly #first: readonly Step[];
  /** Class numbers take this many bits. */
  readonly #shift: number;
  readonly #entriesMax: number;
  /** By state and class: the state that follows. */
  #moves: Uint16Array = new Uint16Array(0);
  /** Of each state: what has matched, and where the patterns stand. */
  #bits: number[] = [];
  #steps: (readonly Step[])[] = [];
  #known = new Map<string, number>();

  constructor(
    patterns: readonly Pattern[],
    entriesMax: number = ENTRIES_MAX,
  ) {
    this.#entriesMax = entriesMax;
    this.#name(DOT);
    for (const { bytes } of patterns) {
      for (const byte of bytes) this.#name(byte);
    }
    this.#shift = Math.ceil(Math.log2(this.#examples.length));
    const compiler = new Compiler();
    this.#first = patterns.map((pattern) => compiler.compile(pattern));
    this.#begin();
  }

  /** The bits of all patterns that match `buffer[start, end)`. */
  match(buffer: Uint8Array, start: number, end: number): number {
    const classes = this.#classes;
    let state = 1 << this.#shift;
    for (let i = start; i < end; i++) {
      const kind = classes[buffer[i]!]!;
      const next = this.#moves[state + kind]!;
      state = next === UNKNOWN ? this.#learn(state, kind) : next;
      if (state === NOWHERE) return 0;
    }
    return this.#bits[state >> this.#shift]!;
  }

  #name(byte: number): void {
    if (this.#classes[byte] !== 0) return;
    this.#classes[byte] = this.#examples.length;
    this.#examples.push(byte);
  }

  /** Forgets all states but the first one. */
  #begin(): void {
    this.#moves = new Uint16Array(STATES_MIN << this.#shift);
    // Nothing is in the place of `UNKNOWN`.
    this.#bits = [0];
    this.#steps = [[]];
    this.#known = new Map();
    this.#stateOf(this.#first);
  }

  #learn(state: number, kind: number): number {
    const byte = this.#examples[kind]!;
    const steps: Step[] = [];
    for (const step of this.#steps[state >> this.#shift]!) {
      const next = step.after(byte);
      if (next !== undefined) steps.push(next);
    }
    if (steps.length === 0) return this.#moves[state + kind] = NOWHERE;
    const known = this.#known.get(keyOf(steps));
    if (known !== undefined) return this.#moves[state + kind] = known;
    if ((this.#steps.length + 1) << this.#shift > this.#entriesMax) {
      this.#begin();
      return this.#stateOf(steps);
    }
    const made = this.#stateOf(steps);
    return this.#moves[state + kind] = made;
  }

  #stateOf(steps: readonly Step[]): number {
    const key = keyOf(steps);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const state = this.#steps.length << this.#shift;
    let bits = 0;
    for (const step of steps) bits |= step.bits;
    this.#bits.push(bits);
    this.#steps.push(steps);
    this.#known.set(key, state);
    const entries = this.#steps.length << this.#shift;
    if (entries > this.#moves.length) {
      const more = new Uint16Array(this.#moves.length * 2);
      more.set(this.#moves);
      this.#moves = more;
    }
    return state;
  }
}

/** Each pattern is at one place at a time, so the places say all. */
function keyOf(steps: readonly Step[]): string {
  return steps.map(({ id }) => id).join();
}

/** Makes the steps of patterns, the last one first. */
class Compiler {
  #steps = 0;

  compile({ bytes, bits }: Pattern): Step {
    let step = this.#end(bits);
    for (let at = bytes.length - 1; at >= 0; at--) {
      const isToken = (at === 0 || bytes[at - 1] === DOT) &&
        (at + 1 === bytes.length || bytes[at + 1] === DOT);
      if (isToken && bytes[at] === STAR) step = this.#token(step);
      else if (isToken && bytes[at] === GREATER && at + 1 === bytes.length) {
        step = this.#rest(bits);
      } else step = this.#byte(bytes[at]!, step);
    }
    return step;
  }

  #end(bits: number): Step {
    return { id: ++this.#steps, bits, after: () => undefined };
  }

  #byte(wanted: number, next: Step): Step {
    return {
      id: ++this.#steps,
      bits: 0,
      after: (byte) => byte === wanted ? next : undefined,
    };
  }

  /** One token, whatever it is, and then `next`. */
  #token(next: Step): Step {
    return this.#bytesOfToken(next.bits, () => next.after(DOT));
  }

  /** One token or more. */
  #rest(bits: number): Step {
    const before: Step = this.#bytesOfToken(bits, () => before);
    return before;
  }

  /** All of a token, which `bits` may end behind; `afterDot`: what a dot leads to. */
  #bytesOfToken(bits: number, afterDot: () => Step | undefined): Step {
    const inside: Step = {
      id: ++this.#steps,
      bits,
      after: (byte) => byte === DOT ? afterDot() : inside,
    };
    return {
      id: ++this.#steps,
      bits: 0,
      after: (byte) => byte === DOT ? undefined : inside,
    };
  }
}
