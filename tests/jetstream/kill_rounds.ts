/**
 * A server with streams in files that is killed (SIGKILL) at random moments under
 * load, again and again, and what must hold after each: a log with several
 * writers, a queue of jobs with workers, a bucket of keys, and copies of streams.
 */
import { join } from "node:path";
import { connect, type NatsConnection } from "../../src/faces/client.ts";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import { seededRandom } from "../support/random.ts";
import type { Runtime } from "../support/runtimes.ts";
import { Bucket } from "./kill_bucket.ts";
import { Copies } from "./kill_copies.ts";
import { JobQueue } from "./kill_jobs.ts";
import { Log } from "./kill_log.ts";

/** One of the loads: it goes on over all lives of the server. */
export interface Load {
  /** Makes its streams; called once. */
  create(connection: NatsConnection): Promise<void>;
  /** Compares what is there with what was promised. Throws where that differs. */
  verify(connection: NatsConnection): Promise<void>;
  /** Works until the connection ends. */
  work(connection: NatsConnection): Promise<void>;
  /** The same as `verify`, of all that was ever done. */
  verifyAll(connection: NatsConnection): Promise<void>;
  /** What was done, as text. */
  readonly tally: string;
}

export interface KillOptions {
  readonly folder: string;
  readonly runtime: Runtime;
  readonly seed: number;
  readonly rounds: number;
  /** Told of each round. */
  readonly tell?: (text: string) => void;
}

const LONGEST_LIFE_MS = 250;
const START_MS = 300;
/** One life in this many ends while the server starts. */
const EARLY_ENDS = 6;

/** Gives what was done, as text. Throws where something does not hold. */
export async function killRounds(options: KillOptions): Promise<string> {
  const { folder, runtime, seed, rounds, tell = () => {} } = options;
  const random = seededRandom(seed);
  const loads: readonly Load[] = [
    new Log(random),
    new JobQueue(random),
    new Bucket(random),
    new Copies(),
  ];
  for (let round = 0; round < rounds; round++) {
    if (round > 0 && random.next() * EARLY_ENDS < 1) {
      await killedEarly(folder, runtime, random.next() * START_MS);
      continue;
    }
    await withServer(folder, runtime, async (connection, server) => {
      for (const load of loads) {
        if (round === 0) await load.create(connection);
        else await load.verify(connection);
      }
      const works = loads.map((load) => load.work(connection));
      await wait(1 + random.next() * LONGEST_LIFE_MS);
      server.kill("SIGKILL");
      await Promise.all([...works, connection.closed()]);
    });
    tell(`round ${round + 1}: ${tallyOf(loads)}`);
  }
  await withServer(folder, runtime, async (connection) => {
    for (const load of loads) {
      await load.verify(connection);
      await load.verifyAll(connection);
    }
  });
  return tallyOf(loads);
}

function tallyOf(loads: readonly Load[]): string {
  return loads.map(({ tally }) => tally).join("; ");
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function start(folder: string, runtime: Runtime): TestProcess {
  const store = join(folder, "store");
  const args = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", store];
  // Node would compile the whole server for each life.
  const env = { NODE_COMPILE_CACHE: join(folder, "compiled") };
  return spawnMidge(args, { env }, runtime);
}

async function killedEarly(
  folder: string,
  runtime: Runtime,
  afterMs: number,
): Promise<void> {
  await using server = start(folder, runtime);
  await wait(afterMs);
  server.kill("SIGKILL");
}

async function withServer(
  folder: string,
  runtime: Runtime,
  use: (connection: NatsConnection, server: TestProcess) => Promise<void>,
): Promise<void> {
  await using server = start(folder, runtime);
  const [, port] = await server.waitFor(/client connections on .*:(\d+)/);
  await server.waitFor("Server is ready");
  const connection = await connect({
    servers: `127.0.0.1:${port}`,
    reconnect: false,
  });
  try {
    await use(connection, server);
  } finally {
    await connection.close();
  }
  const fault = /^.*\[(ERR|FTL)\].*$/m.exec(server.stderr);
  if (fault !== null) throw new Error(`The server says: ${fault[0]}`);
}
