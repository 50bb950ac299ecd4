/**
 * A Midge and a nats-server of the same configuration, side by side. The
 * nats-server is the one whose behaviour counts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { optionsOf } from "../../config/reading.ts";
import { startMidge } from "../../support/midge.ts";
import { newestNatsServer } from "../../support/nats_server.ts";
import { spawnCommand } from "../../support/process.ts";
import { type Cleanup, temporaryFolder } from "../../support/temp.ts";
import type { TestContext } from "../../support/test.ts";

/** Where a server listens on 127.0.0.1; 0: nowhere. */
export interface Ports {
  readonly client: number;
  readonly route: number;
  readonly http: number;
  /** What the paths of its pages begin with. */
  readonly basePath: string;
}

/** Addresses for both; a configuration says the rest. */
const LISTEN = `listen: "127.0.0.1:-1"\n`;

export async function startMidgeOf(
  t: TestContext,
  config: string,
): Promise<Ports> {
  const { cluster, ...options } = optionsOf(LISTEN + config);
  const basePath = options.httpBasePath;
  const { port, clusterPort, httpPort } = await startMidge(t, {
    ...options,
    ...(cluster !== undefined && { cluster }),
  });
  return { client: port, route: clusterPort, http: httpPort, basePath };
}

export async function startNatsServerOf(
  t: Cleanup,
  config: string,
): Promise<Ports> {
  const file = join(temporaryFolder(t), "nats.conf");
  writeFileSync(file, LISTEN + config);
  const server = spawnCommand([newestNatsServer, "-c", file]);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  // Ports for routes may be opened later.
  const portOf = async (what: string): Promise<number> =>
    Number((await server.waitFor(new RegExp(`${what} \\S+:(\\d+)`)))[1]);
  return {
    client: await portOf("Listening for client connections on"),
    route: /cluster/.test(config)
      ? await portOf("Listening for route connections on")
      : 0,
    http: /http:/.test(config) ? await portOf("Starting http monitor on") : 0,
    basePath: optionsOf(config).httpBasePath,
  };
}
