/**
 * `midge sub`: prints the messages of its subjects until it is told to end or
 * has printed `-count` messages. It connects again when a connection is lost,
 * and ends without an error when the reader of its output goes away.
 */
import { checkPattern, checkQueue } from "../client/messages/subjects.ts";
import type { NatsConnection } from "../faces/client.ts";
import {
  checkedCount,
  connectForGood,
  onAskedToEnd,
  sayer,
} from "./client_program.ts";
import { clientCommand } from "./client_command.ts";
import type { Command } from "./command.ts";
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
    doc: "Number of messages after which to end",
  },
  ...OUTPUT_FLAGS,
} as const;

/** `midge sub SUBJECT...` */
export const SUB: Command = clientCommand(
  {
    name: "sub",
    summary: "Print the messages of subjects",
    about:
      "Prints the messages that are published to subjects from now on.\n\n" +
      "* stands for one token of a subject, > for all tokens at its end. On INT or\n" +
      "TERM it prints what has arrived; it reconnects when a connection is lost.",
    words: [{ name: "SUBJECT", kind: "text", repeated: true }],
    examples: [
      {
        line: "midge sub 'greet.*'",
        doc: "All subjects below greet, such as greet.joe",
      },
      {
        line: "midge sub orders --count 1 --raw > order.json",
        doc: "Wait for one message and save its payload",
      },
      {
        line: "midge sub '>' --json | jq .subject",
        doc: "All messages, for another program; see also -quiet",
      },
      {
        line: "midge sub jobs --queue crew",
        doc: "One of several subscribers that share the work",
      },
    ],
    exits: {
      done:
        "It printed -count messages, got a signal, or its output was closed",
      failed: "No server, or the server refused the subscription",
    },
  },
  FLAGS,
  async (flags, subjects) => {
    const { queue, count = Infinity } = flags;
    checkedCount("count", flags.count);
    subjects.forEach(checkPattern);
    if (queue !== undefined) checkQueue(queue);
    const printer = messagePrinter(flags, true);
    const connection = await connectForGood("sub", flags);
    onAskedToEnd(connection, () => connection.drain());
    const listening = new Listening(connection, printer, count);
    for (const subject of subjects) {
      // With a limit known to the server, no message of a queue group is wasted here.
      const max = subjects.length === 1 ? flags.count : undefined;
      listening.listen(subject, queue, max);
    }
    connection.flush().then(
      () => sayer(flags)(`Listening to ${subjects.join(", ")}`),
      () => {}, // `end` rejects with the reason
    );
    return await listening.end();
  },
);

/** Prints the messages of a connection until `count` of them are printed. */
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
