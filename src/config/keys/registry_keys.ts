/**
 * The `registry` block: where the registry of nodes is served. Unless a host is
 * named it is for programs of this machine only, unlike the ports for clients
 * and routes: a program that can announce nodes can send clients anywhere.
 */
import { PORT_MAX, splitAddress } from "../../net/address.ts";
import { REGISTRY_PORT } from "../../core/limits.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { FlagError } from "../flags/flags.ts";
import type { RegistryOptions, ServerOptions } from "../../options/options.ts";
import { defaultsOf } from "./defaults.ts";
import { readBlock } from "./entries.ts";
import { text, toggle } from "./flag_rows.ts";
import {
  changed,
  checkedString,
  filledString,
  listenAddress,
  port,
  string,
} from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, KeyFlag } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";

/** Programs of this machine only. */
const REGISTRY_HOST = "127.0.0.1";

/** -1 asks for any free port and 0 for the default, as for clients. */
function registryPort(port: number): number {
  if (port === -1) return 0;
  return port === 0 ? REGISTRY_PORT : port;
}

/** Why a token cannot be used; it has to fit into a header of HTTP. */
function tokenProblem(token: string): string | undefined {
  if (token === "") return "registry token must not be empty";
  return /^[\x21-\x7e]+$/.test(token)
    ? undefined
    : "registry token must be of ASCII letters, digits and signs, " +
      "without spaces";
}

function setAddress(options: ServerOptions, address: string): void {
  if (address === "") {
    options.registry = undefined;
    return;
  }
  const isPort = /^-?\d+$/.test(address);
  const { host = "", port = "" } =
    splitAddress(isPort ? `:${address}` : address) ?? {};
  const number = /^-?\d+$/.test(port) ? Number(port) : NaN;
  if (!(number >= -1 && number <= PORT_MAX)) {
    throw new FlagError(
      `invalid value "${address}" for flag -registry: expected host:port`,
    );
  }
  const registry = options.registry ?? defaultsOf(REGISTRY_BLOCK);
  registry.host = host || REGISTRY_HOST;
  registry.port = registryPort(number);
  options.registry = registry;
}

function setOnly(options: ServerOptions, on: boolean): void {
  options.registryOnly = on;
  if (on) options.registry ??= defaultsOf(REGISTRY_BLOCK);
}

function setToken(options: ServerOptions, token: string): void {
  const { registry } = options;
  const problem = registry === undefined
    ? "a registry token requires a registry, e.g. --registry"
    : tokenProblem(token);
  if (problem !== undefined) throw new FlagError(problem);
  if (registry !== undefined) registry.token = token;
}

const ONLY_FLAG: KeyFlag = {
  ...toggle("Discovery", ["registry_only"], setOnly),
  doc: `Serve nothing else (${REGISTRY_HOST}:${REGISTRY_PORT})`,
};

const rows = rowsOf<RegistryOptions>();

/** The keys of `registry`. Its flags are applied in this order: a token needs a registry to be there. */
export const REGISTRY_BLOCK: Block<RegistryOptions> = {
  place: "`registry`",
  types: {
    options: "RegistryOptions",
    optionsText: "A registry of nodes, served over HTTP.",
    config: "RegistryConfig",
    configText:
      "The `registry` block. Without a host it is for programs of this machine only.",
  },
  keys: [
    rows.key({
      names: ["listen"],
      reader: listenAddress,
      sets: ["host", "port"],
      set(options, address) {
        options.host = address.host ?? options.host;
        options.port = registryPort(address.port);
      },
      text:
        "Where a registry of nodes is served; for this machine only unless a host is named.",
      flags: [
        text("Discovery", ["registry"], "host:port", setAddress),
        ONLY_FLAG,
      ],
      reload: "restart",
    }),
    rows.option({
      names: ["host", "net"],
      field: "host",
      reader: filledString,
      default: REGISTRY_HOST,
      text: "The host part of `listen`.",
      reload: "restart",
    }),
    rows.option({
      names: ["port"],
      field: "port",
      reader: changed(port, registryPort),
      default: REGISTRY_PORT,
      text: "The port part of `listen`; -1 for any free one.",
      reload: "restart",
    }),
    rows.option({
      names: ["token"],
      field: "token",
      reader: checkedString(tokenProblem),
      default: undefined,
      text: "What a node needs to announce itself; nothing unless set.",
      flags: [{
        ...text("Discovery", ["registry_token"], "token", setToken),
        isSecret: true,
      }],
      reload: "restart",
    }),
    rows.option({
      names: ["tls"],
      field: "tls",
      inner: TLS_BLOCK,
      reader: tlsBlock(),
      default: undefined,
      text:
        "The registry is asked by `https`, and with `verify` by those with a certificate alone.",
      isPresenceFixed: true,
      reloaded: "Reloaded: registry tls",
      reload: "new connections",
    }),
    rows.option({
      names: ["state_file"],
      field: "stateFile",
      reader: string,
      default: "",
      text: "Keep the nodes in this file over a restart.",
      reload: "restart",
    }),
  ],
};

/** Reads a `registry` block. */
export function readRegistry(
  entry: ConfigEntry,
  report: Report,
): RegistryOptions | undefined {
  return readBlock(REGISTRY_BLOCK, "registry", entry, report);
}
