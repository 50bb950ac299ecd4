/**
 * Publishers and consumers that do what chance says, on an event loop that is
 * moved by hand: chunks that are worth more than a turn, messages to more
 * receivers than a turn can serve, readers that drain now and then,
 * subscriptions and connections that come and go. Whatever happens, a
 * subscription hears each publisher in order and without a gap, and in the end
 * nothing is held.
 */
import assert from "node:assert/strict";
import type { Random } from "../../src/platform/clock.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { StillBroker, type StillSocket } from "./still_sockets.ts";

/** Messages on it are worth more than two turns. */
const WIDE = "w";
/** Messages on it are many for each turn. */
const NARROW = "n";
const PATTERNS: readonly string[] = [WIDE, NARROW, "*", ">"];
const CROWD_SIZE = 44_000;
const NARROW_CROWD_SIZE = 1000;
const PADDING = "x".repeat(150);
const MAX_PENDING_BYTES = 100_000;
const STEPS = 150;

/** What one publisher has said, by the pattern that hears it. */
class Publisher {
  readonly name: number;
  readonly socket: StillSocket;
  readonly #random: Random;
  readonly #counts = new Map(PATTERNS.map((pattern) => [pattern, 0]));

  constructor(name: number, socket: StillSocket, random: Random) {
    this.name = name;
    this.socket = socket;
    this.#random = random;
  }

  countOn(pattern: string): number {
    return this.#counts.get(pattern)!;
  }

