/**
 * The article's publisher: connects to the three nodes in order, publishes one
 * message, makes sure that the server has it, and ends. `client.ts` runs it too.
 */
import { connect, type NatsConnection } from "../faces/client.ts";
import { exit } from "../runtime/process/system.ts";
import {
  connectionOptions,
  logError,
  logLine,
  printClosed,
  printEvents,
  readFlags,
} from "./article.ts";
import { firstError } from "./client_program.ts";
import { type Command, flagGroup } from "./command.ts";
import { CONNECTION_FLAGS } from "./connection_flags.ts";

const SERVERS =
  "nats://localhost:4222,nats://localhost:5222,nats://localhost:6222";
const SUBJECT = "abc";
const RECONNECTS_MAX = 10;
const RECONNECT_WAIT_MS = 2000;

const FLAGS = {
  subject: {
    names: ["subj"],
    type: "string",
    value: "subject",
    doc: `Subject to publish to (default: ${SUBJECT})`,
  },
  ...CONNECTION_FLAGS,
} as const;

/** `midge publisher` */
export const PUBLISHER: Command = {
  name: "publisher",
  summary: "Run the article's publisher",
  about:
    "The article's publisher: publishes one message, with a new id, and makes\n" +
    "sure that the server has it. To publish your own messages use midge pub.",
  words: [],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    {
      line: "midge publisher",
      doc: 'To "abc", on the article\'s nodes: localhost:4222, 5222 and 6222',
    },
    {
      line: "midge publisher -subj jobs -s nats://localhost:4222",
      doc: "To another subject, on one node",
    },
  ],
  exits: {
    done: "The server has the message",
    failed: "No server, or it refused the message",
  },
  run: runPublisher,
};

/** Runs the program to its end. */
export async function runPublisher(args: readonly string[]): Promise<never> {
  const flags = readFlags("publisher", FLAGS, args);
  try {
    const connection = await connect({
      ...connectionOptions(flags, SERVERS),
      noRandomize: true,
      maxReconnectAttempts: RECONNECTS_MAX,
      reconnectTimeWait: RECONNECT_WAIT_MS,
    });
    connection.closed().then((reason) => {
      if (reason !== undefined) printClosed(reason);
    });
    printEvents(connection);
    await publishOnce(connection, flags.subject ?? SUBJECT);
  } catch (error) {
    logError(error);
    exit(1);
  }
  exit(0);
}

async function publishOnce(
  connection: NatsConnection,
  subject: string,
): Promise<void> {
  const refused = firstError(connection);
  logLine(subject);
  const id = crypto.randomUUID();
  logLine(id);
  connection.publish(subject, `${id} Midge 0`);
  await connection.flush();
  await connection.close();
  const error = await refused;
  if (error !== undefined) throw error;
}
