/** The flags of the registry. */
import { PORT_MAX, splitAddress } from "../../net/address.ts";
import { type ServerFlag, text, toggle } from "./flag_rows.ts";
import { FlagError } from "./flags.ts";
import {
  defaultRegistryOptions,
  type ServerOptions,
} from "../../options/options.ts";
import { registryPort, tokenProblem } from "../keys/registry_keys.ts";

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
  const registry = options.registry ?? defaultRegistryOptions();
  registry.host = host || defaultRegistryOptions().host;
  registry.port = registryPort(number);
  options.registry = registry;
}

function setOnly(options: ServerOptions, on: boolean): void {
  options.registryOnly = on;
  if (on) options.registry ??= defaultRegistryOptions();
}

function setToken(options: ServerOptions, token: string): void {
  const problem = options.registry === undefined
    ? "a registry token requires a registry, e.g. --registry"
    : tokenProblem(token);
  if (problem !== undefined) throw new FlagError(problem);
  options.registry!.token = token;
}

/** In this order: a token is that of a registry. */
export const REGISTRY_FLAGS: readonly ServerFlag[] = [
  text(
    "Discovery",
    ["registry"],
    "host:port",
    "Serve a registry of nodes here; a port alone\n" +
      "is open on 127.0.0.1 only",
    setAddress,
  ),
  toggle(
    "Discovery",
    ["registry_only"],
    "Serve nothing else (127.0.0.1:4280)",
    setOnly,
  ),
  text(
    "Discovery",
    ["registry_token"],
    "token",
    "What nodes need to announce themselves there",
    setToken,
  ),
];
