/** The cases in which `midge bench -versus` compares two servers. */
import { publishersOn, subscribersOn } from "../../bench/crowds.ts";
import { BenchCourse } from "../../bench/course.ts";
import { runFanOut } from "../../bench/fan_out.ts";
import { runLoads } from "../../bench/load.ts";
import type { LoadLine } from "../../bench/load_line.ts";
import { Replier } from "../../bench/replying.ts";
import { LoadRequester } from "../../bench/requesting.ts";
import type { Metric } from "../../bench/rounds.ts";
import { Goal } from "../../bench/subscribing.ts";
import { type Figures, figuresOf, Tally } from "../../bench/tally.ts";
import { nuid } from "../../faces/client.ts";
import { fetchersOn } from "./stream_reading.ts";
import {
  createConsumer,
  createStream,
  dropStream,
  refusalIn,
} from "./stream_api.ts";

export interface VersusCase {
  /** By which `-cases` names it. */
  readonly key: string;
  readonly metrics: readonly Metric[];
  readonly connections: number;
  readonly usesStreams?: boolean;
  /** Works until the course is over, and gives a value for each metric. */
  run(lines: readonly LoadLine[], course: BenchCourse): Promise<number[]>;
}

const SUBJECT = "bench";
const WAIT_MS = 10_000;

export const VERSUS_CASES: readonly VersusCase[] = [
  publishing("publish 16 B", 16),
  fanOut("one", "1:1, 16 B", { subs: 1, size: 16, queue: "" }),
  fanOut("kib", "1:1, 1 KiB", { subs: 1, size: 1024, queue: "" }),
  fanOut("large", "1:1, 64 KiB", { subs: 1, size: 65_536, queue: "" }),
  fanOut("fan", "1:8, 64 B", { subs: 8, size: 64, queue: "" }),
  fanOut("queue", "queue group of 5, 100 B", {
    subs: 5,
    size: 100,
    queue: "q",
  }),
  asking("request", 1, [
    [
      { name: "request, p50", unit: "ms" },
      ({ latency }) => latency?.p50 ?? NaN,
    ],
    [
      { name: "request, p99", unit: "ms" },
      ({ latency }) => latency?.p99 ?? NaN,
    ],
  ]),
  asking("flight", 100, [
    [
      { name: "100 requests in flight", unit: "messages/s" },
      ({ msgsPerSecond }) => msgsPerSecond,
    ],
  ]),
  streaming(),
];

function plain(size: number) {
  return {
    subject: SUBJECT,
    subjects: 1,
    size,
    stamped: false,
    msgs: Infinity,
    perSecond: Infinity,
  };
}

function publishing(name: string, size: number): VersusCase {
  return {
    key: "pub",
    metrics: [{ name, unit: "messages/s" }],
    connections: 1,
    async run(lines, course) {
      const publishers = publishersOn(lines, course, plain(size));
      await runLoads(course, publishers);
      return [rateOf(publishers)];
    },
  };
}

interface Receivers {
  readonly subs: number;
  readonly size: number;
  readonly queue: string;
}

function fanOut(
  key: string,
  name: string,
  { subs, size, queue }: Receivers,
): VersusCase {
  return {
    key,
    metrics: [{ name, unit: "messages/s" }],
    connections: 1 + subs,
    async run(lines, course) {
      const publishers = publishersOn(lines.slice(0, 1), course, plain(size));
      const subscribers = subscribersOn(lines.slice(1), course, {
        pattern: SUBJECT,
        queue,
        stamped: false,
      });
      await runFanOut(course, { publishers, subscribers, silenceMs: WAIT_MS });
      return [rateOf(subscribers)];
    },
  };
}

function asking(
  key: string,
  inFlight: number,
  values: readonly (readonly [Metric, (figures: Figures) => number])[],
): VersusCase {
  return {
    key,
    metrics: values.map(([metric]) => metric),
    connections: 2,
    async run([answering, line], course) {
      const replier = new Replier(
        answering!,
        course,
        new Tally("reply", 1, course.clock),
        new Goal(),
        { pattern: SUBJECT, queue: "", size: 16 },
      );
      await replier.prepare();
      const tally = new Tally("request", 1, course.clock);
      const requester = new LoadRequester(line!, course, tally, nuid, {
        subject: SUBJECT,
        subjects: 1,
        size: 16,
        msgs: Infinity,
        inFlight,
        timeoutMs: WAIT_MS,
        counts: "answers",
        unheard: "The requests of the case reach nobody",
      });
      await runLoads(course, [requester]);
      const figures = figuresOf([tally]);
      return values.map(([, valueOf]) => valueOf(figures));
    },
  };
}

const STREAM_BATCH = 500;

/** Fills a stream in memory until the course is over, then fetches all of it. */
function streaming(): VersusCase {
  return {
    key: "js",
    usesStreams: true,
    metrics: [
      { name: "JetStream publish, memory, 128 B", unit: "messages/s" },
      { name: "JetStream fetch, memory", unit: "messages/s" },
    ],
    connections: 1,
    async run(lines, course) {
      const { connection } = lines[0]!;
      const stream = `BENCH_${nuid.next()}`;
      await createStream(connection, stream, stream, "memory", 1);
      const tally = new Tally("js pub", 1, course.clock);
      const publisher = new LoadRequester(lines[0]!, course, tally, nuid, {
        subject: stream,
        subjects: 1,
        size: 128,
        msgs: Infinity,
        inFlight: 100,
        timeoutMs: WAIT_MS,
        counts: "requests",
        unheard: "The stream of the case takes nothing",
        refusal: refusalIn,
      });
      await runLoads(course, [publisher]);
      const fetched = await fetchAll(
        lines,
        new BenchCourse(course.clock),
        stream,
      );
      await dropStream(connection, stream);
      return [rateOf([publisher]), fetched];
    },
  };
}

async function fetchAll(
  lines: readonly LoadLine[],
  course: BenchCourse,
  stream: string,
): Promise<number> {
  const consumer = await createConsumer(lines[0]!.connection, stream, {
    ack_policy: "explicit",
    max_ack_pending: 4 * STREAM_BATCH,
  });
  const { tallies, run } = fetchersOn(lines, course, consumer, {
    stream,
    batch: STREAM_BATCH,
    acknowledges: true,
    timeoutMs: WAIT_MS,
    msgs: Infinity,
  });
  await run();
  return figuresOf(tallies).msgsPerSecond;
}

function rateOf(loads: readonly { readonly tally: Tally }[]): number {
  return figuresOf(loads.map(({ tally }) => tally)).msgsPerSecond;
}
