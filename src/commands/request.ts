/**
 * `midge request`: sends a request and prints the answers: the first one, the
 * number that `-replies` names, or all that come before a pause. Fewer answers
 * than `-replies` are a failure.
 */
import {
  type Msg,
  type NatsConnection,
  type RequestManyOptions,
  TimeoutError,
} from "../faces/client.ts";
import { checkLiteralSubject } from "../client/messages/subjects.ts";
import { formatDuration } from "../core/duration.ts";
import {
  checkedCount,
  connectProgram,
  HEADER_FLAG,
  headersFrom,
  payloadOf,
} from "./client_program.ts";
import { clientCommand, type ClientValues } from "./client_command.ts";
import type { Command } from "./command.ts";
import { timeoutMs } from "./connection_flags.ts";
import {
  type MessagePrinter,
  messagePrinter,
  OUTPUT_FLAGS,
} from "./message_output.ts";

/** With `-replies 0`, a pause this long ends the wait for answers. */
const SILENCE_MS = 300;

const FLAGS = {
  replies: {
    names: ["replies"],
    type: "integer",
    value: "n",
    doc: "Number of answers to wait for (1); 0: all that " +
      `come before a pause of ${SILENCE_MS}ms`,
  },
  header: HEADER_FLAG,
  ...OUTPUT_FLAGS,
} as const;

/** `midge request SUBJECT [TEXT]` */
export const REQUEST: Command = clientCommand(
  {
    name: "request",
    summary: "Send a request and print the answer",
    about: "Sends a request and prints the answer.\n\n" +
      "Without TEXT, or with -, the payload is read from standard input.",
    words: [
      { name: "SUBJECT", kind: "text" },
      { name: "TEXT", kind: "text", optional: true },
    ],
    examples: [
      { line: "midge request time.now ''", doc: "Ask without a payload" },
      {
        line: "midge request sum '[1,2]' --timeout 500ms --raw",
        doc: "Wait half a second at most; print only the payload",
      },
      {
        line: "midge request '$SRV.PING' '' --replies 0 --json",
        doc: "The answers of all services, a line of JSON each",
      },
    ],
    exits: {
      done: "All answers that were asked for came",
      failed: "No server, no responders, or too few answers in time",
    },
  },
  FLAGS,
  async (flags, [subject = "", text]) => {
    checkLiteralSubject("subject", subject);
    checkedCount("replies", flags.replies, 0);
    const question = {
      subject,
      headers: headersFrom(flags.header),
      waitMs: timeoutMs(flags),
      replies: flags.replies ?? 1,
    };
    const print = messagePrinter(flags, false);
    const payload = await payloadOf(text);
    await ask(flags, { ...question, payload }, print);
    return 0;
  },
);

interface Question {
  readonly subject: string;
  readonly payload: string | Uint8Array;
  readonly headers: RequestManyOptions["headers"] | undefined;
  readonly waitMs: number;
  /** 0: all that come. */
  readonly replies: number;
}

async function ask(
  flags: ClientValues<typeof FLAGS>,
  question: Question,
  print: MessagePrinter,
): Promise<void> {
  const connection = await connectProgram("request", flags);
  try {
    let count = 0;
    for await (const message of await answers(connection, question)) {
      count++;
      if (!print(message)) return;
    }
    const { subject, waitMs, replies } = question;
    if (count >= Math.max(replies, 1)) return;
    const wait = formatDuration(waitMs);
    throw new TimeoutError(
      count === 0
        ? `No answer from "${subject}" within ${wait}`
        : `${count} of ${replies} answers came within ${wait}`,
    );
  } finally {
    await connection.close();
  }
}

function answers(
  connection: NatsConnection,
  { subject, payload, headers, waitMs, replies }: Question,
): Promise<AsyncIterable<Msg>> {
  return connection.requestMany(subject, payload, {
    ...(headers !== undefined && { headers }),
    maxWait: waitMs,
    ...(replies === 0
      ? { strategy: "stall", stall: SILENCE_MS }
      : { strategy: "count", maxMessages: replies }),
  });
}
