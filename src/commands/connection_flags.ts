/**
 * The flags that say where, as whom and how a program connects: those of the
 * article's programs, and those that the other client commands have besides.
 * Secrets that they name go to the connection and nowhere else.
 */
import {
  type ConnectOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  type Status,
} from "../faces/client.ts";
import {
  FlagError,
  type FlagsOf,
  type FlagValues,
} from "../config/flags/flags.ts";
import { DiscoveryError } from "../discovery/discovery.ts";
import { parseDiscoveryUrls } from "../discovery/url.ts";
import { grantedEnvironment, readTextFile } from "../runtime/process/system.ts";
import { HELP_FLAG } from "./command.ts";

type ConnectionFlagTable =
  & FlagsOf<"servers" | "user" | "pass" | "token" | "discover", "string">
  & FlagsOf<"help", "boolean">;

/** The article's programs take these. */
export const CONNECTION_FLAGS: ConnectionFlagTable = {
  servers: {
    names: ["s", "server"],
    type: "string",
    value: "url,url",
    doc: "Servers to connect to, in this order",
  },
  user: { names: ["user"], type: "string", value: "name", doc: "User" },
  pass: {
    names: ["pass", "password"],
    type: "string",
    value: "password",
    doc: "Password",
  },
  token: { names: ["token"], type: "string", value: "token", doc: "Token" },
  discover: {
    names: ["discover"],
    type: "string",
    value: "url,url",
    doc: "Where to look for live servers when no known " +
      "server answers",
  },
  help: HELP_FLAG,
};

const { help, ...WHERE_AND_WHO } = CONNECTION_FLAGS;

type ClientFlagTable =
  & ConnectionFlagTable
  & FlagsOf<
    "creds" | "nkey" | "tlsCa" | "tlsCert" | "tlsKey" | "name",
    "string"
  >
  & FlagsOf<"timeout", "duration">
  & FlagsOf<"quiet", "boolean">;

/** All client commands take these. */
export const CLIENT_FLAGS: ClientFlagTable = {
  ...WHERE_AND_WHO,
  creds: {
    names: ["creds"],
    type: "string",
    value: "file",
    doc: "Credentials (a JWT and its key), as nsc writes",
  },
  nkey: {
    names: ["nkey"],
    type: "string",
    value: "file",
    doc: "The seed of an nkey",
  },
  tlsCa: {
    names: ["tlsca"],
    type: "string",
    value: "file",
    doc: "Authorities to trust in place of the system's",
  },
  tlsCert: {
    names: ["tlscert"],
    type: "string",
    value: "file",
    doc: "Client certificate",
  },
  tlsKey: {
    names: ["tlskey"],
    type: "string",
    value: "file",
    doc: "Key of the client certificate",
  },
  name: {
    names: ["name"],
    type: "string",
    value: "name",
    doc: "Name of the connection, for monitoring",
  },
  timeout: {
    names: ["timeout"],
    type: "duration",
    value: "duration",
    doc: "Longest wait for a server or an answer (5s); with -discover " +
      "a server is waited for without an end unless it is given",
  },
  quiet: {
    names: ["q", "quiet"],
    type: "boolean",
    doc: "Print only results and errors",
  },
  help,
};

export type ClientFlags = FlagValues<ClientFlagTable>;

/** The variables that stand for flags, with the names that the nats CLI uses. */
const VARIABLES = {
  servers: "NATS_URL",
  user: "NATS_USER",
  pass: "NATS_PASSWORD",
  token: "NATS_TOKEN",
  creds: "NATS_CREDS",
  nkey: "NATS_NKEY",
  tlsCa: "NATS_CA",
  tlsCert: "NATS_CERT",
  tlsKey: "NATS_KEY",
} as const;

type Variable = keyof typeof VARIABLES;

/** Each variable, and the flag that it stands for. */
export const CLIENT_ENVIRONMENT: readonly (readonly [string, string])[] = Object
  .entries(VARIABLES)
  .map(([key, name]) => {
    const flag = `-${CLIENT_FLAGS[key as Variable].names[0]}`;
    return [name, key === "user" ? `${flag}; alone, -token` : flag];
  });

const TIMEOUT_MS = 5000;

/** The wait that `-timeout` allows, in milliseconds. Throws FlagError. */
export function timeoutMs({ timeout = TIMEOUT_MS }: ClientFlags): number {
  if (timeout > 0) return timeout;
  throw new FlagError("-timeout must be above 0");
}

