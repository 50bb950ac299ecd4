/**
 * The article's worker: subscribes, prints each message and everything that
 * happens to its connection, and moves to another node when its own is gone.
 * The first INT or TERM finishes what has arrived; the second ends it at once.
 */
import { connect, type NatsConnection } from "../faces/client.ts";
import { exit, onSignal, print } from "../runtime/process/system.ts";
import {
  connectionOptions,
  logError,
  logLine,
  printClosed,
  printEvents,
  readFlags,
} from "./article.ts";
import { type Command, flagGroup } from "./command.ts";
import { CONNECTION_FLAGS } from "./connection_flags.ts";

const SERVERS = "nats://localhost:4222,nats://localhost:6222";
const NAME = "y";
const SUBJECT = "abc";
const RECONNECTS_MAX = 5;
const RECONNECT_WAIT_MS = 2000;

const FLAGS = {
  name: {
    names: ["servername"],
    type: "string",
    value: "name",
    doc: `Name of this worker (default: ${NAME})`,
  },
  group: {
    names: ["group"],
    type: "string",
    value: "name",
    doc: "Queue group: one member gets each message",
  },
  subject: {
    names: ["subj"],
    type: "string",
    value: "subject",
    doc: `Subject to subscribe to (default: ${SUBJECT})`,
  },
  ...CONNECTION_FLAGS,
} as const;

/** `midge worker` */
export const WORKER: Command = {
  name: "worker",
  summary: "Run the article's worker",
  about:
    "The article's worker: prints what is published to a subject, and what\n" +
    "happens to its connection. It moves to another node when its own is gone.",
  words: [],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    {
      line: "midge worker -servername worker1",
      doc: "On the article's nodes, localhost:4222 and localhost:6222",
    },
    {
      line: "midge worker -group crew -subj jobs -s nats://localhost:4222",
      doc: "One of several that share the messages of a subject",
    },
    {
      line: "midge worker -discover registry://localhost:4280",
      doc: "Also on nodes that are announced at a registry",
    },
  ],
  exits: {
    done: "A signal ended it",
    failed: "No server, at the start or after a lost connection",
  },
  run: runWorker,
};

/** Runs the program to its end. */
export async function runWorker(args: readonly string[]): Promise<never> {
  const flags = readFlags("worker", FLAGS, args);
  const { name = NAME, group = "", subject = SUBJECT } = flags;
  try {
    const connection = await connect({
      ...connectionOptions(flags, SERVERS),
      noRandomize: true,
      maxReconnectAttempts: RECONNECTS_MAX,
      reconnectTimeWait: RECONNECT_WAIT_MS,
    });
    printEvents(connection);
    printNews(connection);
    logLine(name, group, subject);
    startService(connection, subject, `${name} worker1`, group);
    stopOnSignals(connection);
    const reason = await connection.closed();
    printClosed(reason);
    exit(reason === undefined ? 0 : 1);
  } catch (error) {
    logError(error);
    exit(1);
  }
}

function startService(
  connection: NatsConnection,
  subject: string,
  name: string,
  group: string,
): void {
  connection.subscribe(subject, {
    ...(group !== "" && { queue: group }),
    callback: (error, message) => {
      if (error !== null) return; // `printNews` prints it
      const data = message.string();
      logLine(name, "Received a message From Async : ", data);
    },
  });
}

/** Prints new servers of the cluster, and errors of the server. */
async function printNews(connection: NatsConnection): Promise<void> {
  for await (const event of connection.status()) {
    if (event.type === "update" && event.added !== undefined) {
      print(`Got Discover Server nats://${connection.getServer()}!\n`);
    }
    if (event.type === "error") {
      print(`Got Error Server ${event.error.message}!\n`);
    }
  }
}

function stopOnSignals(connection: NatsConnection): void {
  const stop = (): void => {
    if (connection.isDraining()) connection.close();
    // Without a connection there is nothing to drain; it closes all the same.
    else connection.drain().catch(() => {});
  };
  onSignal("SIGINT", stop);
  onSignal("SIGTERM", stop);
}
