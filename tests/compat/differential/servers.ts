/**
 * A Midge and a nats-server of the same configuration, side by side. The
 * nats-server is the one whose behaviour counts.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../../src/app/start_server.ts";
import { newestNatsServer } from "../../support/nats_server.ts";
import { spawnCommand } from "../../support/process.ts";
import { until } from "../../support/until.ts";
import { type Cleanup, temporaryFolder } from "../../support/temp.ts";

export type Who = "midge" | "nats-server";

/** Where a server listens on 127.0.0.1; 0: nowhere. */
export interface Ports {
  readonly who: Who;
  readonly client: number;
  readonly route: number;
  readonly http: number;
  /** What the paths of its pages begin with. */
  readonly basePath: string;
  /** Gives it another configuration while it runs; says what came of it. */
  reload(config: string): Promise<string>;
}

/** Addresses for both; a configuration says the rest. */
const LISTEN = `listen: "127.0.0.1:-1"\n`;

/** A configuration as it is written; `<folder>` in it is a folder of the server's own. */
function textOf(config: string, folder: string): string {
  return LISTEN + config.replaceAll("<folder>", folder);
}

export async function startMidgeOf(
  t: Cleanup,
  config: string,
): Promise<Ports> {
  const folder = temporaryFolder(t);
  const file = join(folder, "midge.conf");
  writeFileSync(file, textOf(config, folder));
  const server = await startServer({ include: file });
  t.after(() => server.stop());
  return {
    who: "midge",
    client: server.address!.port,
    route: server.clusterAddress?.port ?? 0,
    http: server.monitorAddress?.port ?? 0,
    basePath: server.broker.options.httpBasePath,
    async reload(changed) {
      writeFileSync(file, textOf(changed, folder));
      try {
        await server.reload({ include: file });
        return "done";
      } catch (error) {
        return (error as Error).message.replaceAll(file, "<file>");
      }
    },
  };
}

export async function startNatsServerOf(
  t: Cleanup,
  config: string,
): Promise<Ports> {
  const folder = temporaryFolder(t);
  const file = join(folder, "nats.conf");
  writeFileSync(file, textOf(config, folder));
  const server = spawnCommand([newestNatsServer, "-c", file]);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  // Ports for routes may be opened later.
  const portOf = async (what: string): Promise<number> =>
    Number((await server.waitFor(new RegExp(`${what} \\S+:(\\d+)`)))[1]);
  return {
    who: "nats-server",
    client: await portOf("Listening for client connections on"),
    route: /cluster \{/.test(config)
      ? await portOf("Listening for route connections on")
      : 0,
    http: /http:/.test(config) ? await portOf("Starting http monitor on") : 0,
    basePath: /http_base_path: "(.*)"/.exec(config)?.[1] ?? "",
    async reload(changed) {
      const told = server.stderr.length;
      writeFileSync(file, textOf(changed, folder));
      server.kill("SIGHUP");
      const said = (): string => server.stderr.slice(told);
      await until("a reload", () => RELOADED.test(said()));
      const [, reason] = RELOADED.exec(said())!;
      return reason === undefined ? "done" : reason.replaceAll(file, "<file>");
    },
  };
}

/** What nats-server logs of a reload, with the reason if it is refused. */
const RELOADED =
  /Reloaded server configuration|Failed to reload server configuration: (.*)\n/;
