/**
 * The real servers of the mixed clusters: nats-server of two generations, the
 * oldest and the newest that Midge meets, each a process on free ports.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { newestNatsServer } from "../support/nats_server.ts";
import { spawnCommand, type TestProcess } from "../support/process.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";

/** One nats-server program. */
export interface NatsProgram {
  readonly title: string;
  readonly command: string;
  /** Why it cannot be used; false when it can. */
  readonly missing: string | false;
}

export const natsPrograms: readonly NatsProgram[] = [
  program("nats-server", "MIDGE_NATS_SERVER", "nats-server"),
  program("newest nats-server", "MIDGE_NATS_SERVER_NEW", newestNatsServer),
];

function program(title: string, variable: string, known: string): NatsProgram {
  const command = process.env[variable] || known;
  const { status, stdout } = spawnSync(command, ["--version"], {
    encoding: "utf8",
  });
  if (status !== 0) {
    const missing = `"${command}" does not run; set ${variable}`;
    return { title, command, missing };
  }
  const version = /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? "";
  return { title: `${title} ${version}`, command, missing: false };
}

export interface NatsSetup {
  /** Default: any free port. */
  readonly port?: number;
  readonly clusterPort?: number;
  /** Route ports of servers to join, or addresses with a login of their own. */
  readonly routes?: readonly (number | string)[];
  /** Empty: the server makes one up. */
  readonly clusterName?: string;
  /** For this server's route port and for those that it dials. */
  readonly login?: string;
  /** More of the configuration. */
  readonly more?: string;
}

export interface NatsServer {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  readonly clusterPort: number;
  readonly process: TestProcess;
  enterLameDuckMode(): void;
}

/** Starts a server that ends with the test. */
export async function startNats(
  t: Cleanup,
  { command }: NatsProgram,
  setup: NatsSetup = {},
): Promise<NatsServer> {
  const file = join(temporaryFolder(t), "nats.conf");
  writeFileSync(file, configText(setup));
  const server = spawnCommand([command, "-c", file]);
  t.after(() => server.stop());
  await server.waitFor("Server is ready");
  const portOf = async (what: string): Promise<number> => {
    const pattern = new RegExp(
      `Listening for ${what} connections on \\S+:(\\d+)`,
    );
    return Number((await server.waitFor(pattern))[1]);
  };
  return {
    port: await portOf("client"),
    clusterPort: await portOf("route"),
    process: server,
    enterLameDuckMode: () => process.kill(server.pid, "SIGUSR2"),
  };
}

function configText(setup: NatsSetup): string {
  const {
    port = -1,
    clusterPort = -1,
    routes = [],
    clusterName = "test",
    login = "",
    more = "",
  } = setup;
  const [user, password] = login.split(":");
  const at = login === "" ? "" : `${login}@`;
  const urls = routes.map((route) =>
    typeof route === "number" ? `${at}127.0.0.1:${route}` : route
  );
  return `
    ${more}
    listen: "127.0.0.1:${port}"
    lame_duck_duration: "30s"
    lame_duck_grace_period: "0s"
    cluster {
      listen: "127.0.0.1:${clusterPort}"
      ${clusterName === "" ? "" : `name: ${clusterName}`}
      ${login && `authorization { user: ${user}, password: ${password} }`}
      routes: [${urls.map((url) => `"nats-route://${url}"`).join(", ")}]
    }
  `;
}
