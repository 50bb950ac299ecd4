/**
 * `midge sub`: prints what is published, until it has enough. A lost connection
 * is made again, and a reader of the output that goes away ends the program
 * without a complaint.
 */
import { checkPattern, checkQueue } from "../client/messages/subjects.ts";
import type { NatsConnection } from "../faces/client.ts";
import {
  checkedCount,
  connectForGood,
  onAskedToEnd,
  sayer,
} from "./client_program.ts";
import { type Command, flagGroup, taking } from "./command.ts";
import { CLIENT_ENVIRONMENT, CLIENT_FLAGS } from "./connection_flags.ts";
import {
  type MessagePrinter,
  messagePrinter,
  OUTPUT_FLAGS,
} from "./message_output.ts";

const FLAGS = {
  queue: {
    names: ["queue"],
    type: "string",
    value: "group",
    doc: "Queue group: one member gets each message",
  },
  count: {
    names: ["count"],
    type: "integer",
    value: "n",
    doc: "End after so many messages",
  },
  ...OUTPUT_FLAGS,
} as const;

/** `midge sub SUBJECT...` */
export const SUB: Command = {
  name: "sub",
  summary: "Print the messages of subjects",
  about: "Prints the messages that are published to subjects from now on.\n\n" +
    "* stands for one token of a subject, > for all tokens at its end. INT and\n" +
    "TERM let it print what has arrived; a lost connection is made again.",
  words: [{ name: "SUBJECT", kind: "text", repeated: true }],
  flags: [
    flagGroup("Flags", FLAGS),
    flagGroup("Common flags", CLIENT_FLAGS),
  ],
  environment: CLIENT_ENVIRONMENT,
  examples: [
    { line: "midge sub 'greet.*'", doc: "Everything that greets" },
    {
      line: "midge sub orders --count 1 --raw > order.json",
      doc: "Wait for one message and keep its payload",
    },
    {
      line: "midge sub '>' --json | jq .subject",
      doc: "All there is, for another program; see also -quiet",
    },
    {
      line: "midge sub jobs --queue crew",
      doc: "One of several that share the work",
    },
  ],
  exits: {
    done: "It had enough, was asked to end, or nobody reads its output",
    failed: "No server, or it refused the subscription",
  },
  run: taking({ ...FLAGS, ...CLIENT_FLAGS }, async (flags, subjects) => {
    const { queue, count = Infinity } = flags;
    checkedCount("count", flags.count);
    subjects.forEach(checkPattern);
    if (queue !== undefined) checkQueue(queue);
    const printer = messagePrinter(flags, true);
    const connection = await connectForGood("sub", flags);
    onAskedToEnd(connection, () => connection.drain());
    const listening = new Listening(connection, printer, count);
    for (const subject of subjects) {
      // A server that knows the limit sends nothing in vain to a queue group.
      const max = subjects.length === 1 ? flags.count : undefined;
      listening.listen(subject, queue, max);
    }
    connection.flush().then(
      () => sayer(flags)(`Listening to ${subjects.join(", ")}`),
      () => {}, // the connection tells why
    );
    return await listening.end();
  }),
};

/** Prints the messages of a connection until there are enough. */
class Listening {
  readonly #connection: NatsConnection;
  readonly #print: MessagePrinter;
  #missing: number;
  #failure: Error | undefined;

  constructor(
    connection: NatsConnection,
    printer: MessagePrinter,
    count: number,
  ) {
    this.#connection = connection;
    this.#print = printer;
    this.#missing = count;
    this.#watchErrors();
  }

  listen(
    subject: string,
    queue: string | undefined,
    max: number | undefined,
  ): void {
    this.#connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      ...(max !== undefined && { max }),
      callback: (error, message) => {
        if (error !== null) return this.#fail(error);
        if (this.#missing === 0) return;
        this.#missing--;
        const isRead = this.#print(message);
        if (!isRead) this.#missing = 0;
        if (this.#missing === 0) this.#connection.close();
      },
    });
  }

  /** Resolves with the exit code; rejects with what ended the connection. */
  async end(): Promise<number> {
    const reason = await this.#connection.closed();
    const error = this.#failure ?? reason;
    if (error instanceof Error) throw error;
    return 0;
  }

  async #watchErrors(): Promise<void> {
    for await (const event of this.#connection.status()) {
      if (event.type === "error") this.#fail(event.error);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#connection.close();
  }
}
