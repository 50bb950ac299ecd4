/**
 * A cluster in one process, for programs and for tests: on real sockets or in
 * memory, with faults, on the real clock or on a virtual one.
 *
 * ```ts
 * import { startCluster } from "midge/cluster";
 *
 * await using cluster = await startCluster({ size: 3 });
 * const connection = await cluster.connect();
 * await cluster.kill(0);
 * await cluster.settled();
 * ```
 *
 * @module
 */
import { platform as machine } from "../runtime/mod.ts";
import { tlsProblems } from "../runtime/net/tls_context.ts";
import { makeKeyPair } from "../runtime/process/key_pairs.ts";
import {
  keepProcessAlive,
  printError,
  readTextFile,
} from "../runtime/process/system.ts";
import { nextTurn } from "../runtime/process/turn.ts";
import { RunningCluster } from "../testkit/cluster/cluster.ts";
import type { TestPlatform } from "../testkit/cluster/platform.ts";
import {
  type ClusterBody,
  clusterTest,
  type ServerBody,
  serverTest,
  type TestFunction,
} from "../testkit/runners.ts";
import {
  clusterPlan,
  type ClusterSetup,
  serverPlan,
  type ServerSetup,
} from "../testkit/cluster/setup.ts";
import { ManualClock } from "../testkit/time/manual_clock.ts";

export type { Server } from "../app/server.ts";
export type { ServerConfig } from "../app/config.ts";
export type { NatsConnection } from "../client/connection.ts";
export type { Clock, Random, Timer } from "../platform/clock.ts";
export type { Logger, LogLevel } from "../core/log.ts";
export type { ClusterConnectOptions } from "../testkit/cluster/clients.ts";
export { RunningCluster } from "../testkit/cluster/cluster.ts";
export type { Place, Side } from "../testkit/cluster/places.ts";
export { ClusterError } from "../testkit/cluster/failure.ts";
export type { LogLine } from "../testkit/cluster/log_tail.ts";
export type { ClusterNode } from "../testkit/cluster/node.ts";
export type { DiskFate } from "../testkit/cluster/nodes.ts";
export type { TestDisk } from "../testkit/disk/test_disk.ts";
export type { TestTls } from "../testkit/tls/kit_certificates.ts";
export { ManualClock } from "../testkit/time/manual_clock.ts";
export { seededRandom } from "../testkit/time/random.ts";
export type {
  ClusterBody,
  ServerBody,
  ServerScene,
  TestFunction,
} from "../testkit/runners.ts";
export type {
  ClusterSetup,
  ServerSetup,
  Surroundings,
} from "../testkit/cluster/setup.ts";

const platform: TestPlatform = {
  ...machine,
  turn: nextTurn,
  virtualClock: () => new VirtualClock(),
  keepAlive: keepProcessAlive,
  printError,
  readTextFile,
  tlsProblems,
  makeKeyPair,
};

/**
 * A clock that stands still until a test moves it: `advance`, `advanceUntil` and
 * `run` let time pass. Every timer that falls due runs, in order, together with
 * the promises that it settles.
 *
 * ```ts
 * const clock = new VirtualClock();
 * clock.after(60_000, () => console.log("a minute later"));
 * await clock.advance(60_000);
 * ```
 */
export class VirtualClock extends ManualClock {
  /** `startMs` is the time at the start, in milliseconds since the Unix epoch; noon of a day by default. */
  constructor(startMs?: number) {
    super(nextTurn, startMs);
  }
}

/**
 * Starts `size` nodes and resolves when each has a route to every other one.
 * Rejects, with nothing left running, as `startServer` does, and with a
 * `ClusterError` when the nodes do not find each other.
 *
 * ```ts
 * await using cluster = await startCluster({ size: 3 });
 * console.log(cluster.urls.join(","));
 * ```
 *
 * In memory and on a virtual clock, two minutes take milliseconds:
 *
 * ```ts
 * await using cluster = await startCluster({
 *   network: "memory",
 *   clock: "virtual",
 *   seed: 7,
 * });
 * cluster.partition([0], [1, 2]);
 * await cluster.advance(120_000);
 * cluster.heal();
 * await cluster.meshed();
 * ```
 */
export async function startCluster(
  setup: ClusterSetup = {},
): Promise<RunningCluster> {
  return await RunningCluster.start(
    clusterPlan(setup, platform.random),
    platform,
  );
}

/**
 * A test function that runs `body` on a cluster of its own, for node:test,
 * `Deno.test`, bun:test, mocha and vitest. The cluster is stopped afterwards in
 * every case, also when the runner gives the test up. The test fails when the
 * body fails, or when the callback of a subscription throws or rejects, while the
 * body runs or shortly after: in a client that came from the cluster's `connect`,
 * or in another one whose errors nothing listens for. The last log lines of each
 * node then go to standard error. On a virtual clock, time passes whenever the body
 * waits.
 *
 * ```ts
 * test("a worker survives its node", withCluster({ size: 3 }, async (cluster) => {
 *   const worker = await cluster.connect({ node: 0 });
 *   await cluster.kill(0);
 *   await cluster.settled();
 * }));
 * ```
 */
export function withCluster<Runner = unknown>(
  body: ClusterBody<Runner>,
): TestFunction;
/** Runs `body` on a cluster that is set up as `setup` says. */
export function withCluster<Runner = unknown>(
  setup: ClusterSetup,
  body: ClusterBody<Runner>,
): TestFunction;
export function withCluster<Runner = unknown>(
  ...given: [ClusterBody<Runner>] | [ClusterSetup, ClusterBody<Runner>]
): TestFunction {
  const [setup, body] = given.length === 1 ? [{}, given[0]] : given;
  return clusterTest(
    () => clusterPlan(setup, platform.random),
    platform,
    body,
  );
}

/**
 * A test function that runs `body` on one server of its own, which is in no
 * cluster; otherwise as `withCluster`. The second argument of `body` has
 * `connect` and other things that a test needs.
 *
 * ```ts
 * test("large messages are refused", withServer({
 *   config: { max_payload: 1024 },
 * }, async (server, { connect }) => {
 *   const connection = await connect();
 *   assert.equal(connection.info?.max_payload, 1024);
 * }));
 * ```
 */
export function withServer<Runner = unknown>(
  body: ServerBody<Runner>,
): TestFunction;
/** Runs `body` on a server that is set up as `setup` says. */
export function withServer<Runner = unknown>(
  setup: ServerSetup,
  body: ServerBody<Runner>,
): TestFunction;
export function withServer<Runner = unknown>(
  ...given: [ServerBody<Runner>] | [ServerSetup, ServerBody<Runner>]
): TestFunction {
  const [setup, body] = given.length === 1 ? [{}, given[0]] : given;
  return serverTest(
    () => serverPlan(setup, platform.random),
    platform,
    body,
  );
}
