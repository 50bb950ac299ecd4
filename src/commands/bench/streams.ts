/** `midge bench js`: what streams take, and how fast they are read. */
import { patternOf } from "../../bench/frames.ts";
import { runLoads, shareOf } from "../../bench/load.ts";
import { LoadRequester } from "../../bench/requesting.ts";
import { FlagError } from "../../config/flags/flags.ts";
import { nuid } from "../../faces/client.ts";
import { type Command, flagGroup, HELP_FLAG } from "../command.ts";
import { timeoutMs } from "../connection_flags.ts";
import { benchCommand } from "./bench_command.ts";
import {
  clientsFlag,
  limitsOf,
  publicationOf,
  SIZE_FLAG,
  SUBJECTS_FLAG,
  textFlag,
} from "./flags.ts";
import { countOf } from "./numbers.ts";
import { createStream, refusalIn } from "./stream_api.ts";
import {
  BENCH_STREAM,
  STREAM_FLAG,
  streamOf,
  streamTally,
} from "./stream_flags.ts";
import { JS_CONSUME, JS_FETCH } from "./stream_reading.ts";

const PUBLISHED = 10_000;
const IN_FLIGHT = 100;
const STORAGES = ["file", "memory"];

const PUB_FLAGS = {
  stream: {
    ...STREAM_FLAG,
    doc: `Stream to make, with -create (${BENCH_STREAM})`,
  },
  create: {
    names: ["create"],
    type: "boolean",
    doc: "Make the stream where there is none",
  },
  storage: {
    ...textFlag(
      "storage",
      "kind",
      "Of a stream to make: file or memory (file)",
    ),
    choices: STORAGES,
  },
  replicas: textFlag("replicas", "n", "Of a stream to make (1)"),
  clients: clientsFlag("clients", "Publishers"),
  inFlight: textFlag(
    "in-flight",
    "n",
    "Messages of each client that wait to be " +
      `acknowledged at a time (${IN_FLIGHT})`,
  ),
  size: SIZE_FLAG,
  subjects: SUBJECTS_FLAG,
} as const;

const JS_PUB: Command = benchCommand(
  {
    name: "pub",
    summary: "Publish messages that a stream acknowledges",
    about:
      "Publishes messages, 10000 unless told otherwise, to a stream, and tells how\n" +
      "long it took until each was acknowledged. With -create a stream is made where\n" +
      "there is none; it stays.",
    words: [{ name: "SUBJECT", kind: "text" }],
    examples: [
      {
        line: "midge bench js pub orders --create --stream ORDERS --msgs 100k",
        doc: "Into a new stream, which is kept in files",
      },
      {
        line: "midge bench js pub orders --in-flight 1 --seconds 10",
        doc: "Each message waits for the one before",
      },
    ],
    exits: {
      done: "The stream has every message",
      failed: "No server, no such stream, or it refused a message",
    },
  },
  PUB_FLAGS,
  (flags, [subject = ""]) => {
    const publication = publicationOf(subject, flags);
    const stream = streamOf(flags.stream);
    const storage = storageOf(flags.storage);
    const replicas = countOf("replicas", flags.replicas, 1);
    const limits = limitsOf(flags, PUBLISHED);
    const clients = countOf("clients", flags.clients, 1);
    const inFlight = countOf("in-flight", flags.inFlight, IN_FLIGHT);
    return {
      bench: "js pub",
      flags,
      limits,
      connections: clients,
      size: publication.size,
      asked: { clients, "in-flight": inFlight, ...publication },
      wanted: limits.msgs,
      async make(lines, course) {
        if (flags.create === true) {
          const { connection } = lines[0]!;
          const pattern = patternOf(publication);
          await createStream(connection, stream, pattern, storage, replicas);
        }
        const publishers = lines.map((line, index) =>
          new LoadRequester(
            line,
            course,
            streamTally("js pub", index, course),
            nuid,
            {
              ...publication,
              msgs: shareOf(limits.msgs, clients, index),
              inFlight,
              timeoutMs: timeoutMs(flags),
              counts: "requests",
              unheard: `No stream takes messages to "${subject}"; ` +
                "-create makes one",
              refusal: refusalIn,
            },
          )
        );
        return {
          tallies: publishers.map(({ tally }) => tally),
          run: () => runLoads(course, publishers),
        };
      },
    };
  },
);

/** `midge bench js COMMAND` */
export const BENCH_JS: Command = {
  name: "js",
  summary: "Measure streams",
  about: "Measures streams: what they take, and how fast they are read.",
  words: [],
  flags: [flagGroup("Flags", { help: HELP_FLAG })],
  commands: [JS_PUB, JS_FETCH, JS_CONSUME],
  examples: [
    {
      line: "midge bench js pub orders --create --stream ORDERS",
      doc: "Fill a new stream",
    },
    { line: "midge bench js fetch --stream ORDERS", doc: "Read it" },
  ],
  exits: {
    done: "It was measured",
    failed: "No server, no such stream, or something was lost",
  },
  run: () => Promise.reject(new FlagError("COMMAND is missing")),
};

function storageOf(storage: string = STORAGES[0]!): string {
  if (STORAGES.includes(storage)) return storage;
  throw new FlagError("-storage is file or memory");
}
