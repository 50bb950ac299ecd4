/** `midge bench request` and `reply`: requests, and how long their answers take. */
import { patternOf } from "../../bench/frames.ts";
import { runLoads, shareOf } from "../../bench/load.ts";
import { Replier } from "../../bench/replying.ts";
import { LoadRequester } from "../../bench/requesting.ts";
import { Goal } from "../../bench/subscribing.ts";
import { Tally } from "../../bench/tally.ts";
import { checkQueue } from "../../client/messages/subjects.ts";
import { nuid } from "../../faces/client.ts";
import { sayer } from "../client_program.ts";
import type { Command } from "../command.ts";
import { timeoutMs } from "../connection_flags.ts";
import { benchCommand } from "./bench_command.ts";
import {
  clientsFlag,
  heardOf,
  limitsOf,
  publicationOf,
  SIZE_BYTES,
  SIZE_FLAG,
  SUBJECTS_FLAG,
  textFlag,
} from "./flags.ts";
import { bytesOf, countOf } from "./numbers.ts";

const REQUESTS = 10_000;
/** Members of the group that answers unless told otherwise, so that each request has one answer. */
const QUEUE = "bench";

const REQUEST_FLAGS = {
  clients: clientsFlag("clients", "Clients that ask"),
  inFlight: textFlag("in-flight", "n", "Requests of each client at a time (1)"),
  size: SIZE_FLAG,
  subjects: SUBJECTS_FLAG,
} as const;

/** `midge bench request SUBJECT` */
export const BENCH_REQUEST: Command = benchCommand(
  {
    name: "request",
    summary: "Send requests and time their answers",
    about:
      "Sends requests, 10000 unless told otherwise, and tells how long the answers\n" +
      "took. Others answer: midge bench reply, or any service.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench request echo --msgs 100k",
        doc: "One at a time",
      },
      {
        line:
          "midge bench request echo --clients 4 --in-flight 100 --seconds 10",
        doc: "400 at a time",
      },
    ],
    exits: {
      done: "Every request was answered",
      failed: "No server, no responders, or answers that did not come in time",
    },
  },
  REQUEST_FLAGS,
  (flags, [subject = ""]) => {
    const question = publicationOf(subject, flags);
    const limits = limitsOf(flags, REQUESTS);
    const clients = countOf("clients", flags.clients, 1);
    const inFlight = countOf("in-flight", flags.inFlight, 1);
    return {
      bench: "request",
      flags,
      limits,
      connections: clients,
      size: question.size,
      asked: { clients, "in-flight": inFlight, ...question },
      wanted: limits.msgs,
      make(lines, course) {
        const requesters = lines.map((line, index) =>
          new LoadRequester(
            line,
            course,
            new Tally("request", index + 1, course.clock),
            nuid,
            {
              ...question,
              msgs: shareOf(limits.msgs, clients, index),
              inFlight,
              timeoutMs: timeoutMs(flags),
              counts: "answers",
              unheard: `Nobody answers requests to "${subject}"; ` +
                `"midge bench reply ${subject}" would`,
            },
          )
        );
        return {
          tallies: requesters.map(({ tally }) => tally),
          run: () => runLoads(course, requesters),
        };
      },
    };
  },
);

const REPLY_FLAGS = {
  clients: clientsFlag("clients", "Clients that answer"),
  queue: textFlag(
    "queue",
    "group",
    `Queue group: one member gets each request (${QUEUE})`,
  ),
  size: { ...SIZE_FLAG, doc: "Bytes of an answer, such as 16 or 4KiB (128)" },
  subjects: SUBJECTS_FLAG,
} as const;

/** `midge bench reply SUBJECT` */
export const BENCH_REPLY: Command = benchCommand(
  {
    name: "reply",
    summary: "Answer requests as a service",
    about:
      "Answers requests until it is told to end, after -msgs of them, or -seconds\n" +
      "after the first one; and tells how fast they came.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench reply echo",
        doc: "For midge bench request echo",
      },
      {
        line: "midge bench reply echo --clients 3 --size 4KiB",
        doc: "Three members of a queue group, with longer answers",
      },
    ],
    exits: {
      done: "It was told to end, or answered -msgs requests",
      failed: "No server, or it refused the subscription",
    },
  },
  REPLY_FLAGS,
  (flags, [subject = ""]) => {
    const { subjects } = heardOf(subject, flags);
    const size = bytesOf("size", flags.size, SIZE_BYTES);
    const { queue = QUEUE } = flags;
    checkQueue(queue);
    const limits = limitsOf(flags, Infinity);
    const clients = countOf("clients", flags.clients, 1);
    return {
      bench: "reply",
      flags,
      limits,
      connections: clients,
      size,
      asked: { clients, subject, subjects, size, queue },
      wanted: limits.msgs,
      make(lines, course) {
        const goal = new Goal(limits.msgs);
        const pattern = patternOf({ subject, subjects });
        const repliers = lines.map((line, index) =>
          new Replier(
            line,
            course,
            new Tally("reply", index + 1, course.clock),
            goal,
            { pattern, queue, size },
          )
        );
        return {
          tallies: repliers.map(({ tally }) => tally),
          run: () =>
            runLoads(
              course,
              repliers,
              "with the first message",
              () => sayer(flags)(`Answering requests to "${pattern}"`),
            ),
        };
      },
    };
  },
);
