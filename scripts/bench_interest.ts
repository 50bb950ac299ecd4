/**
 * What interest that changes costs a publisher at full speed: 1,000 times a
 * second a subscription comes and goes, beside 100,000 that stay. For each case
 * the same load runs alone and beside the changes in turn; what counts is how
 * many messages a second are left, and the server's processor time for a message.
 * Midge on each runtime beside nats-server, in one run.
 *
 *   deno run -A scripts/bench_interest.ts [-rounds 3] [-runtime bun] [-case wildcard] [-nats_server none] [-json]
 *
 * Needs `cc`, and nats-server in `.tools/go` or on the PATH.
 */
import { execFile } from "node:child_process";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parseFlags } from "../src/config/flags/flags.ts";
import { median, runBenchmark } from "./benchmark.ts";
import {
  buildLoadGenerator,
  type Contender,
  contendersOn,
  freePort,
  REFERENCE,
  RunningContender,
} from "./contenders.ts";
import { Peer } from "./latency_peer.ts";

const KEPT = 100_000;
/** Messages of a load: 0.2 s of them and more, whose processor time is told in hundredths of a second. */
const ON_ONE_SUBJECT = 5_000_000;
const ON_MANY = 1_500_000;
const A_TICK = 10;
const TICK_MS = 10;

interface Case {
  readonly name: string;
  readonly subjects: number;
  /** What comes and goes, change number `n`. */
  readonly coming: (n: number) => string;
  readonly going: (n: number) => string;
  readonly overRoute?: true;
}

/** Of `count` by turns, each under a number of its own. */
function subs(subject: (n: number) => string): Pick<Case, "coming" | "going"> {
  return {
    coming: (n) => `SUB ${subject(n)} ${KEPT + n}\r\n`,
    going: (n) => `UNSUB ${KEPT + n}\r\n`,
  };
}

const literal = (n: number): string => `come.${n % 5000}.go`;
const wildcard = (n: number): string => `come.${n % 5000}.*`;

const CASES: readonly Case[] = [
  { name: "1 subject, literal", subjects: 1, ...subs(literal) },
  { name: "1 subject, wildcard", subjects: 1, ...subs(wildcard) },
  { name: "10,000 subjects, literal", subjects: 10_000, ...subs(literal) },
  { name: "10,000 subjects, wildcard", subjects: 10_000, ...subs(wildcard) },
  {
    name: "10,000 subjects, queue groups",
    subjects: 10_000,
    ...subs((n) => `${literal(n)} group`),
  },
  {
    name: "10,000 subjects, over a route",
    subjects: 10_000,
    coming: (n) => `RS+ $G ${wildcard(n)}\r\n`,
    going: (n) => `RS- $G ${wildcard(n)}\r\n`,
    overRoute: true,
  },
];

const FLAGS = {
  rounds: { names: ["rounds"], type: "integer", doc: "Rounds (default 3)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  natsServer: {
    names: ["nats_server"],
    type: "string",
    doc: "none: without nats-server",
  },
  case: {
    names: ["case"],
    type: "string",
    doc: "Only cases whose name contains this",
  },
  json: { names: ["json"], type: "boolean", doc: "Print the figures as JSON" },
} as const;

interface Load {
  readonly delivered_per_s: number;
  readonly server_cpu_ns_per_msg: number;
}

interface Figures {
  /** Messages a second without changes. */
  readonly perSecond: number;
  /** The part of them that is left beside the changes. */
  readonly left: number;
  /** How many times as much processor time a message takes then. */
  readonly cpu: number;
}

/** Begins to change interest; call the result to end it. */
function keepChanging(peer: Peer, { coming, going }: Case): () => void {
  let n = 0;
  const timer = setInterval(() => {
    let text = "";
    for (const end = n + A_TICK; n < end; n++) text += coming(n) + going(n);
    peer.send(text);
  }, TICK_MS);
  return () => clearInterval(timer);
}

async function measure(
  one: Case,
  contender: Contender,
  rounds: number,
): Promise<Figures> {
  const routePort = await freePort();
  const server = await RunningContender.start(contender, [
    ...["-cluster_name", "bench"],
    ...["-cluster", `nats://127.0.0.1:${routePort}`],
  ]);
  const load = async (): Promise<Load> => {
    const at = `127.0.0.1:${server.port}`;
    const count = one.subjects === 1 ? ON_ONE_SUBJECT : ON_MANY;
    const { stdout } = await promisify(execFile)(buildLoadGenerator(), [
      ...["pubsub", "-n", String(count), "-size", "16", "-p", at, "-s", at],
      ...["-subjects", String(one.subjects), "-pid", String(server.pid)],
    ]);
    return JSON.parse(stdout);
  };
  try {
    const keeper = await Peer.client(server.port);
    await keeper.sendAll(kept());
    const peer = one.overRoute
      ? await Peer.route(routePort, "ZBENCH")
      : await Peer.client(server.port);
    await load();
    await load();
    const alone: Load[] = [];
    const beside: Load[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await load());
      const stop = keepChanging(peer, one);
      await sleep(100);
      beside.push(await load());
      stop();
    }
    return figuresOf(alone, beside);
  } finally {
    await server.stop();
  }
}

function figuresOf(alone: readonly Load[], beside: readonly Load[]): Figures {
  const mid = (loads: readonly Load[], field: keyof Load): number =>
    median(loads.map((load) => load[field]));
  const ratio = (field: keyof Load): number =>
    mid(beside, field) / mid(alone, field);
  return {
    perSecond: mid(alone, "delivered_per_s"),
    left: ratio("delivered_per_s"),
    cpu: ratio("server_cpu_ns_per_msg"),
  };
}

function* kept(): IterableIterator<string> {
  for (let n = 0; n < KEPT;) {
    let text = "";
    for (const end = n + 1000; n < end; n++) text += `SUB kept.${n}.x ${n}\r\n`;
    yield text;
  }
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const all: Record<string, Record<string, Figures>> = {};
  for (const one of CASES) {
    if (!one.name.includes(values.case ?? "")) continue;
    if (!values.json) console.log(one.name);
    const figures: Record<string, Figures> = all[one.name] = {};
    for (const contender of contendersOn(values.runtime)) {
      const isLeftOut = values.natsServer === "none" &&
        contender.name === REFERENCE;
      if (isLeftOut) continue;
      const of = await measure(one, contender, values.rounds ?? 3);
      figures[contender.name] = of;
      if (values.json) continue;
      const rate = Math.round(of.perSecond).toLocaleString("en");
      const left = (100 * of.left).toFixed(0).padStart(4);
      console.log(
        `  ${contender.name.padEnd(14)} ${rate.padStart(10)}/s alone,` +
          `${left} % beside changes, processor time x ${of.cpu.toFixed(2)}`,
      );
    }
  }
  if (values.json) console.log(JSON.stringify(all, null, 2));
}

await runBenchmark(main);
process.exit(0);
