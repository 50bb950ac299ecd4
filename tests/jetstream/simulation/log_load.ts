/**
 * Publishers that send messages in bursts, each with an id, and try again where
 * they do not know what became of one. Each message that was acknowledged must be
 * there, once, as it was sent; one that was refused must not.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../../src/faces/cluster.ts";
import { type Answer, type Scene, textOf } from "./scene.ts";

const STREAM = { name: "LOG", subjects: ["log.*"], duplicate_window: 120e9 };
const BURST = 4;

export class LogLoad {
  readonly #scene: Scene;
  /** The text of each message that was acknowledged, by its sequence. */
  readonly acknowledged: Map<number, string> = new Map();
  readonly #sent = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async prepare(connection: NatsConnection): Promise<void> {
    await this.#scene.ask(connection, "$JS.API.STREAM.CREATE.LOG", STREAM);
  }

  /** One publisher sends `count` messages. */
  async publisher(
    connection: NatsConnection,
    name: string,
    count: number,
  ): Promise<void> {
    for (let next = 0; next < count;) {
      const burst = 1 + this.#scene.below(BURST);
      const texts = Array.from({ length: burst }, () => `${name} ${next++}`);
      const fates = await Promise.all(
        texts.map((text) => this.#once(connection, text)),
      );
      const seqs = fates.filter((seq) => seq > 0);
      const sorted = [...seqs].sort((a, b) => a - b);
      assert.deepEqual(seqs, sorted, `reordered: ${texts.join(", ")}`);
      for (const [at, seq] of fates.entries()) {
        if (seq === 0) await this.#again(connection, texts[at]!);
      }
      await this.#scene.pause(this.#scene.below(30));
    }
  }

  /** Sends a message; its sequence, or 0: it may be there or not. */
  async #once(connection: NatsConnection, text: string): Promise<number> {
    const subject = `log.${text.split(" ")[0]}`;
    this.#sent.add(text);
    const fate = await this.#scene.publish(connection, subject, text, {
      "Nats-Msg-Id": text.replace(" ", "-"),
    });
    if (typeof fate === "string") return 0;
    const known = this.acknowledged.get(fate.seq) ?? text;
    assert.equal(known, text, `two messages have sequence ${fate.seq}`);
    this.acknowledged.set(fate.seq, text);
    return fate.seq;
  }

  /** Tries until it is acknowledged, or gives up now and then. */
  async #again(connection: NatsConnection, text: string): Promise<void> {
    while (this.#scene.below(8) > 0) {
      const seq = await this.#once(connection, text);
      if (seq > 0) return;
      await this.#scene.pause(5 + this.#scene.below(20));
    }
  }

  /** All that was acknowledged is there, but for messages that were `damaged`. */
  async check(
    connection: NatsConnection,
    damaged: ReadonlySet<number> = new Set(),
  ): Promise<void> {
    const { state } = await this.#scene.ask(
      connection,
      "$JS.API.STREAM.INFO.LOG",
    );
    const { last_seq: last } = state as { last_seq: number };
    const seen = new Set<string>();
    for (let seq = 1; seq <= last; seq++) {
      if (damaged.has(seq)) continue;
      const answer = await this.#scene.askOnce(
        connection,
        "$JS.API.STREAM.MSG.GET.LOG",
        { seq },
      );
      const expected = this.acknowledged.get(seq);
      if (answer["message"] === undefined) {
        assert.equal(expected, undefined, `lost: ${seq} ${expected}`);
        continue;
      }
      const text = textOf(answer);
      if (expected !== undefined) assert.equal(text, expected, `at ${seq}`);
      assert.ok(this.#sent.has(text), `nobody sent ${seq} ${text}`);
      assert.ok(!seen.has(text), `twice: ${text}`);
      seen.add(text);
      checkSubject(answer, text);
    }
    const beyond = [...this.acknowledged.keys()].filter((seq) => seq > last);
    assert.deepEqual(beyond, [], "lost at the end");
  }
}

function checkSubject({ message }: Answer, text: string): void {
  const { subject } = message as { subject: string };
  assert.equal(subject, `log.${text.split(" ")[0]}`);
}
