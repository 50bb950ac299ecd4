/** A server with one stream, whose publishers say more than a payload: in headers, and in reply subjects. */
import assert from "node:assert/strict";
import type { ServerPlatform } from "../../src/app/parts.ts";
import { connect, headers } from "../../src/faces/client.ts";
import type { NatsConnection } from "../../src/client/connection.ts";
import { connect as officialConnect } from "@nats-io/transport-node";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { type MemoryLog, startMidge } from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";

/** Both client libraries; the types are those of Midge's. */
export const CLIENTS: readonly (readonly [string, typeof connect])[] = [
  ["Midge's client", connect],
  ["the official client", officialConnect as unknown as typeof connect],
];

/** What comes back in JSON. */
export type Answer = Record<string, unknown>;

export interface Stage {
  readonly port: number;
  readonly log: MemoryLog;
  readonly connection: NatsConnection;
  /** Publishes, and gives what the stream answers; nothing where that is empty. */
  publish(subject: string, body: string, extras?: Headers): Promise<Answer>;
  /** Asks the API, and gives what it answers. */
  ask(subject: string, body?: object): Promise<Answer>;
  /** What the stream has, in its order. */
  messages(): Promise<Message[]>;
  end(): Promise<void>;
}

/** A message of the stream; `headers` as they are stored. */
export interface Message {
  readonly seq: number;
  readonly subject: string;
  readonly headers: string;
  readonly body: string;
}

type Headers = Readonly<Record<string, string | number>>;

/** A disk that others use may take seconds for a sync. */
const PATIENT = { timeout: 60_000 };

/** A server that has the stream `config`; without a folder in memory. */
export async function stage(
  t: TestContext,
  config: { readonly name: string } & Record<string, unknown>,
  folder: string = "",
  changes: Partial<ServerPlatform> = {},
): Promise<Stage> {
  const { server, port, log } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: folder },
  }, changes);
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  t.after(() => connection.close());
  const ask = async (subject: string, body?: object): Promise<Answer> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = connection.request(`$JS.API.${subject}`, text, PATIENT);
    return (await answer).json();
  };
  const made = await ask(`STREAM.CREATE.${config.name}`, {
    ...(folder === "" && { storage: "memory" }),
    ...config,
  });
  assert.equal(made["error"], undefined, JSON.stringify(made["error"]));
  return {
    port,
    log,
    connection,
    ask,
    async publish(subject, body, extras = {}) {
      const block = headers();
      for (const [name, value] of Object.entries(extras)) {
        block.set(name, String(value));
      }
      const answer = await connection.request(subject, body, {
        ...PATIENT,
        headers: block,
      });
      return answer.data.length === 0 ? {} : answer.json();
    },
    messages: () => messagesOf(ask, config.name),
    async end() {
      await connection.close();
      await server.stop();
    },
  };
}

async function messagesOf(
  ask: Stage["ask"],
  name: string,
): Promise<Message[]> {
  const { state } = await ask(`STREAM.INFO.${name}`);
  const { first_seq, last_seq } = state as Record<string, number>;
  const messages: Message[] = [];
  for (let seq = first_seq!; seq <= last_seq!; seq++) {
    const { message } = await ask(`STREAM.MSG.GET.${name}`, { seq });
    if (message === undefined) continue;
    const { subject, hdrs = "", data = "" } = message as Record<string, string>;
    messages.push({
      seq,
      subject: subject!,
      headers: atob(hdrs).replace("NATS/1.0\r\n", "").trimEnd(),
      body: atob(data),
    });
  }
  return messages;
}

/** The code of the error in an answer. */
export function codeOf({ error }: Answer): unknown {
  return (error as Answer | undefined)?.["err_code"];
}
