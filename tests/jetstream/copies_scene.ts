/** A server in memory on a virtual clock, whose streams copy each other. */
import assert from "node:assert/strict";
import { startCluster } from "../../src/faces/cluster.ts";
import type { NatsConnection } from "../../src/faces/client.ts";
import { headers } from "../../src/faces/client.ts";
import type { Cleanup } from "../support/temp.ts";

export type Answer = Record<string, unknown>;

/** A message of a stream, as the API shows it. */
export interface Kept {
  readonly seq: number;
  readonly subject: string;
  readonly text: string;
  /** Its lines of headers. */
  readonly lines: readonly string[];
  readonly time: string;
}

export interface CopiesScene {
  readonly connection: NatsConnection;
  /** Sends a request to the API and gives the answer, which may be an error. */
  ask(subject: string, body?: object): Promise<Answer>;
  /** Makes a stream in memory. Fails for an error. */
  make(name: string, config: object): Promise<Answer>;
  /** Publishes texts, one after the other. */
  publish(subject: string, ...texts: string[]): Promise<void>;
  /** Publishes a text with header lines, and gives the stream's answer. */
  publishWith(
    subject: string,
    text: string,
    lines: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** What a stream has. */
  kept(name: string): Promise<Kept[]>;
  /** What a stream tells of itself: its configuration, state, mirror and sources. */
  info(name: string): Promise<Answer>;
  /** The same of its only source, or of its mirror. */
  origin(name: string): Promise<Answer>;
  /** Waits for `ms` of the virtual clock. */
  advance(ms: number): Promise<void>;
}

export async function copiesScene(t: Cleanup): Promise<CopiesScene> {
  const cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    node: () => ({ jetstream: true }),
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect();
  const ask: CopiesScene["ask"] = async (subject, body) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await cluster.run(
      connection.request(`$JS.API.${subject}`, text),
    );
    return answer.json<Answer>();
  };
  const publishWith: CopiesScene["publishWith"] = async (
    subject,
    text,
    lines,
  ) => {
    const block = headers();
    for (const [name, value] of Object.entries(lines)) block.set(name, value);
    const answer = await cluster.run(
      connection.request(subject, text, { headers: block }),
    );
    return answer.json<Answer>();
  };
  const info: CopiesScene["info"] = (name) =>
    ask(`STREAM.INFO.${name}`, { deleted_details: true });
  return {
    connection,
    ask,
    async make(name, config) {
      const full = { name, storage: "memory", ...config };
      const answer = await ask(`STREAM.CREATE.${name}`, full);
      assert.equal(answer["error"], undefined, JSON.stringify(answer["error"]));
      return answer;
    },
    async publish(subject, ...texts) {
      for (const text of texts) await publishWith(subject, text, {});
    },
    publishWith,
    async kept(name) {
      const { state } = await info(name) as { state: Record<string, number> };
      const all: Kept[] = [];
      for (let seq = state["first_seq"]!; seq <= state["last_seq"]!; seq++) {
        const { message } = await ask(`STREAM.MSG.GET.${name}`, { seq });
        if (message !== undefined) all.push(shown(message as Answer));
      }
      return all;
    },
    info,
    async origin(name) {
      const { mirror, sources } = await info(name);
      return (mirror ?? (sources as Answer[])[0]) as Answer;
    },
    advance: (ms) => cluster.advance(ms),
  };
}

function shown(message: Answer): Kept {
  const { seq, subject, time, hdrs = "", data = "" } = message as Record<
    string,
    string
  >;
  return {
    seq: Number(seq),
    subject: subject!,
    text: atob(data),
    lines: atob(hdrs).split("\r\n").slice(1).filter((line) => line !== ""),
    time: time!,
  };
}

/** Sequences and texts. */
export function texts(all: readonly Kept[]): string[] {
  return all.map(({ seq, subject, text }) => `${seq} ${subject} ${text}`);
}
