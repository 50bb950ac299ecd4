/**
 * Copies of streams that others write: a mirror becomes equal to its origin, a
 * source has each message of its origin once and in its order, and what moves from
 * a work queue into another stream is neither lost on the way nor there twice.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../src/faces/client.ts";
import { until } from "../support/until.ts";
import {
  ask,
  messagesFrom,
  publish,
  stateOf,
  type Stored,
} from "./kill_requests.ts";
import type { Load } from "./kill_rounds.ts";

const ORIGIN = "LOG";
const MIRROR = "LOG_MIRROR";
const SOURCED = "LOG_SOURCED";
const HANDOVER = "HANDOVER";
const TAKEN = "TAKEN";
const HANDERS = 8;

export class Copies implements Load {
  /** The last sequences that were compared. */
  #seqs: Record<string, number> = { [MIRROR]: 0, [SOURCED]: 0, [TAKEN]: 0 };
  /** The last message of the origin that the source has. */
  #sourced = 0;
  /** Texts that were handed over, acknowledged, and not compared yet. */
  #handed: string[] = [];
  readonly #taken = new Set<string>();
  #count = 0;

  get tally(): string {
    return `${
      this.#seqs[MIRROR]
    } messages mirrored, ${this.#sourced} sourced, ` +
      `${this.#taken.size} moved`;
  }

  async create(connection: NatsConnection): Promise<void> {
    const create = (name: string, config: object): Promise<unknown> =>
      ask(connection, `STREAM.CREATE.${name}`, {
        name,
        allow_direct: true,
        ...config,
      });
    await create(MIRROR, { mirror: { name: ORIGIN } });
    await create(SOURCED, { sources: [{ name: ORIGIN }] });
    await create(HANDOVER, { subjects: ["handover"], retention: "workqueue" });
    await create(TAKEN, { sources: [{ name: HANDOVER }] });
  }

  async verify(connection: NatsConnection): Promise<void> {
    const { last_seq: last } = await stateOf(connection, ORIGIN);
    for (const copy of [MIRROR, SOURCED]) {
      await until(
        `all ${last} messages in ${copy}`,
        async () => (await stateOf(connection, copy)).last_seq >= last,
      );
    }
    await until(
      `all of ${HANDOVER} is gone`,
      async () => (await stateOf(connection, HANDOVER)).messages === 0,
    );
    await this.#verifyMirror(connection);
    await this.#verifySourced(connection);
    await this.#verifyTaken(connection);
  }

  async verifyAll(connection: NatsConnection): Promise<void> {
    for (const copy of [MIRROR, SOURCED]) {
      const origin = await messagesFrom(connection, ORIGIN, 1);
      assert.deepEqual(await messagesFrom(connection, copy, 1), origin);
    }
  }

  /** What has come to `stream` since it was compared last. */
  async #newIn(connection: NatsConnection, stream: string): Promise<Stored[]> {
    const from = this.#seqs[stream]! + 1;
    const messages = await messagesFrom(connection, stream, from);
    this.#seqs[stream] = messages.at(-1)?.seq ?? from - 1;
    return messages;
  }

  async #verifyMirror(connection: NatsConnection): Promise<void> {
    const from = this.#seqs[MIRROR]! + 1;
    const origin = await messagesFrom(connection, ORIGIN, from);
    assert.deepEqual(await this.#newIn(connection, MIRROR), origin);
  }

  async #verifySourced(connection: NatsConnection): Promise<void> {
    const origin = await messagesFrom(connection, ORIGIN, this.#sourced + 1);
    const told = (messages: readonly Stored[]): string[] =>
      messages.map(({ subject, text }) => `${subject} ${text}`);
    const copies = await this.#newIn(connection, SOURCED);
    assert.deepEqual(told(copies), told(origin));
    this.#sourced = origin.at(-1)?.seq ?? this.#sourced;
  }

  async #verifyTaken(connection: NatsConnection): Promise<void> {
    for (const { text } of await this.#newIn(connection, TAKEN)) {
      assert.ok(!this.#taken.has(text), `there twice: ${text}`);
      this.#taken.add(text);
    }
    for (const text of this.#handed) {
      assert.ok(this.#taken.has(text), `lost on the way: ${text}`);
    }
    this.#handed = [];
  }

  async work(connection: NatsConnection): Promise<void> {
    const works = Array.from({ length: HANDERS }, () => this.#hand(connection));
    await Promise.all(works);
  }

  async #hand(connection: NatsConnection): Promise<void> {
    while (!connection.isClosed()) {
      const text = `parcel ${++this.#count}`;
      const seq = await publish(connection, "handover", text);
      if (seq !== undefined) this.#handed.push(text);
    }
  }
}
