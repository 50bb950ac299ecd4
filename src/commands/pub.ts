/**
 * `midge pub`: publishes a message and ends when the server has it. With
 * `-count` it waits for the server after each mebibyte, or 10,000 messages, so
 * that its buffers stay small.
 */
import type { PublishOptions } from "../faces/client.ts";
import { checkLiteralSubject } from "../client/messages/subjects.ts";
import {
  checkedCount,
  connectProgram,
  firstError,
  flushWithin,
  HEADER_FLAG,
  headersFrom,
  payloadOf,
  sayer,
} from "./client_program.ts";
import { clientCommand } from "./client_command.ts";
import type { Command } from "./command.ts";
import { type ClientFlags, timeoutMs } from "./connection_flags.ts";

const FLAGS = {
  count: {
    names: ["count"],
    type: "integer",
    value: "n",
    doc: "Number of times to publish it (1)",
  },
  reply: {
    names: ["reply"],
    type: "string",
    value: "subject",
    doc: "Subject for answers",
  },
  header: HEADER_FLAG,
} as const;

/** Bytes to publish before waiting until the server has them. */
const UNSENT_BYTES_MAX = 1024 * 1024;
/** The same limit for messages with little or no payload. */
const UNSENT_MSGS_MAX = 10_000;

/** `midge pub SUBJECT [TEXT]` */
export const PUB: Command = clientCommand(
  {
    name: "pub",
    summary: "Publish a message",
    about: "Publishes a message, and makes sure that the server has it.\n\n" +
      "Without TEXT, or with -, the payload is read from standard input.",
    words: [
      { name: "SUBJECT", kind: "text" },
      { name: "TEXT", kind: "text", optional: true },
    ],
    examples: [
      { line: "midge pub greet.joe hello", doc: "Publish a text" },
      {
        line: "midge pub photos.new < photo.jpg",
        doc: "Publish a file, byte for byte",
      },
      {
        line: "midge pub orders '{\"id\":7}' -H 'Trace-Id: a1' --count 3",
        doc: "Three times, with a header",
      },
      {
        line: "midge pub numbers -s nats://node-b:5222 -- -7",
        doc: "A text that begins with a dash, through another server",
      },
    ],
    exits: {
      done: "The server has every message",
      failed: "No server, or it refused: too large, not permitted, ...",
    },
  },
  FLAGS,
  async (flags, words) => {
    const [subject = "", text] = words;
    const count = checkedCount("count", flags.count) ?? 1;
    const options = publishOptions(subject, flags.reply, flags.header);
    const payload = await payloadOf(text);
    await publish(flags, { subject, payload, options, count });
    const bytes = typeof payload === "string"
      ? new TextEncoder().encode(payload).length
      : payload.length;
    const messages = count === 1 ? "a message" : `${count} messages`;
    sayer(flags)(`Published ${messages} of ${bytes} bytes to "${subject}"`);
    return 0;
  },
);

interface Publication {
  readonly subject: string;
  readonly payload: string | Uint8Array;
  readonly options: PublishOptions;
  readonly count: number;
}

function publishOptions(
  subject: string,
  reply: string | undefined,
  header: readonly string[] | undefined,
): PublishOptions {
  checkLiteralSubject("subject", subject);
  if (reply !== undefined) checkLiteralSubject("reply subject", reply);
  const headers = headersFrom(header);
  return {
    ...(reply !== undefined && { reply }),
    ...(headers !== undefined && { headers }),
  };
}

async function publish(
  flags: ClientFlags,
  { subject, payload, options, count }: Publication,
): Promise<void> {
  const waitMs = timeoutMs(flags);
  const connection = await connectProgram("pub", flags);
  const refused = firstError(connection);
  try {
    for (let sent = 1; sent <= count; sent++) {
      connection.publish(subject, payload, options);
      const isMuch = connection.bufferedBytes > UNSENT_BYTES_MAX ||
        sent % UNSENT_MSGS_MAX === 0;
      if (isMuch) await flushWithin(connection, waitMs);
    }
    await flushWithin(connection, waitMs);
  } catch (error) {
    // What the server complained about says more than that it hung up.
    await connection.close();
    throw await connection.closed() ?? await refused ?? error;
  }
  await connection.close();
  const error = await refused;
  if (error !== undefined) throw error;
}
