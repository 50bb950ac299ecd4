/**
 * Keys with values, each written by one writer that expects its last revision: a
 * key has the value that was acknowledged last, or one that was on its way.
 */
import assert from "node:assert/strict";
import { headers, type NatsConnection } from "../../src/faces/client.ts";
import type { Random } from "../../src/platform/clock.ts";
import {
  answered,
  ask,
  messagesFrom,
  publish,
  storedIn,
} from "./kill_requests.ts";
import type { Load } from "./kill_rounds.ts";

const STREAM = "KV_bucket";
const KEYS = 12;
const HISTORY = 3;

interface Key {
  readonly subject: string;
  count: number;
  revision: number;
  /** The count of the write that was not answered; 0: there is none. */
  open: number;
}

export class Bucket implements Load {
  readonly #random: Random;
  readonly #keys: readonly Key[] = Array.from({ length: KEYS }, (_, i) => ({
    subject: `$KV.bucket.key${i}`,
    count: 0,
    revision: 0,
    open: 0,
  }));
  #writes = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get tally(): string {
    return `${this.#writes} writes of keys`;
  }

  async create(connection: NatsConnection): Promise<void> {
    await ask(connection, `STREAM.CREATE.${STREAM}`, {
      name: STREAM,
      subjects: ["$KV.bucket.>"],
      max_msgs_per_subject: HISTORY,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      discard: "new",
    });
  }

  async verify(connection: NatsConnection): Promise<void> {
    for (const key of this.#keys) await this.#verifyKey(connection, key);
  }

  async #verifyKey(connection: NatsConnection, key: Key): Promise<void> {
    const subject = `$JS.API.DIRECT.GET.${STREAM}.${key.subject}`;
    const message = await answered(connection, subject, "");
    const { seq, text } = storedIn(message!);
    if (message!.headers?.code === 404) {
      return assert.equal(key.count, 0, `${key.subject} is lost`);
    }
    if (seq === key.revision) {
      assert.equal(text, textOf(key, key.count));
    } else {
      // The write that was on its way, and is there.
      assert(seq > key.revision && key.open > 0, `${key.subject} at ${seq}`);
      assert.equal(text, textOf(key, key.open));
      Object.assign(key, { count: key.open, revision: seq });
    }
    key.open = 0;
  }

  /** Each key has its last values, without a gap. */
  async verifyAll(connection: NatsConnection): Promise<void> {
    const messages = await messagesFrom(connection, STREAM, 1);
    for (const key of this.#keys) {
      const texts = messages.filter(({ subject }) => subject === key.subject)
        .map(({ text }) => text);
      assert(texts.length <= HISTORY);
      const counts = texts.map((_, i) => key.count - texts.length + 1 + i);
      assert.deepEqual(texts, counts.map((count) => textOf(key, count)));
    }
  }

  async work(connection: NatsConnection): Promise<void> {
    await Promise.all(this.#keys.map((key) => this.#write(connection, key)));
  }

  async #write(connection: NatsConnection, key: Key): Promise<void> {
    while (!connection.isClosed()) {
      key.open = key.count + 1;
      const extra = headers();
      extra.set("Nats-Expected-Last-Subject-Sequence", `${key.revision}`);
      if (this.#random.next() < 0.1) extra.set("Nats-Rollup", "sub");
      const text = textOf(key, key.open);
      const seq = await publish(connection, key.subject, text, extra);
      if (seq === undefined) return;
      this.#writes++;
      Object.assign(key, { count: key.open, revision: seq, open: 0 });
    }
  }
}

function textOf({ subject }: Key, count: number): string {
  return `${subject} ${count}`;
}
