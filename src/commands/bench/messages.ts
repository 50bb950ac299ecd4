/** `midge bench pub`, `sub` and `pubsub`: messages without streams. */
import { publishersOn, subscribersOn } from "../../bench/crowds.ts";
import { runFanOut } from "../../bench/fan_out.ts";
import { patternOf, STAMP_BYTES } from "../../bench/frames.ts";
import { runLoads } from "../../bench/load.ts";
import { checkQueue } from "../../client/messages/subjects.ts";
import { FlagError } from "../../config/flags/flags.ts";
import { sayer } from "../client_program.ts";
import type { Command } from "../command.ts";
import { timeoutMs } from "../connection_flags.ts";
import { benchCommand } from "./bench_command.ts";
import {
  clientsFlag,
  heardOf,
  limitsOf,
  publicationOf,
  RATE_FLAG,
  SIZE_FLAG,
  SUBJECTS_FLAG,
  textFlag,
} from "./flags.ts";
import { countOf } from "./numbers.ts";

const MSGS = 100_000;

const QUEUE_FLAG = textFlag(
  "queue",
  "group",
  "Queue group: one member gets each message",
);

const PUB_FLAGS = {
  clients: clientsFlag("clients", "Publishers"),
  size: SIZE_FLAG,
  subjects: SUBJECTS_FLAG,
  rate: RATE_FLAG,
} as const;

/** `midge bench pub SUBJECT` */
export const BENCH_PUB: Command = benchCommand(
  {
    name: "pub",
    summary: "Publish messages as fast as a server takes them",
    about:
      "Publishes messages, 100000 unless told otherwise, and tells how fast the\n" +
      "server has handled them.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench pub orders --msgs 2M --size 16",
        doc: "Two million small messages",
      },
      {
        line: "midge bench pub orders --clients 4 --subjects 1000 --seconds 10",
        doc: "For ten seconds, orders.000 to orders.999",
      },
    ],
    exits: {
      done: "The server has every message",
      failed: "No server, or it refused: too large, not permitted, ...",
    },
  },
  PUB_FLAGS,
  (flags, [subject = ""]) => {
    const publication = publicationOf(subject, flags);
    const limits = limitsOf(flags, MSGS);
    const clients = countOf("clients", flags.clients, 1);
    const perSecond = countOf("rate", flags.rate, Infinity);
    return {
      bench: "pub",
      flags,
      limits,
      connections: clients,
      size: publication.size,
      asked: { clients, ...publication },
      wanted: limits.msgs,
      make(lines, course) {
        const publishers = publishersOn(lines, course, {
          ...publication,
          stamped: false,
          msgs: limits.msgs,
          perSecond,
        });
        return {
          tallies: publishers.map(({ tally }) => tally),
          run: () => runLoads(course, publishers),
        };
      },
    };
  },
);

const SUB_FLAGS = {
  clients: clientsFlag("clients", "Subscribers"),
  queue: QUEUE_FLAG,
  subjects: SUBJECTS_FLAG,
} as const;

/** `midge bench sub SUBJECT` */
export const BENCH_SUB: Command = benchCommand(
  {
    name: "sub",
    summary: "Count the messages of a subject",
    about:
      "Waits for messages, 100000 for each client unless told otherwise, and tells\n" +
      "how fast they came; the time begins with the first. The members of a -queue\n" +
      "group take them together.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench sub orders --msgs 2M",
        doc: "Beside midge bench pub orders --msgs 2M",
      },
      {
        line: "midge bench sub orders --clients 5 --queue crew --seconds 10",
        doc: "A group, for ten seconds from the first message on",
      },
    ],
    exits: {
      done: "All messages came, or the time was over",
      failed: "No server, or it refused the subscription",
    },
  },
  SUB_FLAGS,
  (flags, [subject = ""]) => {
    const { subjects } = heardOf(subject, flags);
    const queue = queueOf(flags.queue);
    const limits = limitsOf(flags, MSGS);
    const clients = countOf("clients", flags.clients, 1);
    return {
      bench: "sub",
      flags,
      limits,
      connections: clients,
      size: 0,
      asked: { clients, subject, subjects, ...(queue !== "" && { queue }) },
      wanted: limits.msgs * (queue === "" ? clients : 1),
      make(lines, course) {
        const pattern = patternOf({ subject, subjects });
        const options = { pattern, queue, stamped: false };
        const subscribers = subscribersOn(lines, course, options, limits.msgs);
        return {
          tallies: subscribers.map(({ tally }) => tally),
          run: () =>
            runLoads(
              course,
              subscribers,
              "with the first message",
              () => sayer(flags)(`Waiting for messages to "${pattern}"`),
            ),
        };
      },
    };
  },
);

const PUBSUB_FLAGS = {
  pubs: clientsFlag("pubs", "Publishers"),
  subs: clientsFlag("subs", "Subscribers"),
  queue: QUEUE_FLAG,
  size: SIZE_FLAG,
  subjects: SUBJECTS_FLAG,
  rate: RATE_FLAG,
  latency: {
    names: ["latency"],
    type: "boolean",
    doc: "Measure how old messages are when they come; " +
      "give a -rate, or it is the length of the queue",
  },
} as const;

/** `midge bench pubsub SUBJECT` */
export const BENCH_PUBSUB: Command = benchCommand(
  {
    name: "pubsub",
    summary: "Publish messages and count them, in one run",
    about:
      "Publishes messages, 100000 unless told otherwise, to subscribers of its own,\n" +
      "and tells how fast they came. Each subscriber gets all of them; the members\n" +
      "of a -queue group share them.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench pubsub fan --subs 50 --size 128 --msgs 200k",
        doc: "One publisher, fifty receivers",
      },
      {
        line: "midge bench pubsub fan --rate 1000 --latency --seconds 10",
        doc: "From publisher to subscriber, a thousand times a second",
      },
    ],
    exits: {
      done: "Every subscriber has every message",
      failed: "No server, it refused, or messages were lost",
    },
  },
  PUBSUB_FLAGS,
  (flags, [subject = ""]) => {
    const publication = publicationOf(subject, flags);
    const queue = queueOf(flags.queue);
    const stamped = flags.latency === true;
    if (stamped && publication.size < STAMP_BYTES) {
      throw new FlagError(`-latency needs a -size of ${STAMP_BYTES} or more`);
    }
    const limits = limitsOf(flags, MSGS);
    const pubs = countOf("pubs", flags.pubs, 1);
    const subs = countOf("subs", flags.subs, 1);
    const perSecond = countOf("rate", flags.rate, Infinity);
    const silenceMs = timeoutMs(flags);
    return {
      bench: "pubsub",
      flags,
      limits,
      connections: pubs + subs,
      size: publication.size,
      asked: { pubs, subs, ...publication, ...(queue !== "" && { queue }) },
      wanted: limits.msgs * (1 + (queue === "" ? subs : 1)),
      make(lines, course) {
        const { msgs } = limits;
        const publishers = publishersOn(lines.slice(0, pubs), course, {
          ...publication,
          stamped,
          msgs,
          perSecond,
        });
        const subscribers = subscribersOn(lines.slice(pubs), course, {
          pattern: patternOf(publication),
          queue,
          stamped,
        });
        const loads = [...publishers, ...subscribers];
        return {
          tallies: loads.map(({ tally }) => tally),
          run: () => runFanOut(course, { publishers, subscribers, silenceMs }),
        };
      },
    };
  },
);

function queueOf(queue: string | undefined): string {
  if (queue !== undefined) checkQueue(queue);
  return queue ?? "";
}
