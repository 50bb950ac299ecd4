/**
 * Machines of a simulation that look for each other in directories, and what
 * the tests of found nodes ask of them.
 */
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import type { Endpoint } from "../../src/discovery/discovery.ts";
import type { DiscoveryOptions } from "../../src/options/options.ts";
import { Directory, discoveryAt, makersOf } from "../support/directory.ts";
import type { TestOptions, TestServer } from "../support/midge.ts";
import { freshSeed } from "../support/random.ts";
import type { TestContext } from "../support/test.ts";
import { ROUTE_PORT, Simulation } from "./simulation.ts";

export const SEED: number = freshSeed();
console.log(`seed ${SEED}`);

export const ONE = "10.0.0.1";
export const TWO = "10.0.0.2";
export const THREE = "10.0.0.3";
export const FOUR = "10.0.0.4";
/** Machines without a server. */
export const DEAD = ["10.9.9.1", "10.9.9.2", "10.9.9.3"] as const;
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;

export const FIND: DiscoveryOptions = discoveryAt({ find: "registry://one" });
export const BOTH: DiscoveryOptions = discoveryAt({
  find: "registry://one",
  announce: "registry://one",
});

export interface World {
  readonly world: Simulation;
  readonly directory: Directory;
  start(machine: string, options?: TestOptions): Promise<TestServer>;
}

/** Machines that all can ask one directory. */
export function worldOf(
  t: TestContext,
  names: Readonly<Record<string, readonly string[]>> = {},
): World {
  const world = new Simulation(t, SEED, 2, names);
  const directory = new Directory(world.clock);
  const makers: DiscoveryMakers = makersOf({ one: directory });
  return {
    world,
    directory,
    start: (machine, options) => world.start(machine, options, makers),
  };
}

export function door(machine: string, more: Partial<Endpoint> = {}): Endpoint {
  return { url: `nats-route://${machine}:${ROUTE_PORT}`, ...more };
}

export function doorOf(
  { server }: TestServer,
  more: Partial<Endpoint> = {},
): Endpoint {
  const { options, identity } = server.broker;
  return door(options.host, { serverId: identity.id, ...more });
}

/** The dials from `from` to `to` so far. */
export function dialsBetween(
  world: Simulation,
  from: string,
  to: string,
): number[] {
  return world.dials
    .filter((dial) => dial.from === from && dial.to === to)
    .map(({ at }) => at);
}

export function linesWith({ log }: TestServer, part: string): string[] {
  return log.lines.filter((line) => line.includes(part));
}

export function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, index) => at - times[index]!);
}
