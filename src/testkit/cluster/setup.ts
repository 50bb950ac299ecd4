/**
 * What a cluster of the test kit is made of: the options of `startCluster`, and
 * what they come to.
 */
import type { ServerConfig } from "../../app/config.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import type { ServerOptions } from "../../options/options.ts";
import type { Random } from "../../platform/clock.ts";
import { type Logger, silentLogger } from "../../core/log.ts";

/** On what, and how fast, a cluster runs. */
export interface Surroundings {
  /**
   * `sockets`, the default: real ports of 127.0.0.1. `memory`: no port and no
   * system call; the nodes are machines of their own, `10.0.0.1` and so on, and
   * only clients of `connect` reach them.
   */
  readonly network?: "sockets" | "memory";
  /**
   * `real`, the default. `virtual`: time passes only while the test waits for
   * it, and then as fast as the processor allows; in memory only.
   */
  readonly clock?: "real" | "virtual";
  /**
   * Where all randomness comes from, a whole number. In memory the default is a
   * fresh one, which every failure names; on sockets, the machine's randomness.
   */
  readonly seed?: number;
  /**
   * Clients and nodes speak TLS with each other: an authority and certificates
   * for `localhost` and loopback are made in memory, the clients of `connect`
   * trust it, and what other clients need is in `tls` of the cluster or of the
   * test's scene. A node's own `tls` adds to it, `{ verify: true }` say. On sockets
   * only.
   */
  readonly tls?: boolean;
  /** Each node has a port for WebSockets as well, with TLS if there is `tls`. */
  readonly websocket?: boolean;
  /**
   * After how many milliseconds `meshed`, `settled`, `run` and all others that
   * wait give up. Default: 30 s, and 10 min of a virtual clock.
   */
  readonly limitMs?: number;
}

/** What `startCluster` starts. */
export interface ClusterSetup extends Surroundings {
  /** Number of nodes; 3 unless given. */
  readonly size?: number;
  /** Name of the cluster. */
  readonly name?: string;
  /**
   * Options of the node `index` (from 0), over the defaults: names `node-a`,
   * `node-b` and so on, and free ports, which a node keeps when it is restarted.
   */
  readonly node?: (index: number) => ServerConfig;
  /** Where the node `index` logs, besides the lines that the cluster keeps. */
  readonly log?: (index: number) => Logger;
}

/** What `withServer` starts. */
export interface ServerSetup extends Surroundings {
  /** Options of the server, over the defaults: the name `node-a`, and a free port. */
  readonly config?: ServerConfig;
  /** Where the server logs, besides the lines that are kept. */
  readonly log?: Logger;
}

const SURROUNDINGS = [
  "network",
  "clock",
  "seed",
  "limitMs",
  "tls",
  "websocket",
];

/** A setup with nothing left open. */
export interface Plan {
  readonly size: number;
  /** Undefined: one server that is no cluster's. */
  readonly clusterName: string | undefined;
  readonly node: (index: number) => ServerConfig;
  readonly log: (index: number) => Logger;
  readonly inMemory: boolean;
  readonly isVirtual: boolean;
  /** Undefined: the machine's randomness. */
  readonly seed: number | undefined;
  readonly limitMs: number;
  readonly hasTls: boolean;
  readonly hasWebSocket: boolean;
}

type PlannedSurroundings = Omit<Plan, "size" | "clusterName" | "node" | "log">;

const SIZE_MAX = 200;
const REAL_LIMIT_MS = 30_000;
const VIRTUAL_LIMIT_MS = 600_000;

export function clusterPlan(setup: ClusterSetup, random: Random): Plan {
  const { size = 3, name = "midge" } = setup;
  onlyKeys(setup, ["size", "name", "node", "log"]);
  if (!Number.isInteger(size) || size < 1 || size > SIZE_MAX) {
    throw new InvalidArgumentError(
      `"size" is a whole number from 1 to ${SIZE_MAX}, not ${size}`,
    );
  }
  ofType("name", name, "string");
  if (setup.node !== undefined) ofType("node", setup.node, "function");
  if (setup.log !== undefined) ofType("log", setup.log, "function");
  return {
    ...surroundings(setup, random),
    size,
    clusterName: name,
    node: setup.node ?? (() => ({})),
    log: setup.log ?? (() => silentLogger),
  };
}

