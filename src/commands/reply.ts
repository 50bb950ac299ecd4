/**
 * `midge reply`: answers requests with a text, with the request itself, or with
 * the output of a shell command. Up to 16 commands run at a time. A signal ends
 * the program once each request that has arrived is answered.
 */
import { checkPattern, checkQueue } from "../client/messages/subjects.ts";
import { FlagError } from "../config/flags/flags.ts";
import {
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Payload,
  PermissionViolationError,
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
} from "../faces/client.ts";
import { printError } from "../runtime/process/system.ts";
import { runShell } from "../runtime/process/shell.ts";
import {
  checkedCount,
  connectForGood,
  HEADER_FLAG,
  headersFrom,
  onAskedToEnd,
  type Say,
  sayer,
} from "./client_program.ts";
import { clientCommand } from "./client_command.ts";
import type { Command } from "./command.ts";

const FLAGS = {
  echo: {
    names: ["echo"],
    type: "boolean",
    doc: "Answer with the request, headers included",
  },
  command: {
    names: ["command"],
    type: "string",
    value: "line",
    doc: "Shell command to run for each request; it " +
      "reads the payload and writes the answer",
  },
  queue: {
    names: ["queue"],
    type: "string",
    value: "group",
    doc: "Queue group: one member gets each request",
  },
  count: {
    names: ["count"],
    type: "integer",
    value: "n",
    doc: "Number of requests after which to end",
  },
  header: HEADER_FLAG,
} as const;

/** Commands that run at the same time; further requests wait. */
const COMMANDS_MAX = 16;
/** The longest output of a command when the server names no `max_payload`. */
const OUTPUT_BYTES_MAX = 1024 * 1024;

/** `midge reply SUBJECT [TEXT]` */
export const REPLY: Command = clientCommand(
  {
    name: "reply",
    summary: "Answer the requests of a subject",
    about:
      "Answers the requests of a subject: with TEXT, with -echo, or with the\n" +
      "output of a -command, which finds the subject in NATS_REQUEST_SUBJECT.\n\n" +
      "When a command fails, the answer is an error of the service protocol. On INT\n" +
      "or TERM it answers what has arrived; it reconnects when a connection is lost.",
    words: [
      { name: "SUBJECT", kind: "text" },
      { name: "TEXT", kind: "text", optional: true },
    ],
    examples: [
      { line: "midge reply ping pong", doc: "Always the same answer" },
      {
        line: "midge reply 'test.>' --echo",
        doc: "Send each request back, for tests",
      },
      {
        line: "midge reply sort --command sort --queue sorters",
        doc: "A program as a service, one of several instances",
      },
    ],
    exits: {
      done: "It answered -count requests, or got a signal",
      failed: "No server, or the server refused the subscription",
    },
  },
  FLAGS,
  async (flags, words) => {
    const [subject = "", text] = words;
    const { queue, count } = flags;
    checkPattern(subject);
    if (queue !== undefined) checkQueue(queue);
    checkedCount("count", count);
    const extra = headersFrom(flags.header);
    const make = answerMaker(text, flags.echo === true, flags.command);
    const connection = await connectForGood("reply", flags);
    const say = sayer(flags);
    tellRefusals(connection);
    const subscription = connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      ...(count !== undefined && { max: count }),
    });
    onAskedToEnd(connection, () => subscription.drain());
    connection.flush().then(
      () => say(`Answering requests to ${subject}`),
      () => {}, // `answerAll` throws the reason
    );
    await answerAll(connection, subscription, make, extra, say);
    return 0;
  },
);

interface Answer {
  readonly payload: Payload;
  readonly headers?: MsgHdrs | undefined;
}

type MakeAnswer = (
  request: Msg,
  connection: NatsConnection,
) => Answer | Promise<Answer>;

/** Throws FlagError unless there is one way to answer. */
function answerMaker(
  text: string | undefined,
  echo: boolean,
  command: string | undefined,
): MakeAnswer {
  const ways = [text !== undefined, echo, command !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    throw new FlagError("give one of TEXT, -echo and -command");
  }
  if (echo) return ({ data, headers }) => ({ payload: data, headers });
  if (command === undefined) return () => ({ payload: text ?? "" });
  return (request, connection) => commandAnswer(command, request, connection);
}

async function commandAnswer(
  line: string,
  { subject, data }: Msg,
  connection: NatsConnection,
): Promise<Answer> {
  const { code, signal, output } = await runShell({
    line,
    input: data,
    environment: { NATS_REQUEST_SUBJECT: subject },
    outputBytesMax: connection.info?.max_payload ?? OUTPUT_BYTES_MAX,
  });
  if (code === 0) return { payload: output };
  throw new Error(`the command ended with ${signal ?? `exit code ${code}`}`);
}

/** Resolves when the subscription is over and every request has its answer. */
async function answerAll(
  connection: NatsConnection,
  requests: AsyncIterable<Msg>,
  make: MakeAnswer,
  extra: MsgHdrs | undefined,
  say: Say,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for await (const request of requests) {
    if (request.reply === undefined) {
      say(`A message to "${request.subject}" wants no answer`);
      continue;
    }
    const answer = answerOne(connection, request, make, extra)
      .catch((error: unknown) => printError(`midge reply: ${textOf(error)}\n`))
      .finally(() => running.delete(answer));
    running.add(answer);
    if (running.size >= COMMANDS_MAX) await Promise.race(running);
  }
  // On a closed connection no answer can be sent any more.
  await Promise.race([Promise.all(running), connection.closed()]);
  if (!connection.isClosed()) return await connection.drain();
  const reason = await connection.closed();
  if (reason instanceof Error) throw reason;
}

async function answerOne(
  connection: NatsConnection,
  request: Msg,
  make: MakeAnswer,
  extra: MsgHdrs | undefined,
): Promise<void> {
  try {
    const { payload, headers } = await make(request, connection);
    const all = merged(headers, extra);
    request.respond(payload, all === undefined ? {} : { headers: all });
  } catch (error) {
    const text = textOf(error);
    printError(`midge reply: ${text}\n`);
    const told = headers();
    told.set(ServiceErrorCodeHeader, "500");
    told.set(ServiceErrorHeader, text);
    request.respond("", { headers: told });
  }
}

function merged(
  one: MsgHdrs | undefined,
  other: MsgHdrs | undefined,
): MsgHdrs | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const all = headers();
  for (const [name, values] of [...one, ...other]) {
    for (const value of values) all.append(name, value);
  }
  return all;
}

/** An answer that the server refuses is reported; the others go on. */
async function tellRefusals(connection: NatsConnection): Promise<void> {
  for await (const event of connection.status()) {
    if (event.type !== "error" || endsAll(event.error)) continue;
    printError(`midge reply: ${event.error.message}\n`);
  }
}

/** A refused subscription ends the command: there is nothing to answer. */
function endsAll(error: Error): boolean {
  return error instanceof PermissionViolationError &&
    error.operation === "subscription";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
