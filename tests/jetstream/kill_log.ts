/**
 * Writers with counters of their own in one stream: what was acknowledged is
 * there, as it was sent, in its order; no counter has a gap or goes back.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../src/faces/client.ts";
import type { Random } from "../../src/platform/clock.ts";
import {
  ask,
  messagesFrom,
  publish,
  stateOf,
  type Stored,
} from "./kill_requests.ts";
import type { Load } from "./kill_rounds.ts";

const STREAM = "LOG";
const WRITERS = 4;
const IN_FLIGHT = 128;
const LONGEST = 400;

export class Log implements Load {
  readonly #random: Random;
  /** By writer: the counter of the last message that stands in the stream. */
  #counters: number[] = Array.from({ length: WRITERS }, () => 0);
  /** The last sequence that was compared. */
  #seq = 0;
  /** What was acknowledged since then, by sequence. */
  readonly #acknowledged = new Map<number, string>();
  #total = 0;
  #unheard = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get tally(): string {
    return `${this.#total} messages acknowledged, all there, and ` +
      `${this.#unheard} more whose publisher heard nothing`;
  }

  async create(connection: NatsConnection): Promise<void> {
    await ask(connection, `STREAM.CREATE.${STREAM}`, {
      name: STREAM,
      subjects: ["log.*"],
      allow_direct: true,
    });
  }

  async verify(connection: NatsConnection): Promise<void> {
    const messages = await messagesFrom(connection, STREAM, this.#seq + 1);
    this.#compare(messages, this.#counters);
    const there = new Map(messages.map(({ seq, text }) => [seq, text]));
    for (const [seq, text] of this.#acknowledged) {
      assert.equal(there.get(seq), text, `message ${seq}, acknowledged`);
    }
    this.#total += this.#acknowledged.size;
    this.#unheard += messages.length - this.#acknowledged.size;
    this.#acknowledged.clear();
    this.#seq = messages.at(-1)?.seq ?? this.#seq;
    const { messages: count } = await stateOf(connection, STREAM);
    assert.equal(count, this.#seq);
  }

  async verifyAll(connection: NatsConnection): Promise<void> {
    const counters = this.#counters.map(() => 0);
    this.#compare(await messagesFrom(connection, STREAM, 1), counters);
    assert.deepEqual(counters, this.#counters);
    assert.equal(this.#seq, counters.reduce((sum, count) => sum + count));
  }

  /** Every message follows the one before it and the one of its writer. */
  #compare(messages: readonly Stored[], counters: number[]): void {
    let last: number | undefined;
    for (const { seq, subject, text } of messages) {
      if (last !== undefined) assert.equal(seq, last + 1);
      last = seq;
      const writer = Number(subject.slice("log.".length));
      const count = ++counters[writer]!;
      assert.equal(text, textOf(writer, count), `message ${seq}`);
    }
  }

  async work(connection: NatsConnection): Promise<void> {
    const works = this.#counters.map((count, writer) =>
      this.#write(connection, writer, count)
    );
    await Promise.all(works);
  }

  async #write(
    connection: NatsConnection,
    writer: number,
    before: number,
  ): Promise<void> {
    const inFlight: Promise<void>[] = [];
    const depth = 1 + Math.floor(this.#random.next() * IN_FLIGHT);
    for (let count = before + 1; !connection.isClosed(); count++) {
      const text = textOf(writer, count);
      const one = publish(connection, `log.${writer}`, text).then((seq) => {
        if (seq !== undefined) this.#acknowledged.set(seq, text);
      });
      if (inFlight.push(one) >= depth) await inFlight.shift();
    }
    await Promise.all(inFlight);
  }
}

function textOf(writer: number, count: number): string {
  const filler = "x".repeat((count * 7919 + writer) % LONGEST);
  return `writer ${writer} message ${count} ${filler}`;
}
