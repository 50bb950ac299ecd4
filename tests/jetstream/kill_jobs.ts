/**
 * A queue of jobs with workers that want an answer to each acknowledgement: no
 * job that was acknowledged as published is lost, none comes again whose
 * acknowledgement was answered, and those of one life come in their order.
 */
import assert from "node:assert/strict";
import {
  createInbox,
  type Msg,
  type NatsConnection,
} from "../../src/faces/client.ts";
import type { Random } from "../../src/platform/clock.ts";
import { answered, ask, messagesFrom, publish } from "./kill_requests.ts";
import type { Load } from "./kill_rounds.ts";

const STREAM = "JOBS";
const CONSUMER = "WORK";
const IN_FLIGHT = 32;
const WORKERS = 2;
const BATCH = 16;
/** Jobs in a hundred that are given back, and that are forgotten. */
const GIVEN_BACK = 4;
const FORGOTTEN = 2;
const ACK_WAIT_NS = 200_000_000;
const EXPIRES_NS = 100_000_000;

export class JobQueue implements Load {
  readonly #random: Random;
  #count = 0;
  /** Jobs that were acknowledged to their publisher, by sequence. */
  readonly #published = new Map<number, string>();
  /** Jobs whose acknowledgement was answered. */
  readonly #done = new Set<number>();
  /** Jobs that were acknowledged, whether that was answered or not. */
  readonly #tried = new Set<number>();
  /** The last job that came for the first time in this life. */
  #last = 0;
  #again = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get tally(): string {
    return `${this.#published.size} jobs, ${this.#done.size} done, ` +
      `${this.#again} deliveries again of those that were not`;
  }

  async create(connection: NatsConnection): Promise<void> {
    await ask(connection, `STREAM.CREATE.${STREAM}`, {
      name: STREAM,
      subjects: ["jobs"],
      retention: "workqueue",
      allow_direct: true,
    });
    await ask(connection, `CONSUMER.CREATE.${STREAM}.${CONSUMER}`, {
      stream_name: STREAM,
      config: {
        durable_name: CONSUMER,
        ack_policy: "explicit",
        ack_wait: ACK_WAIT_NS,
        max_ack_pending: 10_000,
      },
    });
  }

  async verify(connection: NatsConnection): Promise<void> {
    const left = await messagesFrom(connection, STREAM, 1);
    const seqs = new Set(left.map(({ seq }) => seq));
    for (const { seq, text } of left) {
      assert(!this.#done.has(seq), `job ${seq} was done and is there`);
      const published = this.#published.get(seq);
      if (published !== undefined) assert.equal(text, published);
      // Its publisher heard nothing, and it is there all the same.
      else this.#published.set(seq, text);
      this.#count = Math.max(this.#count, Number(text));
    }
    for (const seq of this.#published.keys()) {
      const isThere = seqs.has(seq) || this.#tried.has(seq);
      assert(isThere, `job ${seq} was published and is lost`);
    }
    const info = await ask(connection, `CONSUMER.INFO.${STREAM}.${CONSUMER}`);
    const come = Number(info["num_pending"]) + Number(info["num_ack_pending"]);
    assert.equal(come, left.length, "jobs of the consumer");
  }

  /** What is left is done, and then there is nothing. */
  async verifyAll(connection: NatsConnection): Promise<void> {
    this.#last = 0;
    const left = await messagesFrom(connection, STREAM, 1);
    const isLeft = new Set(left.map(({ seq }) => seq));
    while (isLeft.size > 0) {
      await this.#fetch(connection, async (message, seq) => {
        await answered(connection, message.reply!, "+ACK");
        this.#done.add(seq);
        isLeft.delete(seq);
      });
    }
    assert.deepEqual(await messagesFrom(connection, STREAM, 1), []);
  }

  async work(connection: NatsConnection): Promise<void> {
    this.#last = 0;
    const workers = Array.from(
      { length: WORKERS },
      () => this.#worker(connection),
    );
    await Promise.all([this.#publish(connection), ...workers]);
  }

  async #publish(connection: NatsConnection): Promise<void> {
    const inFlight: Promise<void>[] = [];
    while (!connection.isClosed()) {
      const text = String(++this.#count);
      const one = publish(connection, "jobs", text).then((seq) => {
        if (seq !== undefined) this.#published.set(seq, text);
      });
      if (inFlight.push(one) >= IN_FLIGHT) await inFlight.shift();
    }
    await Promise.all(inFlight);
  }

  async #worker(connection: NatsConnection): Promise<void> {
    while (!connection.isClosed()) {
      await this.#fetch(
        connection,
        (message, seq) => this.#doJob(connection, message, seq),
      );
    }
  }

  async #doJob(
    connection: NatsConnection,
    message: Msg,
    seq: number,
  ): Promise<void> {
    const chance = this.#random.next() * 100;
    if (chance < FORGOTTEN) return;
    if (chance < FORGOTTEN + GIVEN_BACK) return void message.respond("-NAK");
    this.#tried.add(seq);
    const answer = await answered(connection, message.reply!, "+ACK");
    if (answer !== undefined) this.#done.add(seq);
  }

  /** Asks for jobs and gives each to `take`; resolves when all are done. */
  async #fetch(
    connection: NatsConnection,
    take: (message: Msg, seq: number) => Promise<void>,
  ): Promise<void> {
    const jobs: Promise<void>[] = [];
    const inbox = createInbox();
    const { promise: end, resolve, reject } = Promise.withResolvers<void>();
    let come = 0;
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return reject(error);
        if (message.headers?.code) return resolve();
        try {
          jobs.push(take(message, this.#came(message)));
        } catch (wrong) {
          reject(wrong);
        }
        if (++come === BATCH) resolve();
      },
    });
    const body = JSON.stringify({ batch: BATCH, expires: EXPIRES_NS });
    const next = `$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${CONSUMER}`;
    connection.publish(next, body, { reply: inbox });
    await Promise.race([end, connection.closed()]);
    await Promise.all(jobs);
    if (!connection.isClosed()) subscription.unsubscribe();
  }

  /** Checks a job that has come, and gives its sequence. */
  #came(message: Msg): number {
    const [times, seq] = message.reply!.split(".").slice(4).map(Number);
    assert(!this.#done.has(seq!), `job ${seq} was done and comes again`);
    const published = this.#published.get(seq!);
    if (published !== undefined) assert.equal(message.string(), published);
    if (times! > 1) this.#again++;
    else {
      assert(seq! > this.#last, `job ${seq} comes after ${this.#last}`);
      this.#last = seq!;
    }
    return seq!;
  }
}
