/**
 * A worker queue: jobs that are published with acknowledgements, and workers that
 * take one after the other and wait until the server has confirmed that a job is
 * done. Each job that was acknowledged comes, until it is done, and none comes
 * again that was confirmed.
 */
import assert from "node:assert/strict";
import type { NatsConnection } from "../../../src/faces/cluster.ts";
import { createInbox, type Msg } from "../../../src/faces/client.ts";
import type { Scene } from "./scene.ts";

const STREAM = {
  name: "WORK",
  subjects: ["work.*"],
  retention: "workqueue",
};
const CONSUMER = {
  stream_name: "WORK",
  config: {
    durable_name: "W",
    ack_policy: "explicit",
    ack_wait: 3e9,
    max_ack_pending: 4,
  },
};
const EXPIRES_MS = 1000;
/** Requests for a job after all has been published. */
const TRIES = 100;

export class QueueLoad {
  readonly #scene: Scene;
  readonly #published = new Set<string>();
  /** Jobs that came after the server had confirmed that they are done. */
  readonly #again: string[] = [];
  /** Sequences of jobs of which the server has confirmed that they are done. */
  readonly done: Set<string> = new Set();
  /** Jobs that were done, whether or not the server has confirmed it. */
  readonly #tried = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async prepare(connection: NatsConnection): Promise<void> {
    await this.#scene.ask(connection, "$JS.API.STREAM.CREATE.WORK", STREAM);
    await this.#scene.ask(
      connection,
      "$JS.API.CONSUMER.DURABLE.CREATE.WORK.W",
      CONSUMER,
    );
  }

  async publisher(connection: NatsConnection, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const job = `job-${n}`;
      let fate;
      do {
        await this.#scene.pause(this.#scene.below(30));
        fate = await this.#scene.publish(connection, "work.job", job, {
          "Nats-Msg-Id": job,
        });
      } while (typeof fate === "string");
      this.#published.add(job);
    }
  }

  /** Works until all has been published and nothing is left. */
  async worker(connection: NatsConnection): Promise<void> {
    let tries = 0;
    while (this.#scene.isLoaded || await this.#left(connection) > 0) {
      if (!this.#scene.isLoaded) tries++;
      assert.ok(tries < TRIES, "jobs are there, and do not come");
      const message = await this.#next(connection);
      if (message === undefined) continue;
      if (this.#scene.below(10) === 0) continue; // It comes again in time.
      await this.#scene.pause(this.#scene.below(20));
      await this.#confirm(connection, message);
    }
  }

  /** How many jobs there are. */
  async #left(connection: NatsConnection): Promise<number> {
    const info = await this.#scene.ask(
      connection,
      "$JS.API.STREAM.INFO.WORK",
    );
    return (info["state"] as { messages: number }).messages;
  }

  async #next(connection: NatsConnection): Promise<Msg | undefined> {
    const { clock } = this.#scene.cluster;
    const inbox = createInbox();
    return await new Promise((resolve) => {
      const end = (message: Msg | undefined): void => {
        timer.cancel();
        subscription.unsubscribe();
        resolve(message);
      };
      const timer = clock.after(EXPIRES_MS + 500, () => end(undefined));
      const subscription = connection.subscribe(inbox, {
        callback: (_, message) => {
          if (message.headers?.code) return end(undefined);
          // Acknowledgements go along the same connection, so this came behind them.
          if (this.done.has(seqOf(message))) {
            this.#again.push(`${message.string()} (${message.reply})`);
          }
          end(message);
        },
      });
      const request = { batch: 1, expires: EXPIRES_MS * 1e6 };
      connection.publish(
        "$JS.API.CONSUMER.MSG.NEXT.WORK.W",
        JSON.stringify(request),
        { reply: inbox },
      );
    });
  }

  async #confirm(connection: NatsConnection, message: Msg): Promise<void> {
    this.#tried.add(message.string());
    try {
      await connection.request(message.reply!, "+ACK", { timeout: 500 });
      this.done.add(seqOf(message));
    } catch {
      // Nobody knows; it may come again.
    }
  }

  async check(connection: NatsConnection): Promise<void> {
    assert.deepEqual(this.#again, [], "confirmed, and delivered again");
    const lost = [...this.#published].filter((job) => !this.#tried.has(job));
    assert.deepEqual(lost, [], "jobs that never came");
    const { num_ack_pending, num_pending } = await this.#scene.ask(
      connection,
      "$JS.API.CONSUMER.INFO.WORK.W",
    );
    assert.deepEqual([num_ack_pending, num_pending], [0, 0]);
  }
}

/** NATS JetStream: where in its stream a message is, as its reply subject tells. */
function seqOf({ reply = "" }: Msg): string {
  return reply.split(".")[5] ?? "";
}
