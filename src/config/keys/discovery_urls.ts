/**
 * Lists of URLs in a `discovery` block. `discovery/url.ts` reads a URL; here is
 * which of them make sense for announcing and which for finding.
 */
import { DiscoveryError } from "../../discovery/discovery.ts";
import {
  type DiscoveryScheme,
  type DiscoveryTarget,
  parseDiscoveryUrl,
} from "../../discovery/url.ts";
import { splitList } from "../../net/address.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigValue } from "../dialect/tree.ts";
import { FlagError, type FlagValue } from "../flags/flags.ts";
import { goType } from "./complaints.ts";
import type { Reader } from "./readers.ts";

const URLS_MAX = 32;

/** At these a node can announce itself. */
const REGISTRIES: readonly DiscoveryScheme[] = [
  "registry",
  "etcd",
  "consul",
  "file",
];

/** These name one door for clients, and lead to no route port. */
const CLIENT_DOORS: readonly DiscoveryScheme[] = ["nats", "tls"];

/** Where a node can announce itself. */
export const announceUrls: Reader<DiscoveryTarget[]> = urls(announceTarget);

/** Where a node can look for others. */
export const findUrls: Reader<DiscoveryTarget[]> = urls(findTarget);

function announceTarget(url: string): DiscoveryTarget {
  const target = parseDiscoveryUrl(url);
  const { scheme, name, pathname: path } = target;
  if (!REGISTRIES.includes(scheme)) {
    throw new DiscoveryError(
      `Cannot announce at "${name}": it can only be asked; announcing works ` +
        `at ${REGISTRIES.map((known) => `${known}://`).join(", ")}`,
    );
  }
  if (scheme === "file" && !path.endsWith("/")) {
    throw new DiscoveryError(
      `Cannot announce at "${name}": a node announces itself in a folder, ` +
        "whose path ends with a slash",
    );
  }
  return target;
}

function findTarget(url: string): DiscoveryTarget {
  const target = parseDiscoveryUrl(url);
  const { scheme, name } = target;
  if (CLIENT_DOORS.includes(scheme)) {
    throw new DiscoveryError(
      `Cannot find nodes at "${name}": it is a door for clients; ` +
        "a route port is named by nats-route://host:port",
    );
  }
  return target;
}

/** One text with URLs, or a list of them. */
function urls(
  read: (url: string) => DiscoveryTarget,
): Reader<DiscoveryTarget[]> {
  return {
    kind: "URL or list of URLs",
    type: "DiscoveryTarget[]",
    written: "string | readonly string[]",
    flag: { type: "string", read: (value) => readFlag(value, read) },
    read(entry, report) {
      const { value } = entry;
      const items = value.kind === "array" ? value.items : [value];
      const targets = items.flatMap((item) => readItem(item, read, report));
      if (targets.length <= URLS_MAX) return withoutDuplicates(targets);
      report.error(entry.at, `${entry.key} takes at most ${URLS_MAX} URLs`);
      return undefined;
    },
  };
}

function readItem(
  item: ConfigValue,
  read: (url: string) => DiscoveryTarget,
  report: Report,
): DiscoveryTarget[] {
  if (item.kind !== "string") {
    report.error(item.at, `Expected a URL for discovery, got ${goType(item)}`);
    return [];
  }
  return splitList(item.value).flatMap((url) => {
    try {
      return [read(url)];
    } catch (error) {
      if (!(error instanceof DiscoveryError)) throw error;
      report.error(item.at, error.message);
      return [];
    }
  });
}

function readFlag(
  value: FlagValue,
  read: (url: string) => DiscoveryTarget,
): DiscoveryTarget[] {
  try {
    return splitList(String(value)).map(read);
  } catch (error) {
    if (!(error instanceof DiscoveryError)) throw error;
    throw new FlagError(error.message);
  }
}

/** Asking the same place twice tells nothing new. */
function withoutDuplicates(
  targets: readonly DiscoveryTarget[],
): DiscoveryTarget[] {
  return [...new Map(targets.map((target) => [target.url, target])).values()];
}
