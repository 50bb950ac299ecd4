/**
 * The loads of `bench.ts`: what `natsload` is told, which of its figures count,
 * and the floor of each for each runtime, which is the ratio to nats-server that
 * Midge should reach.
 */
import type { RuntimeName } from "../tests/support/runtimes.ts";

/** What one run of natsload gives; not every load has every figure. */
export type FigureName =
  | "pub_per_s"
  | "delivered_per_s"
  | "requests_per_s"
  | "p50_us"
  | "p99_us"
  | "kib_per_conn";

/** A line of the table. */
export interface Row {
  readonly name: string;
  readonly field: FigureName;
  readonly floors: Readonly<Record<RuntimeName, number>>;
}

/** One load and the lines that it fills. */
export interface Load {
  /** The words of natsload's command line. */
  readonly args: readonly string[];
  /** Publishers and subscribers are at two servers with a route between them. */
  readonly overRoute?: true;
  readonly rows: readonly Row[];
}

/** The most memory in MiB that a server may take for any load. */
export const MEMORY_CEILINGS: Readonly<Record<RuntimeName, number>> = {
  bun: 120,
  deno: 160,
  node: 160,
};

const UNITS: Readonly<Record<FigureName, string>> = {
  pub_per_s: "messages/s",
  delivered_per_s: "messages/s",
  requests_per_s: "requests/s",
  p50_us: "µs",
  p99_us: "µs",
  kib_per_conn: "KiB",
};

/** `messages/s` */
export function unitOf({ field }: Row): string {
  return UNITS[field];
}

/** Times and sizes: the less, the better. */
export function isLessBetter({ field }: Row): boolean {
  return !UNITS[field].endsWith("/s");
}

/** A floor for Bun, for Deno and for Node. */
type Floors = readonly [bun: number, deno: number, node: number];

function row(
  name: string,
  field: FigureName,
  [bun, deno, node]: Floors,
): Row {
  return { name, field, floors: { bun, deno, node } };
}

function words(text: string): string[] {
  return text.split(" ");
}

/** Publishers and subscribers; what counts is what arrives. */
function flow(name: string, args: string, floors: Floors): Load {
  const rows = [row(name, "delivered_per_s", floors)];
  return { args: ["pubsub", ...words(args)], rows };
}

/** Requests, `inFlight` of them at a time. */
function requests(inFlight: number, count: number, rows: Row[]): Load {
  const args = `request -n ${count} -inflight ${inFlight}`;
  return { args: words(args), rows };
}

function overRoute({ args, rows }: Load): Load {
  const named = rows.map((row) => ({
    ...row,
    name: `over one route: ${row.name}`,
  }));
  return { args, rows: named, overRoute: true };
}

export const LOADS: readonly Load[] = [
  {
    args: words("pubsub -subs 0 -n 6000000 -size 16"),
    rows: [row("publish only, 16 B", "pub_per_s", [1.8, 1.8, 1.3])],
  },
  flow("1:1, 16 B", "-n 3000000 -size 16", [2.2, 2.2, 1.6]),
  flow("1:1, 1 KiB", "-n 600000 -size 1024", [1.2, 1.3, 1.0]),
  flow("1:1, 16 KiB", "-n 60000 -size 16384", [1.1, 1.1, 0.9]),
  flow("1:1, 256 KiB", "-n 5000 -size 262144", [1.2, 1.3, 1.0]),
  flow("1:8, 64 B", "-subs 8 -n 500000 -size 64", [1.4, 1.4, 1.2]),
  flow("1:50, 128 B", "-subs 50 -n 60000 -size 128", [1.5, 1.5, 1.3]),
  flow(
    "4:4, 64 B, 5,000 subjects, wildcard",
    "-pubs 4 -subs 4 -n 600000 -size 64 -subjects 5000 -wild",
    [1.8, 1.8, 1.6],
  ),
  flow(
    "queue group of 5, 100 B",
    "-subs 5 -queue q -n 1500000 -size 100",
    [2.0, 1.8, 1.3],
  ),
  flow(
    "200,000 subjects, 50,000 idle subscriptions, 32 B",
    "-subjects 200000 -extra 50000 -n 1000000 -size 32",
    [1.8, 1.5, 1.7],
  ),
  requests(1, 20_000, [
    row("request p50, one at a time", "p50_us", [1.4, 1.2, 1.1]),
    row("request p99, one at a time", "p99_us", [1.2, 1.0, 1.0]),
  ]),
  requests(100, 200_000, [
    row("100 requests in flight", "requests_per_s", [1.4, 1.1, 1.1]),
  ]),
  requests(1000, 300_000, [
    row("1,000 requests in flight", "requests_per_s", [1.3, 1.1, 1.2]),
  ]),
  overRoute(flow("1:1, 16 B", "-n 2000000 -size 16", [1.6, 1.6, 1.3])),
  overRoute(flow("1:1, 1 KiB", "-n 400000 -size 1024", [1.1, 1.1, 0.9])),
  overRoute(flow("1:4, 64 B", "-subs 4 -n 500000 -size 64", [1.2, 1.2, 1.1])),
  overRoute(
    requests(1, 15_000, [row("request p50", "p50_us", [1.4, 1.1, 1.1])]),
  ),
  {
    args: words("idle -conns 3000"),
    rows: [
      row("memory per idle connection, 3,000", "kib_per_conn", [1.6, 0.8, 1.4]),
    ],
  },
];

/** Loads with a line whose name contains one of `words`; all without any. */
export function loadsNamed(words: readonly string[] | undefined): Load[] {
  const isWanted = ({ name }: Row): boolean =>
    words === undefined || words.some((word) => name.includes(word));
  return LOADS.filter(({ rows }) => rows.some(isWanted));
}
