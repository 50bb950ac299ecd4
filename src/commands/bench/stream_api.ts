/** What `midge bench js` asks of the API of streams. */
import type { NatsConnection } from "../../client/connection.ts";
import type { LoadReader } from "../../bench/load_reader.ts";
import { byteString } from "../../core/ascii.ts";
import { isRecord } from "../../core/json.ts";
import { isError } from "../../core/errors.ts";
import { askApi } from "../stream_transfer.ts";

const NOT_FOUND = 404;

/** Makes the stream, or finds it as it is wanted. Rejects with what the server says. */
export async function createStream(
  connection: NatsConnection,
  name: string,
  subject: string,
  storage: string,
  replicas: number,
): Promise<void> {
  await asked(name, () =>
    askApi(connection, `STREAM.CREATE.${name}`, {
      name,
      subjects: [subject],
      storage,
      num_replicas: replicas,
    }));
}

/** A consumer, and what it has for its clients. */
export interface ConsumerFacts {
  readonly name: string;
  /** Messages that wait for it. */
  readonly pending: number;
  /** Messages that it has pushed already. */
  readonly delivered: number;
}

/** Makes a consumer that goes when it is not used; `config` is as in the API. */
export async function createConsumer(
  connection: NatsConnection,
  stream: string,
  config: object,
): Promise<ConsumerFacts> {
  return factsOf(
    await asked(stream, () =>
      askApi(connection, `CONSUMER.CREATE.${stream}`, {
        stream_name: stream,
        config: {
          deliver_policy: "all",
          mem_storage: true,
          num_replicas: 1,
          ...config,
        },
      })),
  );
}

export async function findConsumer(
  connection: NatsConnection,
  stream: string,
  consumer: string,
): Promise<ConsumerFacts> {
  await asked(stream, () => askApi(connection, `STREAM.INFO.${stream}`));
  return factsOf(
    await askApi(connection, `CONSUMER.INFO.${stream}.${consumer}`),
  );
}

/** Removes a consumer; one that is gone is fine. */
export async function removeConsumer(
  connection: NatsConnection,
  stream: string,
  consumer: string,
): Promise<void> {
  await askApi(connection, `CONSUMER.DELETE.${stream}.${consumer}`)
    .catch(() => {});
}

export async function dropStream(
  connection: NatsConnection,
  stream: string,
): Promise<void> {
  await askApi(connection, `STREAM.DELETE.${stream}`);
}

/** Says what to do where there is no such stream. */
async function asked(
  stream: string,
  ask: () => Promise<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  try {
    return await ask();
  } catch (error) {
    const isUnknown = isError(error) && "code" in error &&
      error.code === NOT_FOUND;
    if (!isUnknown) throw error;
    throw new Error(
      `The stream "${stream}" does not exist; ` +
        `"midge bench js pub SUBJECT -create -stream ${stream}" makes it`,
    );
  }
}

function factsOf(answer: Record<string, unknown>): ConsumerFacts {
  const { delivered } = answer;
  return {
    name: String(answer["name"]),
    pending: Number(answer["num_pending"] ?? 0),
    delivered: isRecord(delivered) ? Number(delivered["consumer_seq"]) : 0,
  };
}

/** `{"e` of `{"error":...`, where an acknowledgement begins with `{"stream":`. */
const E = 0x65;

/** Why a stream did not take a message; undefined when it did. */
export function refusalIn(frame: LoadReader): Error | undefined {
  const { bytes, bodyStart, headerSize, size } = frame;
  if (bytes[bodyStart + headerSize + 2] !== E) return undefined;
  const text = byteString(
    bytes,
    bodyStart + headerSize,
    Math.min(bytes.length, bodyStart + size),
  );
  const [, why = text] = /"description":"((?:[^"\\]|\\.)*)"/.exec(text) ?? [];
  return new Error(`The stream refuses: ${why}`);
}
