/**
 * The `registry` block: where the registry of nodes is served. Unless a host is
 * named it is for programs of this machine only, other than the ports for
 * clients and routes: whoever can announce nodes can send clients anywhere.
 */
import { REGISTRY_PORT } from "../../core/limits.ts";
import type { Report } from "../dialect/diagnostic.ts";
import {
  defaultRegistryOptions,
  type RegistryOptions,
} from "../../options/options.ts";
import {
  applyKeys,
  type ConfigKey,
  goType,
  key,
  listenAddress,
  port,
  type Reader,
  string,
} from "./schema.ts";
import type { ConfigEntry } from "../dialect/tree.ts";

/** -1 asks for any free port and 0 for the default, as for clients. */
export function registryPort(port: number): number {
  if (port === -1) return 0;
  return port === 0 ? REGISTRY_PORT : port;
}

/** Why a token cannot be used; it has to fit into a header of HTTP. */
export function tokenProblem(token: string): string | undefined {
  if (token === "") return "registry token must not be empty";
  return /^[\x21-\x7e]+$/.test(token)
    ? undefined
    : "registry token must be of ASCII letters, digits and signs, " +
      "without spaces";
}

const token: Reader<string> = {
  type: "string",
  read(entry, report) {
    const text = string.read(entry, report);
    const problem = text === undefined ? undefined : tokenProblem(text);
    if (problem === undefined) return text;
    report.error(entry.at, problem);
    return undefined;
  },
};

/** The keys of `registry`. */
export const REGISTRY_KEYS: readonly ConfigKey<RegistryOptions>[] = [
  key(
    ["listen"],
    listenAddress,
    (options: RegistryOptions, address) => {
      options.host = address.host ?? options.host;
      options.port = registryPort(address.port);
    },
    "Where the registry is served; for this machine only unless a host is named.",
  ),
  key(["host", "net"], string, (options: RegistryOptions, host) => {
    options.host = host || options.host;
  }, "The host part of `listen`."),
  key(["port"], port, (options: RegistryOptions, port) => {
    options.port = registryPort(port);
  }, "The port part of `listen`; -1 for any free one."),
  key(["token"], token, (options: RegistryOptions, token) => {
    options.token = token;
  }, "What a node needs to announce itself; nothing unless set."),
  key(["state_file"], string, (options: RegistryOptions, path) => {
    options.stateFile = path;
  }, "Keep the nodes in this file over a restart."),
];

/** Reads a `registry` block. */
export function readRegistry(
  { at, value }: ConfigEntry,
  report: Report,
): RegistryOptions | undefined {
  if (value.kind !== "map") {
    const got = goType(value);
    report.error(at, `Expected map to define registry, got ${got}`);
    return undefined;
  }
  const options = defaultRegistryOptions();
  applyKeys(REGISTRY_KEYS, value, options, report);
  return options;
}
