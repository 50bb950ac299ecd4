/**
 * The flags of discovery. The URLs of a flag replace those of the file, as
 * `-routes` does with its routes.
 */
import { DiscoveryError } from "../../discovery/discovery.ts";
import { parseAnnounceUrls, parseFindUrls } from "../keys/discovery_keys.ts";
import { type ServerFlag, text, toggle } from "./flag_rows.ts";
import { FlagError } from "./flags.ts";
import {
  defaultDiscoveryOptions,
  type DiscoveryOptions,
  type ServerOptions,
} from "../../options/options.ts";

function discoveryOf(options: ServerOptions): DiscoveryOptions {
  options.discovery ??= defaultDiscoveryOptions();
  return options.discovery;
}

function read<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw new FlagError(error.message);
  }
}

export const DISCOVERY_FLAGS: readonly ServerFlag[] = [
  text(
    "Discovery",
    ["announce"],
    "url,url",
    "Where to tell that this node lives:\n" +
      "registry://, etcd://, consul://, file:///dir/",
    (options, list) => {
      discoveryOf(options).announce = read(() => parseAnnounceUrls(list));
    },
  ),
  text(
    "Discovery",
    ["discover"],
    "url,url",
    "Where to look for other nodes: there, and at\n" +
      "dns://, srv://, http://, monitor://",
    (options, list) => {
      discoveryOf(options).find = read(() => parseFindUrls(list));
    },
  ),
  toggle(
    "Discovery",
    ["trust_credentials"],
    "Send the cluster's password to found nodes",
    (options, on) => {
      discoveryOf(options).trustCredentials = on;
    },
  ),
];
