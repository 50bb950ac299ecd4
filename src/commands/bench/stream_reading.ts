/** `midge bench js fetch` and `js consume`: how fast streams are read. */
import { PushReader } from "../../bench/consuming.ts";
import type { BenchCourse } from "../../bench/course.ts";
import { Fetcher, FetchGoal } from "../../bench/fetching.ts";
import { runLoads } from "../../bench/load.ts";
import type { LoadLine } from "../../bench/load_line.ts";
import { Goal } from "../../bench/subscribing.ts";
import { FlagError } from "../../config/flags/flags.ts";
import { createInbox, nuid } from "../../faces/client.ts";
import type { Command } from "../command.ts";
import { timeoutMs } from "../connection_flags.ts";
import { benchCommand } from "./bench_command.ts";
import { clientsFlag, limitsOf, textFlag } from "./flags.ts";
import { countOf } from "./numbers.ts";
import type { ReadyLoad } from "./run.ts";
import {
  type ConsumerFacts,
  createConsumer,
  findConsumer,
  removeConsumer,
} from "./stream_api.ts";
import { STREAM_FLAG, streamOf, streamTally } from "./stream_flags.ts";

const READ = 100_000;
const BATCH = 500;
/** The server forgets a consumer that nobody has used for this long. */
const UNUSED_NS = 60e9;
const HEARTBEAT_NS = 5e9;

const FETCH_FLAGS = {
  stream: STREAM_FLAG,
  consumer: textFlag(
    "consumer",
    "name",
    "A consumer that there is (one for this run)",
  ),
  batch: textFlag("batch", "n", `Messages to ask for at a time (${BATCH})`),
  acks: {
    ...textFlag(
      "acks",
      "kind",
      "Whether messages are acknowledged: explicit or none (explicit)",
    ),
    choices: ["explicit", "none"],
  },
  clients: clientsFlag("clients", "Clients of the consumer"),
} as const;

/** `midge bench js fetch` */
export const JS_FETCH: Command = benchCommand(
  {
    name: "fetch",
    summary: "Fetch messages of a stream in batches",
    about:
      "Fetches the messages of a stream, 100000 unless told otherwise or there are\n" +
      "fewer, by one consumer for all clients, and tells how long batches took.",
    words: [],
    examples: [
      {
        line: "midge bench js fetch --stream ORDERS",
        doc: "From the first on",
      },
      {
        line: "midge bench js fetch --stream ORDERS --clients 4 --batch 100",
        doc: "Four clients share them",
      },
    ],
    exits: {
      done: "All messages came",
      failed: "No server, no such stream or consumer, or messages did not come",
    },
  },
  FETCH_FLAGS,
  (flags) => {
    const stream = streamOf(flags.stream);
    const batch = countOf("batch", flags.batch, BATCH);
    const clients = countOf("clients", flags.clients, 1);
    const acks = flags.acks ?? "explicit";
    if (!["explicit", "none"].includes(acks)) {
      throw new FlagError("-acks is explicit or none");
    }
    const limits = limitsOf(flags, READ);
    return {
      bench: "js fetch",
      flags,
      limits,
      connections: clients,
      size: 0,
      asked: { clients, stream, batch, acks },
      wanted: limits.msgs,
      async make(lines, course) {
        const { connection } = lines[0]!;
        const consumer = flags.consumer === undefined
          ? await createConsumer(connection, stream, {
            ack_policy: acks,
            inactive_threshold: UNUSED_NS,
            ...(acks === "explicit" &&
              { max_ack_pending: 2 * batch * clients + 1000 }),
          })
          : await findConsumer(connection, stream, flags.consumer);
        const { tallies, run } = fetchersOn(lines, course, consumer, {
          stream,
          batch,
          acknowledges: acks === "explicit",
          timeoutMs: timeoutMs(flags),
          msgs: limits.msgs,
        });
        const isOurs = flags.consumer === undefined;
        return {
          tallies,
          run: () =>
            run().finally(async () => {
              if (isOurs) {
                await removeConsumer(connection, stream, consumer.name);
              }
            }),
        };
      },
    };
  },
);

interface FetchPlan {
  readonly stream: string;
  readonly batch: number;
  readonly acknowledges: boolean;
  readonly timeoutMs: number;
  readonly msgs: number;
}

/** Clients that fetch from one consumer together. */
export function fetchersOn(
  lines: readonly LoadLine[],
  course: BenchCourse,
  consumer: ConsumerFacts,
  plan: FetchPlan,
): ReadyLoad {
  const goal = new FetchGoal(Math.min(plan.msgs, consumer.pending));
  const fetchers = lines.map((line, index) =>
    new Fetcher(
      line,
      course,
      streamTally("js fetch", index, course),
      goal,
      nuid,
      {
        ...plan,
        consumer: consumer.name,
      },
    )
  );
  return {
    tallies: fetchers.map(({ tally }) => tally),
    async run() {
      await runLoads(course, fetchers);
      const isCut = course.wasInterrupted || course.durationMs !== Infinity;
      if (!isCut) fetchers[0]!.tally.lost = Math.max(0, goal.missing);
    },
  };
}

const CONSUME_FLAGS = {
  stream: STREAM_FLAG,
  clients: clientsFlag("clients", "Clients, each with a consumer"),
} as const;

/** `midge bench js consume` */
export const JS_CONSUME: Command = benchCommand(
  {
    name: "consume",
    summary: "Have a stream pushed to each client in order",
    about:
      "Has the messages of a stream, 100000 for each client unless told otherwise or\n" +
      "there are fewer, pushed in their order, without acknowledgements.",
    words: [],
    examples: [
      { line: "midge bench js consume --stream ORDERS", doc: "One reader" },
      {
        line: "midge bench js consume --stream ORDERS --clients 8 --msgs 1M",
        doc: "Eight, each of which gets all",
      },
    ],
    exits: {
      done: "All messages came",
      failed: "No server, or no such stream",
    },
  },
  CONSUME_FLAGS,
  (flags) => {
    const stream = streamOf(flags.stream);
    const clients = countOf("clients", flags.clients, 1);
    const limits = limitsOf(flags, READ);
    return {
      bench: "js consume",
      flags,
      limits,
      connections: clients,
      size: 0,
      asked: { clients, stream },
      wanted: limits.msgs * clients,
      make(lines, course) {
        const readers = lines.map((line, index) => {
          const goal = new Goal(limits.msgs);
          const subject = createInbox();
          return new PushReader(
            line,
            course,
            streamTally("js consume", index, course),
            goal,
            subject,
            async () => {
              const { pending, delivered } = await createConsumer(
                line.connection,
                stream,
                {
                  deliver_subject: subject,
                  ack_policy: "none",
                  flow_control: true,
                  idle_heartbeat: HEARTBEAT_NS,
                  max_deliver: 1,
                },
              );
              goal.aim(Math.min(limits.msgs, pending + delivered));
            },
          );
        });
        return {
          tallies: readers.map(({ tally }) => tally),
          run: () => runLoads(course, readers),
        };
      },
    };
  },
);
