/**
 * A key-value bucket: each key has one writer, who says which revision a value is
 * to replace. What is read is what was acknowledged last, or was sent after it.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../../src/faces/cluster.ts";
import { type Scene, textOf } from "./scene.ts";

const STREAM = {
  name: "KV_B",
  subjects: ["$KV.B.>"],
  max_msgs_per_subject: 3,
  discard: "new",
  deny_delete: true,
  allow_rollup_hdrs: true,
  allow_direct: true,
};

export class BucketLoad {
  readonly #scene: Scene;
  puts = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async prepare(connection: NatsConnection): Promise<void> {
    await this.#scene.ask(connection, "$JS.API.STREAM.CREATE.KV_B", STREAM);
  }

  async writer(
    connection: NatsConnection,
    key: string,
    count: number,
  ): Promise<void> {
    const subject = `$KV.B.${key}`;
    let value = 0;
    let revision = 0;
    for (let n = 1; n <= count; n++) {
      const fate = await this.#scene.publish(connection, subject, `${n}`, {
        "Nats-Expected-Last-Subject-Sequence": `${revision}`,
      });
      if (typeof fate === "object") {
        value = n;
        revision = fate.seq;
        this.puts++;
      }
      const answer = await this.#scene.askOnce(
        connection,
        "$JS.API.STREAM.MSG.GET.KV_B",
        { last_by_subj: subject },
      );
      const { seq = 0 } = (answer["message"] ?? {}) as { seq?: number };
      const read = Number(textOf(answer));
      const isRead = read === value && seq === revision ||
        fate === "unknown" && read === n && seq > revision;
      assert.ok(
        isRead,
        `${key}: ${read} at ${seq}, and not ${value} at ${revision}; ` +
          `then ${n}: ${JSON.stringify(fate)}`,
      );
      value = read;
      revision = seq;
      await this.#scene.pause(this.#scene.below(30));
    }
  }
}
