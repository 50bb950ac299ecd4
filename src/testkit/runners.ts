/**
 * Test functions for node:test, mocha, Deno.test, bun:test and others: each
 * starts something, runs a test's body on it, and stops it. When the body fails,
 * or a callback of a client throws, the last lines of the logs are shown.
 */
import type { Server } from "../app/server.ts";
import type { NatsConnection } from "../client/connection.ts";
import { onUnheard } from "../client/unheard.ts";
import { deferred } from "../core/deferred.ts";
import { runAtEndOfTask } from "../core/microtask.ts";
import type { Clock } from "../platform/clock.ts";
import { type RunnerCall, watchBody } from "./abandonment.ts";
import type { ClusterConnectOptions } from "./cluster/clients.ts";
import { RunningCluster } from "./cluster/cluster.ts";
import { reportOf } from "./cluster/report.ts";
import type { DiskFate } from "./cluster/nodes.ts";
import type { TestDisk } from "./disk/test_disk.ts";
import type { LogLine } from "./cluster/log_tail.ts";
import type { TestPlatform } from "./cluster/platform.ts";
import type { Plan } from "./cluster/setup.ts";
import type { TestTls } from "./tls/kit_certificates.ts";
import type { UnderTest } from "./cluster/under_test.ts";

/**
 * What `test` of a runner takes. It has no parameters of its own, as Bun takes
 * a function with one for a test that calls back when it is done.
 */
export type TestFunction = (...given: unknown[]) => Promise<void>;

/**
 * The surroundings of a server under test. More than a dozen members: because it
 * is to one server what `RunningCluster` is to many.
 */
export interface ServerScene<Runner = unknown> {
  /** What the runner gave: the context of node:test or of Deno; nothing on Bun. */
  readonly runner: Runner;
  readonly seed: number | undefined;
  readonly clock: Clock;
  /** See `RunningCluster.tls`. */
  readonly tls: TestTls | undefined;
  /** See `ClusterNode.disk`. */
  readonly disk: TestDisk;
  /** See `RunningCluster.kill`. */
  kill(fate?: DiskFate): Promise<void>;
  /** Starts the server again, as `RunningCluster.restart`, and gives the new one. */
  restart(fate?: DiskFate): Promise<Server>;
  /** See `RunningCluster.settled`: after a restart, once all clients are back. */
  settled(limitMs?: number): Promise<void>;
  /** Connects a client, which is closed after the test. */
  connect(options?: ClusterConnectOptions): Promise<NatsConnection>;
  /** See `RunningCluster.run`. */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T>;
  /** See `RunningCluster.until`. */
  until(
    isTrue: () => boolean,
    what?: string,
    limitMs?: number,
  ): Promise<void>;
  /** See `RunningCluster.advance`. */
  advance(ms: number): Promise<void>;
  /** See `RunningCluster.hold`. */
  hold<T>(work: Promise<T>): Promise<T>;
  /** The last lines of the server's log. */
  log(): LogLine[];
}

/** The body of a test on a cluster; `runner` is what the test runner gives to a test. */
export type ClusterBody<Runner> = (
  cluster: RunningCluster,
  runner: Runner,
) => unknown;

/** The body of a test on one server. */
export type ServerBody<Runner> = (
  server: Server,
  scene: ServerScene<Runner>,
) => unknown;

/** Lines of each node that are shown. */
const SHOWN_LINES = 50;
/** Virtual time that only a body lets pass that waits for what never comes. */
const BODY_LIMIT_MS = 6 * 3_600_000;

export function clusterTest<Runner>(
  planned: () => Plan,
  platform: TestPlatform,
  body: ClusterBody<Runner>,
): TestFunction {
  return async function (this: unknown, ...given) {
    const plan = planned();
    const cluster = await RunningCluster.start(plan, platform);
    const runner = given[0] as Runner;
    await runBody(cluster, platform, async () => {
      const work = promiseOf(() => body(cluster, runner));
      // The runner of the test knows how long it may take of real time.
      const run = plan.isVirtual ? cluster.run(work, BODY_LIMIT_MS) : work;
      const call = { context: this, given: runner };
      await unlessGivenUp(run, call, cluster.underTest, platform);
    });
  };
}

export function serverTest<Runner>(
  plan: () => Plan,
  platform: TestPlatform,
  body: ServerBody<Runner>,
): TestFunction {
  return clusterTest<Runner>(plan, platform, (cluster, runner) => {
    const [server] = cluster.servers;
    return body(server!, {
      runner,
      seed: cluster.seed,
      clock: cluster.clock,
      tls: cluster.tls,
      disk: cluster.nodes[0]!.disk,
      kill: (fate) => cluster.kill(0, fate),
      settled: (limitMs) => cluster.settled(limitMs),
      restart: async (fate) => {
        await cluster.restart(0, fate);
        return cluster.servers[0]!;
      },
      connect: (options) => cluster.connect(options),
      run: (work, limitMs) => cluster.run(work, limitMs),
      until: (isTrue, what, limitMs) => cluster.until(isTrue, what, limitMs),
      advance: (ms) => cluster.advance(ms),
      hold: (work) => cluster.hold(work),
      log: () => cluster.log(0),
    });
  });
}

/** Runs the body and stops the cluster; any mistake in a callback fails the test. */
async function runBody(
  cluster: RunningCluster,
  platform: TestPlatform,
  body: () => Promise<void>,
): Promise<void> {
  // Those of connections that the test has made elsewhere.
  const { underTest } = cluster;
  const letGo = onUnheard((error, subject) => underTest.heed(error, subject));
  try {
    await body();
    await underTest.finish();
    if (underTest.thrown === undefined) await cluster.stop();
    if (underTest.thrown !== undefined) throw underTest.thrown;
    underTest.onThrown = throwAtNobody;
  } catch (error) {
    platform.printError(reportOf(cluster, SHOWN_LINES));
    // The test's own error counts, whatever else goes wrong now.
    await cluster.stop().catch(() => {});
    throw error;
  } finally {
    letGo();
  }
}

/** A callback that fails when its test has passed: runners take that for a failure of the file. */
function throwAtNobody(error: Error): void {
  runAtEndOfTask(() => {
    throw error;
  });
}

/** Rejects when nobody waits for the body any more: then what runs must end. */
async function unlessGivenUp(
  work: Promise<unknown>,
  call: RunnerCall,
  cluster: UnderTest,
  platform: TestPlatform,
): Promise<void> {
  const over = deferred<unknown>();
  const stopWatching = watchBody(call, cluster, platform.clock, over.reject);
  work.then(over.resolve, over.reject);
  try {
    await over.promise;
  } finally {
    stopWatching();
  }
}

async function promiseOf(act: () => unknown): Promise<unknown> {
  return await act();
}
