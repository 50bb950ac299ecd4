/**
 * The `discovery` block: where this node announces itself, where it looks for
 * other nodes, and what else must be configured for it.
 */
import {
  ANNOUNCEMENT_TTL_MAX_MS,
  ANNOUNCEMENT_TTL_MIN_MS,
  ANNOUNCEMENT_TTL_MS,
} from "../../core/limits.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import type { DiscoveryOptions, ServerOptions } from "../../options/options.ts";
import { requiresLogin } from "./authorization_keys.ts";
import { defaultsOf } from "./defaults.ts";
import { announceUrls, findUrls } from "./discovery_urls.ts";
import { findEntry, readBlock } from "./entries.ts";
import { boolean, durationString, type Reader } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";
import { TLS_BLOCK, tlsBlock } from "./tls_keys.ts";

const announcementTtl: Reader<number> = {
  ...durationString,
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

function discoveryOf(options: ServerOptions): DiscoveryOptions {
  options.discovery ??= defaultsOf(DISCOVERY_BLOCK);
  return options.discovery;
}

const rows = rowsOf<DiscoveryOptions>(discoveryOf);

/** The keys of `discovery`. The URLs of a flag replace those of the file. */
export const DISCOVERY_BLOCK: Block<DiscoveryOptions> = {
  place: "`discovery`",
  types: {
    options: "DiscoveryOptions",
    optionsText:
      "Where this node tells that it lives, and where it looks for others.",
    config: "DiscoveryConfig",
    configText:
      `The \`discovery\` block. URLs are those of clients: \`registry://host:port\`,
\`etcd://host:port/prefix\`, \`dns://name:port\` and so on, each alone or several
divided by commas.`,
  },
  keys: [
    rows.option({
      names: ["announce"],
      field: "announce",
      reader: announceUrls,
      default: [],
      text: "Where this node announces that it lives: " +
        "`registry://`, `etcd://`, `consul://`, `file:///dir/`.",
      flags: [{ section: "Discovery", names: ["announce"], value: "url,url" }],
      reload: "restart",
    }),
    rows.option({
      names: ["find"],
      field: "find",
      reader: findUrls,
      default: [],
      text: "Where this node looks for other nodes of its cluster: there, " +
        "and at `dns://`, `srv://`, `http://`, `monitor://`.",
      flags: [{ section: "Discovery", names: ["discover"], value: "url,url" }],
      reload: "restart",
    }),
    rows.option({
      names: ["ttl"],
      field: "ttlMs",
      reader: announcementTtl,
      default: ANNOUNCEMENT_TTL_MS,
      text: "How long an announcement holds unless it is renewed, 1s to 1h.",
      reload: "restart",
    }),
    rows.option({
      names: ["trust_credentials"],
      field: "trustCredentials",
      reader: boolean,
      default: false,
      text: "Send the cluster's credentials to the nodes that are found.",
      flags: [{ section: "Discovery", names: ["trust_credentials"] }],
      reload: "restart",
    }),
    rows.option({
      names: ["tls"],
      field: "tls",
      inner: TLS_BLOCK,
      reader: tlsBlock(),
      default: undefined,
      text:
        "All of these are asked over TLS unless their URL says `tls=false`; files that a URL names count before those here.",
      isPresenceFixed: true,
      reloaded: "Reloaded: discovery tls",
      reload: "now",
    }),
  ],
};

/** Reads a `discovery` block. */
export function readDiscovery(
  entry: ConfigEntry,
  report: Report,
): DiscoveryOptions | undefined {
  return readBlock(DISCOVERY_BLOCK, "discovery", entry, report);
}

/**
 * Why this server cannot look for other nodes as it is told to. What is found
 * is dialled as a route. Anybody who can change a provider's answers would be sent
 * the cluster's password, so that has to be allowed.
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
    requiresLogin(cluster.authorization);
  const isAllowed = discovery.trustCredentials ||
    discovery.find.every(({ scheme }) => scheme === "nats-route");
  if (!isGuarded || isAllowed) return undefined;
  return "finding nodes with cluster authorization sends its password in " +
    "clear to every address that is found; trust_credentials allows that";
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
