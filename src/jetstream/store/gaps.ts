/**
 * Sequences of a stream without a message. That is as it should be where messages
 * were removed; it is damage where fewer are found than were written.
 */
import type { Damage } from "./stream_store.ts";

/** Gaps that are named; the others are counted. */
const NAMED_MAX = 100;

interface Gap {
  readonly first: number;
  readonly last: number;
}

export class Gaps {
  count = 0;
  lastSeq = 0;
  /** Messages that there should be. */
  readonly #expected: number;
  readonly #gaps: Gap[] = [];
  #missing = 0;

  constructor(expected: number) {
    this.#expected = expected;
  }

  /** A message is there; called in ascending order. */
  found(seq: number): void {
    this.#skip(seq);
    this.count++;
    this.lastSeq = seq;
  }

  /** `lastSeq`: the last sequence that was used; `acknowledged`: what else tells of that. */
  missing(lastSeq: number, acknowledged: number, path: string): Damage[] {
    const lost = this.#expected - this.count;
    const damage: Damage[] = [];
    if (lost > 0) {
      this.#skip(lastSeq + 1);
      damage.push(...this.#inside(lost, path));
    }
    if (acknowledged > lastSeq) {
      const seqs = sequences({ first: lastSeq + 1, last: acknowledged });
      damage.push({
        seq: lastSeq + 1,
        text: `${seqs} of ${path} were acknowledged and are not in it any more`,
      });
    }
    return damage;
  }

  #inside(lost: number, path: string): Damage[] {
    const [first] = this.#gaps;
    const isExact = this.#missing === lost;
    const named = this.#gaps.slice(0, NAMED_MAX);
    if (isExact && this.#gaps.length <= NAMED_MAX) {
      return named.map((gap) => ({
        seq: gap.first,
        text: `${sequences(gap)} of ${path} cannot be read`,
      }));
    }
    const among = named.map(sequences).join(", ");
    const more = this.#gaps.length > NAMED_MAX ? ", and others" : "";
    const text =
      `${lost} of the messages of ${path} cannot be read, which are ` +
      `among ${among}${more}`;
    return [{ seq: first?.first ?? 0, text }];
  }

  #skip(to: number): void {
    const first = this.lastSeq + 1;
    if (to <= first) return;
    if (this.#gaps.length <= NAMED_MAX) {
      this.#gaps.push({ first, last: to - 1 });
    }
    this.#missing += to - first;
  }
}

function sequences({ first, last }: Gap): string {
  return first === last ? `message ${first}` : `messages ${first} to ${last}`;
}
