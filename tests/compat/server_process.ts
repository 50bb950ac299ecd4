/**
 * Brokers as real processes with nats-server's command line: nats-server
 * itself and Midge. The suites in this folder start either of them through the
 * same function, so that what holds for one is asked of the other.
 */
import process from "node:process";
import {
  spawnCommand,
  spawnMidge,
  type TestProcess,
} from "../support/process.ts";

/** A broker that has said that it is ready. */
export interface RunningServer {
  /** Where clients connect, on 127.0.0.1. */
  readonly port: number;
  /** Where routes connect; 0 without a cluster. */
  readonly clusterPort: number;
  /** Tells clients to move on, then ends. */
  enterLameDuckMode(): void;
  /** Ends as an administrator would have it. */
  shutDown(): Promise<void>;
  /** Ends at once, as a crash would. */
  kill(): Promise<void>;
}

/** Starts a broker with these arguments; address and port are chosen unless given. */
export type StartServer = (args?: readonly string[]) => Promise<RunningServer>;

const LISTENING = /Listening for client connections on \S+:(\d+)/;
const CLUSTERED = /Listening for route connections on \S+:(\d+)/;

const NATS_SERVER: string = process.env["MIDGE_NATS_SERVER"] ??
  "nats-server";

export const startNatsServer: StartServer = serverProgram((args) =>
  spawnCommand([NATS_SERVER, ...args])
);

export const startMidge: StartServer = serverProgram((args) =>
  spawnMidge(args)
);

/** Turns a way to start the program into a way to have a broker that is ready. */
function serverProgram(
  spawn: (args: readonly string[]) => TestProcess,
): StartServer {
  return async (args = []) => {
    const port = args.includes("-p") ? [] : ["-p", "-1"];
    const program = spawn(["-a", "127.0.0.1", ...port, ...args]);
    const isClustered = args.includes("--cluster");
    // On Deno a child's own `kill` sends one signal in its life.
    const signal = (name: NodeJS.Signals): void => {
      process.kill(program.pid, name);
    };
    await program.waitFor("Server is ready");
    return {
      port: await portIn(program, LISTENING),
      clusterPort: isClustered ? await portIn(program, CLUSTERED) : 0,
      enterLameDuckMode: () => signal("SIGUSR2"),
      shutDown: async () => {
        signal("SIGTERM");
        await program.exited;
      },
      kill: () => program.stop(),
    };
  };
}

async function portIn(program: TestProcess, line: RegExp): Promise<number> {
  const [, port] = await program.waitFor(line);
  return Number(port);
}
