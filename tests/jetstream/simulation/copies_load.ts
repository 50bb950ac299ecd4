/**
 * Streams that copy others: a mirror of the log, a stream that takes it in, and one
 * that takes over what is handed to a work queue. At the end the mirror is equal
 * to its origin, the other has each message once and in its order, and nothing
 * that was handed over is lost or there twice.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../../src/faces/cluster.ts";
import { type Answer, type Scene, textOf } from "./scene.ts";

const STREAMS = [
  { name: "MIRROR", mirror: { name: "LOG" } },
  { name: "SOURCED", sources: [{ name: "LOG" }] },
  { name: "HANDOVER", subjects: ["handover"], retention: "workqueue" },
  { name: "TAKEN", sources: [{ name: "HANDOVER" }] },
];
/** Far beyond what a copy waits before it asks again. */
const TRIES = 10_000;

interface State {
  readonly messages: number;
  readonly last_seq: number;
}

export class CopiesLoad {
  readonly #scene: Scene;
  readonly #handed = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async prepare(connection: NatsConnection): Promise<void> {
    for (const stream of STREAMS) {
      const subject = `$JS.API.STREAM.CREATE.${stream.name}`;
      await this.#scene.ask(connection, subject, stream);
    }
  }

  /** Hands `count` parcels over, each until it is acknowledged. */
  async publisher(connection: NatsConnection, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const text = `parcel-${n}`;
      let fate;
      do {
        await this.#scene.pause(this.#scene.below(30));
        fate = await this.#scene.publish(connection, "handover", text, {
          "Nats-Msg-Id": text,
        });
      } while (typeof fate === "string");
      this.#handed.add(text);
    }
  }

  /** How many messages were copied. */
  async check(connection: NatsConnection): Promise<number> {
    const origin = await this.#messages(connection, "LOG");
    const last = origin.at(-1)?.seq ?? 0;
    await this.#until(connection, "MIRROR", ({ last_seq }) => last_seq >= last);
    assert.deepEqual(await this.#messages(connection, "MIRROR"), origin);
    const texts = origin.map(({ text }) => text);
    await this.#until(
      connection,
      "SOURCED",
      ({ messages }) => messages >= texts.length,
    );
    const sourced = await this.#messages(connection, "SOURCED");
    assert.deepEqual(sourced.map(({ text }) => text), texts);
    await this.#until(connection, "HANDOVER", (state) => state.messages === 0);
    const taken = await this.#messages(connection, "TAKEN");
    const parcels = taken.map(({ text }) => text).sort();
    assert.deepEqual(parcels, [...this.#handed].sort());
    return origin.length + sourced.length + taken.length;
  }

  async #until(
    connection: NatsConnection,
    stream: string,
    holds: (state: State) => boolean,
  ): Promise<void> {
    for (let i = 0; i < TRIES; i++) {
      if (holds(await this.#stateOf(connection, stream))) return;
      await this.#scene.pause(100);
    }
    assert.fail(`${stream} does not come to its end`);
  }

  async #stateOf(connection: NatsConnection, stream: string): Promise<State> {
    const subject = `$JS.API.STREAM.INFO.${stream}`;
    const { state } = await this.#scene.ask(connection, subject);
    return state as State;
  }

  async #messages(
    connection: NatsConnection,
    stream: string,
  ): Promise<{ readonly seq: number; readonly text: string }[]> {
    const { last_seq: last } = await this.#stateOf(connection, stream);
    const found: { readonly seq: number; readonly text: string }[] = [];
    for (let seq = 1; seq <= last; seq++) {
      const answer: Answer = await this.#scene.askOnce(
        connection,
        `$JS.API.STREAM.MSG.GET.${stream}`,
        { seq },
      );
      if (answer["message"] === undefined) continue;
      found.push({ seq, text: textOf(answer) });
    }
    return found;
  }
}