/**
 * The options that flags and environment give. Throws FlagError for flags that
 * contradict each other, and an error that names a file that cannot be used.
 */
export function clientConnectOptions(
  flags: ClientFlags,
  say: (text: string) => void,
): ConnectOptions {
  const { discover, name } = flags;
  const servers = valueOf(flags, "servers");
  const wait = timeoutMs(flags);
  return {
    timeout: wait,
    noRandomize: true,
    ...(servers !== undefined && { servers }),
    ...(name !== undefined && { name }),
    ...login(flags),
    ...tls(flags),
    ...(discover !== undefined && {
      discovery: checkedDiscovery(discover),
      onStatus: discoveryReporter(say),
      ...(flags.timeout !== undefined &&
        { discoveryPolicy: { giveUpAfterMs: wait } }),
    }),
  };
}

function valueOf(flags: ClientFlags, key: Variable): string | undefined {
  return flags[key] ?? (grantedEnvironment(VARIABLES[key]) || undefined);
}

/** The one way to log in: flags come before the environment. */
function login(flags: ClientFlags): ConnectOptions {
  const ways: readonly (readonly [Variable, () => ConnectOptions])[] = [
    ["creds", () => credsLogin(valueOf(flags, "creds")!)],
    ["nkey", () => nkeyLogin(valueOf(flags, "nkey")!)],
    ["token", () => ({ token: valueOf(flags, "token")! })],
    ["user", () => userLogin(flags)],
  ];
  const given = ways.filter(([key]) => flags[key] !== undefined);
  if (given.length > 1) {
    const names = given.map(([key]) => `-${CLIENT_FLAGS[key].names[0]}`);
    throw new FlagError(`${names.join(" and ")} exclude each other`);
  }
  const found = given[0] ??
    ways.find(([key]) => valueOf(flags, key) !== undefined);
  if (found !== undefined) return found[1]();
  if (flags.pass !== undefined) throw new FlagError("-pass needs -user");
  return {};
}

/** NATS_USER without a password is a token, as with the nats CLI. */
function userLogin(flags: ClientFlags): ConnectOptions {
  const user = valueOf(flags, "user")!;
  const pass = valueOf(flags, "pass");
  if (pass !== undefined) return { user, pass };
  return flags.user === undefined ? { token: user } : { user };
}

function credsLogin(file: string): ConnectOptions {
  const bytes = new TextEncoder().encode(readTextFile(file));
  try {
    return { authenticator: credsAuthenticator(bytes) };
  } catch (cause) {
    throw new Error(`${file} holds no credentials`, { cause });
  }
}

/** "S", a letter for the kind of key, then base 32. */
const SEED = /\bS[A-Z][A-Z2-7]{56}\b/;

function nkeyLogin(file: string): ConnectOptions {
  const [seed] = SEED.exec(readTextFile(file)) ?? [];
  if (seed === undefined) throw new Error(`${file} holds no seed of an nkey`);
  return { authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)) };
}

function tls(flags: ClientFlags): ConnectOptions {
  const [ca, cert, key] = (["tlsCa", "tlsCert", "tlsKey"] as const)
    .map((name) => valueOf(flags, name));
  if ((cert === undefined) !== (key === undefined)) {
    throw new FlagError("-tlscert and -tlskey need each other");
  }
  if (ca === undefined && cert === undefined) return {};
  return {
    tls: {
      ...(ca !== undefined && { ca: readTextFile(ca) }),
      ...(cert !== undefined && { cert: readTextFile(cert) }),
      ...(key !== undefined && { key: readTextFile(key) }),
    },
  };
}

function checkedDiscovery(urls: string): string {
  try {
    parseDiscoveryUrls(urls);
    return urls;
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw new FlagError(error.message);
  }
}

/**
 * Says that no server answers, and why a provider fails, once per failure: with
 * discovery a program waits for a server, and would otherwise wait in silence.
 */
export function discoveryReporter(
  say: (...words: string[]) => void,
): (status: Status) => void {
  const failing = new Set<string>();
  return (status) => {
    if (status.type === "waitingForDiscovery") {
      say("No server answers; looking for others until one does");
    }
    if (status.type !== "discovery") return;
    const { provider, error } = status;
    if (error === undefined) failing.delete(provider);
    else if (!failing.has(provider)) {
      failing.add(provider);
      say(`discovery: ${error.message}`);
    }
  };
}
