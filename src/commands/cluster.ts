/**
 * `midge cluster`, and the program `cluster.ts`: the article's nodes in one
 * process, each with its own ports, their log lines marked with the node's name.
 */
import { describeFlags, FlagError, parseFlags } from "../config/flags/flags.ts";
import { type Logger, TextLogger } from "../core/log.ts";
import { NetworkError } from "../platform/socket.ts";
import { stderrSink, timestamps } from "../runtime/process/log_sink.ts";
import {
  exit,
  onSignal,
  print,
  printError,
  processId,
} from "../runtime/process/system.ts";
import { takesColours } from "../runtime/process/terminal.ts";
import type { ServerConfig } from "../app/config.ts";
import { type Command, flagGroup, HELP_FLAG } from "./command.ts";
import { type RunningCluster, startCluster } from "../faces/cluster.ts";

const FIRST_CLIENT_PORT = 4222;
const FIRST_MONITOR_PORT = 4333;
const FIRST_ROUTE_PORT = 4248;
/** The distance between the ports of two neighbouring nodes. */
const PORT_STEP = 1000;
const NODES_MAX = 60;

const FLAGS = {
  n: {
    names: ["n"],
    type: "integer",
    value: "NODES",
    doc: "Number of nodes (default 3)",
  },
  debug: { names: ["D"], type: "boolean", doc: "Log debug lines" },
  trace: { names: ["V"], type: "boolean", doc: "Log every protocol line" },
  both: { names: ["DV"], type: "boolean", doc: "Both" },
  help: HELP_FLAG,
} as const;

/** `midge cluster` */
export const CLUSTER: Command = {
  name: "cluster",
  summary: "Start several nodes in one process",
  about:
    "Starts all nodes of a cluster in one process, to try things out.\n\n" +
    "Clients connect to 4222, 5222, 6222 and so on, monitoring is served on 4333,\n" +
    "5333, 6333, routes go to 4248, 5248, 6248. INT and TERM end all nodes.",
  words: [],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    { line: "midge cluster", doc: "Three nodes" },
    { line: "midge cluster -n 5 -D", doc: "Five, with debug lines" },
  ],
  exits: {
    done: "A signal ended it",
    failed: "A node cannot start, because its port is taken",
  },
  run: (args) => startNodes(readArguments(args)),
};

/** Starts the nodes that `args` ask for; they run until a signal ends them. */
export async function runCluster(args: readonly string[]): Promise<void> {
  try {
    await startNodes(readArguments(args));
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    printError(`${error.message}\n`);
    exit(2);
  }
}

async function startNodes(wish: Arguments): Promise<void> {
  const cluster = await startOrFail(wish);
  const leave = async (): Promise<void> => {
    await cluster.stop();
    exit(0);
  };
  // In place before "is ready" is printed: a signal may follow at once.
  onSignal("SIGINT", leave);
  onSignal("SIGTERM", leave);
  for (const [index, server] of cluster.servers.entries()) {
    const monitor = FIRST_MONITOR_PORT + index * PORT_STEP;
    print(
      `${
        letter(index)
      }: ${server.url}, monitoring http://127.0.0.1:${monitor}\n`,
    );
  }
  print(`Cluster of ${cluster.servers.length} is ready\n`);
}

interface Arguments {
  readonly size: number;
  readonly debug: boolean;
  readonly trace: boolean;
}

function readArguments(args: readonly string[]): Arguments {
  const { values } = parseFlags(FLAGS, args);
  if (values.help) {
    print(`Usage: cluster [flags]\n\n${describeFlags(Object.values(FLAGS))}`);
    return exit(0);
  }
  const { n = 3, debug = false, trace = false, both = false } = values;
  if (n < 1 || n > NODES_MAX) {
    throw new FlagError(`-n takes a number from 1 to ${NODES_MAX}`);
  }
  return { size: n, debug: debug || both, trace: trace || both };
}

async function startOrFail(
  { size, debug, trace }: Arguments,
): Promise<RunningCluster> {
  try {
    return await startCluster({
      size,
      node: (index) => articleNode(index, size),
      log: (index) => nodeLogger(index, debug, trace),
    });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    printError(`cluster: ${error.message}\n`);
    return exit(1);
  }
}

/** Options like those of the article's command lines, with routes to all others. */
function articleNode(index: number, size: number): ServerConfig {
  const port = (first: number, node: number): number =>
    first + node * PORT_STEP;
  const others = Array.from({ length: size }, (_, node) => node)
    .filter((node) => node !== index);
  return {
    server_name: letter(index),
    port: port(FIRST_CLIENT_PORT, index),
    http_port: port(FIRST_MONITOR_PORT, index),
    cluster: {
      port: port(FIRST_ROUTE_PORT, index),
      routes: others.map((node) =>
        `nats-route://127.0.0.1:${port(FIRST_ROUTE_PORT, node)}`
      ),
    },
  };
}

/** All nodes log to standard error; each line begins with the node's name. */
function nodeLogger(index: number, debug: boolean, trace: boolean): Logger {
  return new TextLogger({
    sink: { write: (line) => stderrSink.write(`${letter(index)} ${line}`) },
    pid: processId(),
    timestamp: timestamps(false),
    debug,
    trace,
    colors: takesColours("stderr"),
  });
}

/** `node-a`, `node-b`, ... */
function letter(index: number): string {
  const name = index < 26
    ? String.fromCharCode(0x61 + index)
    : String(index + 1);
  return `node-${name}`;
}
