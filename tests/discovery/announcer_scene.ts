/** A cluster in memory whose nodes announce themselves at a registry that the test holds. */
import type { DiscoveryOptions } from "../../src/options/options.ts";
import { Simulation } from "../routes/simulation.ts";
import { Directory, discoveryAt, makersOf } from "../support/directory.ts";
import type { TestOptions, TestServer } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import type { TestContext } from "../support/test.ts";

export const SEED: number = freshSeed();
console.log(`seed ${SEED}`);

export const ONE = "10.0.0.1";
export const TWO = "10.0.0.2";
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;

export const ANNOUNCE: DiscoveryOptions = discoveryAt({
  announce: "registry://one",
});

export interface World {
  readonly world: Simulation;
  readonly directory: Directory;
  start(machine: string, options?: TestOptions): Promise<TestServer>;
}

export function worldOf(t: TestContext): World {
  const world = new Simulation(t, SEED);
  const directory = new Directory(world.clock);
  const makers = makersOf({ one: directory });
  return {
    world,
    directory,
    start: (machine, options) =>
      world.start(machine, { discovery: ANNOUNCE, ...options }, makers),
  };
}

export function linesWith({ log }: TestServer, part: string): string[] {
  return log.lines.filter((line) => line.includes(part));
}
