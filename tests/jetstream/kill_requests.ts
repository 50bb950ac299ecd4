/** Requests to JetStream, as the loads of `kill_rounds.ts` make them. */
import assert from "node:assert/strict";
import {
  createInbox,
  type Msg,
  type NatsConnection,
} from "../../src/faces/client.ts";

type Answer = Record<string, unknown>;

const TIMEOUT_MS = 30_000;
const BATCH = 1000;

/** Asks the API. Fails for an error. */
export async function ask(
  connection: NatsConnection,
  subject: string,
  body?: object,
): Promise<Answer> {
  const answer = (await connection.request(
    `$JS.API.${subject}`,
    body === undefined ? "" : JSON.stringify(body),
    { timeout: TIMEOUT_MS },
  )).json<Answer>();
  assert.equal(answer["error"], undefined, JSON.stringify(answer));
  return answer;
}

/** The state of a stream: how many messages, from where to where. */
export async function stateOf(
  connection: NatsConnection,
  stream: string,
): Promise<{ messages: number; first_seq: number; last_seq: number }> {
  const { state } = await ask(connection, `STREAM.INFO.${stream}`);
  return state as { messages: number; first_seq: number; last_seq: number };
}

/** A message as it stands in a stream. */
export interface Stored {
  readonly seq: number;
  readonly subject: string;
  readonly text: string;
}

export function storedIn(message: Msg): Stored {
  const { headers } = message;
  return {
    seq: Number(headers?.get("Nats-Sequence")),
    subject: headers?.get("Nats-Subject") ?? "",
    text: message.string(),
  };
}

/** All messages of a stream from `seq` on. */
export async function messagesFrom(
  connection: NatsConnection,
  stream: string,
  seq: number,
): Promise<Stored[]> {
  const messages: Stored[] = [];
  let from = seq;
  while (true) {
    const some = await batchFrom(connection, stream, from);
    messages.push(...some);
    if (some.length < BATCH) return messages;
    from = some.at(-1)!.seq + 1;
  }
}

function batchFrom(
  connection: NatsConnection,
  stream: string,
  seq: number,
): Promise<Stored[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Stored[]>();
  const messages: Stored[] = [];
  const inbox = createInbox();
  const subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error !== null) return reject(error);
      if (message.headers?.hasError || message.headers?.code === 204) {
        subscription.unsubscribe();
        return resolve(messages);
      }
      messages.push(storedIn(message));
    },
  });
  const body = JSON.stringify({ seq, batch: BATCH, next_by_subj: ">" });
  connection.publish(`$JS.API.DIRECT.GET.${stream}`, body, { reply: inbox });
  return promise;
}

/** Publishes, and gives the sequence; undefined: the connection has ended before. Fails for a refusal. */
export async function publish(
  connection: NatsConnection,
  subject: string,
  text: string,
  headers?: Msg["headers"],
): Promise<number | undefined> {
  const answer = await answered(connection, subject, text, headers);
  if (answer === undefined) return undefined;
  const ack = answer.json<Answer>();
  assert.equal(ack["error"], undefined, `${text}: ${answer.string()}`);
  return Number(ack["seq"]);
}

/** The answer to a request; undefined: the connection has ended before. */
export async function answered(
  connection: NatsConnection,
  subject: string,
  text: string,
  headers?: Msg["headers"],
): Promise<Msg | undefined> {
  try {
    return await connection.request(subject, text, {
      timeout: TIMEOUT_MS,
      ...(headers && { headers }),
    });
  } catch (error) {
    if (connection.isClosed()) return undefined;
    throw error;
  }
}
