/**
 * The `discovery` block: where this node announces itself, and where it looks
 * for other nodes. The URLs are read by `discovery/url.ts`; here is which of
 * them make sense for what, and what else must be configured for it.
 */
import {
  ANNOUNCEMENT_TTL_MAX_MS,
  ANNOUNCEMENT_TTL_MIN_MS,
} from "../../core/limits.ts";
import { DiscoveryError } from "../../discovery/discovery.ts";
import {
  type DiscoveryScheme,
  type DiscoveryTarget,
  parseDiscoveryUrl,
} from "../../discovery/url.ts";
import { namesSomebody } from "./authorization_keys.ts";
import type { Report } from "../dialect/diagnostic.ts";
import { formatDuration } from "../../core/duration.ts";
import {
  defaultDiscoveryOptions,
  type DiscoveryOptions,
  type ServerOptions,
} from "../../options/options.ts";
import {
  applyKeys,
  boolean,
  type ConfigKey,
  durationString,
  findEntry,
  goType,
  key,
  type Reader,
} from "./schema.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";

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

/** URLs at which a node announces itself, divided by commas. Throws a `DiscoveryError` for the first bad one. */
export function parseAnnounceUrls(text: string): DiscoveryTarget[] {
  return partsOf(text).map(announceTarget);
}

/** URLs at which a node looks for others, divided by commas. Throws a `DiscoveryError` for the first bad one. */
export function parseFindUrls(text: string): DiscoveryTarget[] {
  return partsOf(text).map(findTarget);
}

/**
 * Why this server cannot look for other nodes as it is told to. What is found
 * is dialled as a route. And whoever can change what a provider answers would
 * be sent the cluster's password, so that has to be allowed.
 */
export function findProblem(
  { cluster, discovery }: ServerOptions,
): string | undefined {
  if (discovery === undefined || discovery.find.length === 0) return undefined;
  if (cluster === undefined) {
    return "finding nodes requires cluster capabilities, " +
      "e.g. a cluster block or --cluster";
  }
  const isGuarded = cluster.authorization !== undefined &&
    namesSomebody(cluster.authorization);
  const isAllowed = discovery.trustCredentials ||
    discovery.find.every(({ scheme }) => scheme === "nats-route");
  if (!isGuarded || isAllowed) return undefined;
  return "finding nodes with cluster authorization sends its password in " +
    "clear to every address that is found; trust_credentials allows that";
}

function partsOf(text: string): string[] {
  return text.split(",").map((part) => part.trim())
    .filter((part) => part !== "");
}

function announceTarget(url: string): DiscoveryTarget {
  const target = parseDiscoveryUrl(url);
  const { scheme, name, path } = target;
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
function urls(read: (url: string) => DiscoveryTarget): Reader<
  DiscoveryTarget[]
> {
  return {
    type: "URL or list of URLs",
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
  return partsOf(item.value).flatMap((url) => {
    try {
      return [read(url)];
    } catch (error) {
      if (!(error instanceof DiscoveryError)) throw error;
      report.error(item.at, error.message);
      return [];
    }
  });
}

/** Asking the same place twice tells nothing new. */
function withoutDuplicates(
  targets: readonly DiscoveryTarget[],
): DiscoveryTarget[] {
  return [...new Map(targets.map((target) => [target.url, target])).values()];
}

const ttl: Reader<number> = {
  type: "duration",
  read(entry, report) {
    const ms = durationString.read(entry, report);
    if (ms === undefined) return undefined;
    if (ms >= ANNOUNCEMENT_TTL_MIN_MS && ms <= ANNOUNCEMENT_TTL_MAX_MS) {
      return ms;
    }
    const [got, least, most] = [
      ms,
      ANNOUNCEMENT_TTL_MIN_MS,
      ANNOUNCEMENT_TTL_MAX_MS,
    ].map(formatDuration);
    report.error(
      entry.at,
      `invalid ${entry.key} of ${got}, it goes from ${least} to ${most}`,
    );
    return undefined;
  },
};

/** The keys of `discovery`. */
export const DISCOVERY_KEYS: readonly ConfigKey<DiscoveryOptions>[] = [
  key(
    ["announce"],
    urls(announceTarget),
    (options: DiscoveryOptions, targets) => {
      options.announce = targets;
    },
    "Where this node announces that it lives.",
  ),
  key(["find"], urls(findTarget), (options: DiscoveryOptions, targets) => {
    options.find = targets;
  }, "Where this node looks for other nodes of its cluster."),
  key(["ttl"], ttl, (options: DiscoveryOptions, ms) => {
    options.ttlMs = ms;
  }, "How long an announcement holds unless it is renewed, 1s to 1h."),
  key(
    ["trust_credentials"],
    boolean,
    (options: DiscoveryOptions, on) => {
      options.trustCredentials = on;
    },
    "Send the cluster's credentials to the nodes that are found.",
  ),
];

/** Reads a `discovery` block. */
export function readDiscovery(
  { at, value }: ConfigEntry,
  report: Report,
): DiscoveryOptions | undefined {
  if (value.kind !== "map") {
    const got = goType(value);
    report.error(at, `Expected map to define discovery, got ${got}`);
    return undefined;
  }
  const options = defaultDiscoveryOptions();
  applyKeys(DISCOVERY_KEYS, value, options, report);
  return options;
}

/** Reports what `find` lacks, at its place. */
export function checkFind(
  options: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const problem = findProblem(options);
  if (problem === undefined) return;
  const block = findEntry(root, "discovery");
  const find = block?.value.kind === "map"
    ? findEntry(block.value, "find")
    : undefined;
  report.error((find ?? block)?.at ?? root.at, problem);
}
