/** What all actors of a simulated server have in common: time, chance, requests. */
import assert from "node:assert/strict";
import {
  type NatsConnection,
  type Random,
  type RunningCluster,
  seededRandom,
} from "../../../src/faces/cluster.ts";
import { headers, type MsgHdrs } from "../../../src/faces/client.ts";

export type Answer = Record<string, unknown>;

/** What is answered where something that it tells of cannot be kept. */
const DISK_FULL = 10077;

/** What became of a message: kept as this sequence, refused, or nobody knows. */
export type Fate = { readonly seq: number } | "refused" | "unknown";

export class Scene {
  readonly cluster: RunningCluster;
  readonly random: Random;
  /** The publishers have more to do. */
  isLoaded = true;

  constructor(cluster: RunningCluster, seed: number) {
    this.cluster = cluster;
    this.random = seededRandom(seed);
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.random.next() * end);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.cluster.clock.after(ms, resolve));
  }

  /** Asks until there is an answer. Fails for an error. */
  async ask(
    connection: NatsConnection,
    subject: string,
    body: object | string = "",
  ): Promise<Answer> {
    const answer = await this.askOnce(connection, subject, body);
    assert.equal(answer["error"], undefined, JSON.stringify(answer["error"]));
    return answer;
  }

  /** The same for an error too. */
  async askOnce(
    connection: NatsConnection,
    subject: string,
    body: object | string = "",
  ): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    while (true) {
      try {
        const answer = (await connection.request(subject, text)).json<Answer>();
        const error = answer["error"] as { err_code: number } | undefined;
        if (error?.err_code !== DISK_FULL) return answer;
      } catch {
        // The server was killed meanwhile, or is dead still.
      }
      await this.pause(10);
    }
  }

  /** Publishes a message, once. */
  async publish(
    connection: NatsConnection,
    subject: string,
    body: string,
    given: Readonly<Record<string, string>>,
  ): Promise<Fate> {
    try {
      const answer = await connection.request(subject, body, {
        headers: headersOf(given),
        timeout: 500,
      });
      const { seq, error } = answer.json<{ seq: number; error?: unknown }>();
      return error === undefined ? { seq } : "refused";
    } catch {
      return "unknown";
    }
  }
}

function headersOf(given: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, value] of Object.entries(given)) made.set(name, value);
  return made;
}

/** The text of a message that `STREAM.MSG.GET` gives. */
export function textOf({ message }: Answer): string {
  return atob((message as { data?: string } | undefined)?.data ?? "");
}
