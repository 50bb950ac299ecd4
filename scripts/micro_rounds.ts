/**
 * The process that `bench_micro.ts` starts: takes trees and cases, measures each
 * case on all trees by turns, and prints the nanoseconds of an operation, round by
 * round, as JSON.
 */
import { performance } from "node:perf_hooks";
import process from "node:process";
import { type MicroCase, modulesOf, type Piece } from "./micro_case.ts";
import { MICRO_CASES } from "./micro_cases.ts";

/** What the process is told, as JSON in its only argument. */
export interface MicroOrder {
  /** Folders, in the order in which their modules are loaded. */
  readonly trees: readonly string[];
  readonly rounds: number;
  /** The names of cases. */
  readonly cases: readonly string[];
}

/** For each case and tree, in the order of the trees; or why there are none. */
export type MicroResult = Record<string, readonly number[][] | string>;

/** Rounds in which the compiler is at work; they do not count. */
const WARM_UP_ROUNDS = 30;
/** What a round takes at least, so that the clock is exact enough. */
const ROUND_MS = 1;

async function main(): Promise<void> {
  const order: MicroOrder = JSON.parse(process.argv[2]!);
  const result: MicroResult = {};
  for (const one of MICRO_CASES) {
    if (!order.cases.includes(one.name)) continue;
    try {
      result[one.name] = await measure(one, order);
    } catch (error) {
      result[one.name] = String(error);
    }
  }
  // Some of what `micro_cases.ts` loads would keep the process alive.
  process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

async function measure(
  { make, operations }: MicroCase,
  { trees, rounds }: MicroOrder,
): Promise<number[][]> {
  const pieces: Piece[] = [];
  for (const tree of trees) pieces.push(await make(modulesOf(tree)));
  const times: number[][] = pieces.map(() => []);
  let repeats = 1;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    if (round === 0) repeats = await repeatsFor(pieces[0]!);
    for (let at = 0; at < pieces.length; at++) {
      // Who comes first has no advantage over all rounds.
      const side = round % 2 === 0 ? at : pieces.length - 1 - at;
      const ms = await timed(pieces[side]!, repeats);
      if (round >= 0) times[side]!.push(ms * 1e6 / (repeats * operations));
    }
  }
  for (const piece of pieces) await piece.end?.();
  return times;
}

async function repeatsFor(piece: Piece): Promise<number> {
  const ms = await timed(piece, 4) / 4;
  return Math.max(1, Math.ceil(ROUND_MS / ms));
}

async function timed(piece: Piece, repeats: number): Promise<number> {
  const began = performance.now();
  for (let n = 0; n < repeats; n++) {
    const pending = piece.run();
    if (pending !== undefined) await pending;
  }
  return performance.now() - began;
}

await main();
