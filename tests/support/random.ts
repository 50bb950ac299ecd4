/** The seeds of tests whose chance can be repeated. */
import process from "node:process";

export { seededRandom } from "../../src/testkit/time/random.ts";

/** The seed to repeat, from `MIDGE_TEST_SEED`, or one that was not seen before. */
export function freshSeed(): number {
  const given = process.env["MIDGE_TEST_SEED"];
  return given === undefined ? Date.now() % 1_000_000_000 : Number(given);
}
