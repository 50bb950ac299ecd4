/**
 * The server's command line: what it asks for, and how its flags change the
 * options of a file. `server.ts` does what comes out of here. The texts are
 * nats-server's; the exit codes differ where nats-server reports success
 * after an error.
 */
import { findProblem } from "./keys/discovery_keys.ts";
import {
  describeFlags,
  FlagError,
  type FlagGroup,
  type FlagValue,
  scanFlags,
} from "./flags/flags.ts";
import type { ServerOptions } from "../options/options.ts";
import type { FlagSection, ServerFlag } from "./keys/schema.ts";
import { SERVER_FLAGS, SIGNAL_COMMANDS } from "./server_flags.ts";

/** The flags that were given, each with its last value. */
export type GivenFlags = ReadonlyMap<ServerFlag, FlagValue>;

/** What `-signal` can tell a running server. */
export type SignalCommand = typeof SIGNAL_COMMANDS[number];

/** What a command line asks for. */
export type ServerCommand =
  | {
    readonly do: "run";
    /** Empty: none. */
    readonly configFile: string;
    readonly flags: GivenFlags;
  }
  | {
    readonly do: "check";
    readonly configFile: string;
    readonly flags: GivenFlags;
    /** A file that a running server may take over, or not; empty: none. */
    readonly reloadFile: string;
  }
  | {
    readonly do: "signal";
    readonly command: SignalCommand;
    /** A process number or the path of a PID file; empty when not given. */
    readonly target: string;
  }
  | {
    readonly do: "help" | "helpTls" | "version";
  }
  | {
    /** Say why on standard error, the usage on standard output, and exit. */
    readonly do: "refuse";
    readonly message: string;
    readonly showUsage: boolean;
    readonly exitCode: number;
  };

/** Reads the words after the program's name. Never throws. */
export function parseServerArguments(args: readonly string[]): ServerCommand {
  try {
    const { given, rest } = scanFlags(SERVER_FLAGS, args);
    return decide(given, rest);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    return {
      do: "refuse",
      message: error.message,
      showUsage: true,
      exitCode: 2,
    };
  }
}

function decide(flags: GivenFlags, rest: readonly string[]): ServerCommand {
  if (valueOf(flags, "v")) return { do: "version" };
  if (valueOf(flags, "h")) return { do: "help" };
  if (valueOf(flags, "help_tls")) return { do: "helpTls" };
  const word = rest[0];
  if (word !== undefined) return decideWord(word);
  const missing = [...flags].find(([flag, value]) =>
    flag.section === "Not supported yet" && Boolean(value)
  );
  if (missing !== undefined) {
    return refuse(`-${missing[0].names[0]} is not supported by Midge yet`);
  }
  const signal = valueOf(flags, "sl");
  if (signal) return decideSignal(String(signal));
  const configFile = String(valueOf(flags, "c") ?? "");
  const reloadFile = String(valueOf(flags, "test_reload") ?? "");
  if (!valueOf(flags, "t")) {
    return reloadFile === ""
      ? { do: "run", configFile, flags }
      : refuse("--test_reload can only be used together with -t");
  }
  if (configFile !== "") return { do: "check", configFile, flags, reloadFile };
  return refuse(
    "must specify [-c, --config] option to check configuration file syntax",
  );
}

function decideWord(word: string): ServerCommand {
  const command = word.toLowerCase();
  if (command === "version" || command === "help") return { do: command };
  return refuse(`unrecognized command: ${JSON.stringify(word)}`);
}

function decideSignal(signal: string): ServerCommand {
  const [name = "", target = "", ...more] = signal.split("=");
  if (more.length > 0) {
    return refuse(`invalid signal parameters: [${more.join(" ")}]`);
  }
  const command = SIGNAL_COMMANDS.find((known) => known === name);
  if (command === undefined) {
    return refuse(`unknown signal ${JSON.stringify(name)}`);
  }
  return { do: "signal", command, target };
}

function refuse(message: string): ServerCommand {
  const why = `midge: ${message}`;
  return { do: "refuse", message: why, showUsage: false, exitCode: 1 };
}

function valueOf(flags: GivenFlags, name: string): FlagValue | undefined {
  return [...flags].find(([flag]) => flag.names.includes(name))?.[1];
}

/**
 * Changes `options`, which come from a file or are the defaults, as the flags
 * say. Throws FlagError for values that make no sense.
 */
export function applyFlags(options: ServerOptions, flags: GivenFlags): void {
  for (const flag of SERVER_FLAGS) {
    const value = flags.get(flag);
    if (value !== undefined) flag.apply(options, value);
  }
  const problem = findProblem(options);
  if (problem !== undefined) throw new FlagError(problem);
}

const SECTIONS: readonly FlagSection[] = [
  "Server",
  "Logging",
  "Authorization",
  "TLS",
  "Cluster",
  "Discovery",
  "Common",
  "Not supported yet",
];

/** Every flag of the server, as its help groups them. */
export const SERVER_FLAG_GROUPS: readonly FlagGroup[] = SECTIONS.map(
  (section) => ({
    title: titleOf(section),
    flags: SERVER_FLAGS.filter((flag) => flag.section === section),
    isMissing: section === "Not supported yet",
  }),
);

/** What help says of secrets. */
export const SECRET_NOTE = `\
Other programs can read a command line. In place of a secret, or of a URL
with one, -pass, -auth, -cluster, -routes and -registry_token take '$NAME', a
variable of the environment, or file:PATH.`;

/** The help text: every flag in its section. */
export function serverUsage(): string {
  const sections = SERVER_FLAG_GROUPS.map(({ title, flags }) =>
    `${title}:\n${describeFlags(flags)}`
  );
  return `
Usage: midge [options]

Flags take one dash or two, and their value after a space or "=".
Booleans stand alone, or as in -T=false.

${SECRET_NOTE}

${sections.join("\n")}`;
}

function titleOf(section: FlagSection): string {
  return section === "Not supported yet" ? section : `${section} options`;
}

/** The text of `-help_tls`. */
export const TLS_HELP = `\
TLS is configured in the tls block of a configuration file:

tls {
  cert_file: "server.pem"
  key_file: "server.key"
  # Clients have to show a certificate of these authorities.
  ca_file: "ca.pem"
  verify: true
}

The flags -tls, -tlscert, -tlskey, -tlscacert and -tlsverify do the same.
docs/configuration.md has all keys.
`;