export function serverPlan(setup: ServerSetup, random: Random): Plan {
  const { config = {}, log = silentLogger } = setup;
  onlyKeys(setup, ["config", "log"]);
  ofType("config", config, "object");
  ofType("log", log, "object");
  return {
    ...surroundings(setup, random),
    size: 1,
    clusterName: undefined,
    node: () => config,
    log: () => log,
  };
}

function ofType(
  key: string,
  value: unknown,
  type: "string" | "function" | "object",
): void {
  if (typeof value === type && value !== null) return;
  const article = type === "object" ? "an" : "a";
  throw new InvalidArgumentError(`"${key}" is ${article} ${type}`);
}

function surroundings(
  setup: Surroundings,
  random: Random,
): PlannedSurroundings {
  const { network = "sockets", clock = "real", seed, tls = false } = setup;
  oneOf("network", network, ["sockets", "memory"]);
  oneOf("clock", clock, ["real", "virtual"]);
  const inMemory = network === "memory";
  const isVirtual = clock === "virtual";
  if (isVirtual && !inMemory) {
    throw new InvalidArgumentError(
      'A virtual clock needs network: "memory"; sockets take real time',
    );
  }
  if (seed !== undefined && !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError(`"seed" is a whole number, not ${seed}`);
  }
  const { websocket = false } = setup;
  for (const [name, given] of Object.entries({ tls, websocket })) {
    if (typeof given !== "boolean") {
      throw new InvalidArgumentError(`"${name}" is true or false`);
    }
  }
  if (tls && inMemory) {
    throw new InvalidArgumentError('"tls" needs network: "sockets"');
  }
  const limitMs = setup.limitMs ??
    (isVirtual ? VIRTUAL_LIMIT_MS : REAL_LIMIT_MS);
  if (!(limitMs > 0)) {
    throw new InvalidArgumentError(`"limitMs" is above 0, not ${limitMs}`);
  }
  const fresh = inMemory ? Math.floor(random.next() * 1e9) : undefined;
  return {
    inMemory,
    isVirtual,
    seed: seed ?? fresh,
    limitMs,
    hasTls: tls,
    hasWebSocket: websocket,
  };
}

/** Options of the server in the wrong place must not go by unseen. */
function onlyKeys(setup: Surroundings, others: readonly string[]): void {
  const known = [...SURROUNDINGS, ...others];
  const unknown = Object.keys(setup).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new InvalidArgumentError(
    `The setup has ${known.join(", ")}, and no "${unknown}"`,
  );
}

function oneOf(name: string, given: string, known: readonly string[]): void {
  if (known.includes(given)) return;
  const choice = known.map((one) => `"${one}"`).join(" or ");
  throw new InvalidArgumentError(`"${name}" is ${choice}, not "${given}"`);
}

/** Throws for options that ask for more of the machine than the plan has. */
export function checkOptions(options: ServerOptions, plan: Plan): void {
  const { inMemory, isVirtual } = plan;
  const refuse = (what: string, why: string): never => {
    throw new InvalidArgumentError(`"${what}" ${why}`);
  };
  if (options.dontListen) {
    refuse("dont_listen", 'leaves no way in: use network: "memory"');
  }
  const [socket] = [...options.unixSockets, ...options.httpSockets];
  if (socket !== undefined) {
    refuse(`unix://${socket}`, "can be of one node alone");
  }
  if (inMemory && options.http !== undefined) {
    refuse("http_port", 'needs network: "sockets"');
  }
  if (inMemory && options.registry !== undefined) {
    refuse("registry", 'needs network: "sockets"');
  }
  if (isVirtual && options.discovery !== undefined) {
    refuse("discovery", 'needs clock: "real"');
  }
}