  publishes(): void {
    let text = "";
    for (let left = randomBelow(this.#random, 30); left >= 0; left--) {
      const isWide = randomBelow(this.#random, 60) === 0;
      text += this.#message(isWide ? WIDE : NARROW);
    }
    const cut = randomBelow(this.#random, text.length);
    this.socket.says(text.slice(0, cut));
    this.socket.says(text.slice(cut));
  }

  /** Its payload has the place of the message among those that each pattern hears. */
  #message(subject: string): string {
    for (const pattern of [subject, "*", ">"]) {
      this.#counts.set(pattern, this.countOn(pattern) + 1);
    }
    const payload = `${this.name} ${this.countOn(subject)} ${
      this.countOn("*")
    } ${PADDING}`;
    return `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;
  }
}

interface Heard {
  readonly pattern: string;
  /** Hears everything from its SUB on. */
  isComplete: boolean;
  /** The last number of each publisher. */
  readonly last: Map<number, number>;
  messages: number;
  max: number;
}

class Consumer {
  readonly socket: StillSocket;
  readonly heard = new Map<string, Heard>();
  readonly #random: Random;
  #lastSid = 0;
  #unread = "";

  constructor(socket: StillSocket, random: Random) {
    this.socket = socket;
    this.#random = random;
  }

  subscribes(): void {
    const sid = String(++this.#lastSid);
    const pattern = PATTERNS[randomBelow(this.#random, PATTERNS.length)]!;
    const max = randomBelow(this.#random, 4) === 0
      ? 1 + randomBelow(this.#random, 40)
      : Infinity;
    this.heard.set(sid, {
      pattern,
      isComplete: max === Infinity,
      last: new Map(),
      messages: 0,
      max,
    });
    const end = max < Infinity ? `UNSUB ${sid} ${max}\r\n` : "";
    this.socket.says(`SUB ${pattern} ${sid}\r\n${end}`);
  }

  unsubscribes(): void {
    const sids = [...this.heard.keys()];
    if (sids.length === 0) return;
    const sid = sids[randomBelow(this.#random, sids.length)]!;
    this.heard.get(sid)!.isComplete = false;
    this.socket.says(`UNSUB ${sid}\r\n`);
  }

  drains(): void {
    this.socket.takesBytes = randomBelow(this.#random, 30_000);
    this.socket.drains();
  }

  /** Looks at what came; a message that is not all there waits. */
  reads(): void {
    this.#unread += this.socket.take();
    const message = /MSG \S+ (\S+) \d+\r\n(\d+) (\d+) (\d+) x+\r\n/y;
    let end = 0;
    for (
      let found = message.exec(this.#unread);
      found !== null;
      found = message.exec(this.#unread)
    ) {
      end = message.lastIndex;
      const [, sid, publisher, narrow, all] = found;
      this.#hears(this.heard.get(sid!)!, [publisher, narrow, all].map(Number));
    }
    this.#unread = this.#unread.slice(end);
  }

  #hears(heard: Heard, [publisher, onSubject, onAll]: number[]): void {
    const isLiteral = heard.pattern === WIDE || heard.pattern === NARROW;
    const number = isLiteral ? onSubject! : onAll!;
    const before = heard.last.get(publisher!) ?? number - 1;
    assert.equal(number, before + 1, `publisher ${publisher}`);
    heard.last.set(publisher!, number);
    assert.ok(++heard.messages <= heard.max, "more messages than its maximum");
  }

  assertComplete(publishers: readonly Publisher[]): void {
    this.reads();
    assert.equal(this.#unread, "");
    for (const { pattern, isComplete, last } of this.heard.values()) {
      if (!isComplete) continue;
      for (const [name, number] of last) {
        assert.equal(number, publishers[name]!.countOn(pattern), pattern);
      }
    }
  }
}

class Chaos {
  readonly still = new StillBroker({ maxPendingBytes: MAX_PENDING_BYTES });
  readonly publishers: Publisher[] = [];
  /** Those that are connected. */
  readonly speaking: Publisher[] = [];
  readonly consumers: Consumer[] = [];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    this.#crowd(WIDE, CROWD_SIZE);
    this.#crowd(NARROW, NARROW_CROWD_SIZE);
    for (let n = 0; n < 3; n++) {
      this.#publisherComes();
      this.#consumerComes();
    }
  }

  step(): void {
    for (const publisher of this.speaking) {
      // What was under way comes in spite of a pause.
      if (publisher.socket.isPaused && !this.#oneIn(20)) continue;
      if (this.#oneIn(2)) publisher.publishes();
    }
    for (const consumer of this.consumers) {
      if (this.#oneIn(6)) consumer.drains();
      if (this.#oneIn(8)) consumer.subscribes();
      if (this.#oneIn(16)) consumer.unsubscribes();
      consumer.reads();
    }
    if (this.#oneIn(20)) this.#publisherGoes();
    if (this.#oneIn(20)) this.#consumerGoes();
    for (let turns = randomBelow(this.#random, 4); turns > 0; turns--) {
      this.still.turn();
    }
    assert.equal(this.still.broker.host.turn.owner, undefined);
  }

  /** All that was said is handled, and all that was written is read. */
  settle(): void {
    for (let rounds = 0; rounds < 1000; rounds++) {
      this.still.settle();
      for (const consumer of this.consumers) {
        consumer.drains();
        consumer.reads();
      }
    }
    this.still.settle();
  }

  #crowd(subject: string, size: number): void {
    const crowd = this.still.client();
    crowd.forgets = true;
    for (let n = 0; n < size; n++) crowd.says(`SUB ${subject} ${n}\r\n`);
    this.still.settle();
  }

  #publisherComes(): void {
    const publisher = new Publisher(
      this.publishers.length,
      this.still.client(),
      this.#random,
    );
    this.publishers.push(publisher);
    this.speaking.push(publisher);
  }

  #consumerComes(): void {
    const consumer = new Consumer(this.still.client(), this.#random);
    this.consumers.push(consumer);
    consumer.subscribes();
  }

  #publisherGoes(): void {
    const at = randomBelow(this.#random, this.speaking.length);
    this.speaking.splice(at, 1)[0]!.socket.closes();
    this.#publisherComes();
  }

  #consumerGoes(): void {
    const at = randomBelow(this.#random, this.consumers.length);
    const reset = { kind: "reset", code: "ECONNRESET" } as const;
    this.consumers.splice(at, 1)[0]!.socket.closes(reset);
    this.#consumerComes();
  }

  #oneIn(count: number): boolean {
    return randomBelow(this.#random, count) === 0;
  }
}

test("clients come, go, lag and unsubscribe: nothing is lost, reordered or held for good", (t) => {
  const seed = freshSeed();
  t.diagnostic(`MIDGE_TEST_SEED=${seed}`);
  const chaos = new Chaos(seed);
  for (let n = 0; n < STEPS; n++) chaos.step();
  chaos.settle();
  const { host, clients } = chaos.still.broker;
  for (const consumer of chaos.consumers) {
    consumer.assertComplete(chaos.publishers);
  }
  for (const { socket } of chaos.speaking) {
    assert.equal(socket.isPaused, false);
  }
  assert.equal(host.counters.slowConsumers, 0);
  const connected = chaos.speaking.length + chaos.consumers.length + 2;
  assert.equal(clients.sessions.size, connected);
  const said = chaos.publishers.reduce((sum, one) => sum + one.countOn(">"), 0);
  assert.equal(host.counters.traffic.inMsgs, said);
  t.diagnostic(`${said} messages, ${host.counters.stalledProducers} stalls`);
});
