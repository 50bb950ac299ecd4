/**
 * A server with streams under load, on a virtual clock and a disk with faults:
 * killed, stopped and started again at random moments, all from one seed.
 */
import {
  type RunningCluster,
  startCluster,
} from "../../../src/faces/cluster.ts";
import { BucketLoad } from "./bucket_load.ts";
import { CopiesLoad } from "./copies_load.ts";
import { LogLoad } from "./log_load.ts";
import { QueueLoad } from "./queue_load.ts";
import { Scene } from "./scene.ts";

/** What was done. */
export interface Tally {
  readonly acknowledged: number;
  readonly done: number;
  readonly puts: number;
  readonly kills: number;
  readonly copied: number;
}

const MESSAGES = 25;
const JOBS = 25;
const PUTS = 20;
const PARCELS = 15;
const LIMIT_MS = 3_600_000;

/** Rejects with an error that names the seed, where anything does not hold. */
export async function simulate(seed: number): Promise<Tally> {
  await using cluster = await startCluster({
    size: 1,
    network: "memory",
    clock: "virtual",
    seed,
    node: () => ({ jetstream: true }),
  });
  try {
    return await cluster.run(run(cluster, seed), LIMIT_MS);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`seed ${seed}: ${why}`, { cause });
  }
}

async function run(cluster: RunningCluster, seed: number): Promise<Tally> {
  const scene = new Scene(cluster, seed);
  const connect = () =>
    cluster.connect({ reconnectTimeWait: 20, reconnectJitter: 10 });
  const publishing = await connect();
  const working = await connect();
  const log = new LogLoad(scene);
  const queue = new QueueLoad(scene);
  const bucket = new BucketLoad(scene);
  const copies = new CopiesLoad(scene);
  for (const load of [log, queue, bucket, copies]) {
    await load.prepare(publishing);
  }
  const second = await connect();
  const load = Promise.all([
    log.publisher(publishing, "a", MESSAGES),
    log.publisher(second, "b", MESSAGES),
    queue.publisher(publishing, JOBS),
    bucket.writer(publishing, "x", PUTS),
    bucket.writer(second, "y", PUTS),
    copies.publisher(second, PARCELS),
  ]).finally(() => scene.isLoaded = false);
  const [kills] = await Promise.all([
    trouble(scene),
    load,
    queue.worker(working),
    queue.worker(working),
  ]);
  await log.check(publishing);
  await queue.check(publishing);
  const copied = await copies.check(publishing);
  await damage(scene, log);
  const { acknowledged } = log;
  return {
    acknowledged: acknowledged.size,
    done: queue.done.size,
    puts: bucket.puts,
    kills,
    copied,
  };
}

/** Faults until there is no more load; then the server runs, and its disk is sound. */
async function trouble(scene: Scene): Promise<number> {
  const { cluster } = scene;
  const { disk } = cluster.nodes[0]!;
  let kills = 0;
  while (scene.isLoaded) {
    await scene.pause(20 + scene.below(400));
    disk.delayMs = scene.below(4) === 0 ? scene.below(50) : scene.below(3);
    if (scene.below(4) === 0) {
      disk.freeBytes = scene.below(1000);
      await scene.pause(scene.below(100));
      disk.freeBytes = Infinity;
    }
    const chances = ["lost", "kept", scene.below(2000)] as const;
    disk.unsynced = chances[scene.below(chances.length)]!;
    if (scene.below(4) === 0) await cluster.stop(0);
    else await cluster.kill(0);
    kills++;
    await scene.pause(scene.below(50));
    await cluster.restart(0);
  }
  disk.delayMs = 0;
  await cluster.settled();
  return kills;
}

/** A few messages are damaged: all others are read, before and after a kill. */
async function damage(scene: Scene, log: LogLoad): Promise<void> {
  const { cluster } = scene;
  const { disk } = cluster.nodes[0]!;
  const connection = await cluster.connect();
  const damaged = new Set<number>();
  for (const seq of log.acknowledged.keys()) {
    if (scene.below(10) > 0) continue;
    disk.flipBit("LOG", seq);
    damaged.add(seq);
  }
  await log.check(connection, damaged);
  await cluster.kill(0);
  await cluster.restart(0);
  await cluster.settled();
  await log.check(connection, damaged);
}
