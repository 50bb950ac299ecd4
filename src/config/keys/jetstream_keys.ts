/**
 * The `jetstream` block: whether the server has streams, and where it keeps them.
 * `true` and `enabled` stand for a block that says nothing.
 */
import type { Report } from "../dialect/diagnostic.ts";
import { parseDuration } from "../../core/duration.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type { JetStreamOptions } from "../../options/options.ts";
import type { Syncing } from "../../platform/storage.ts";
import { warnOfNoEffect } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import {
  JETSTREAM_LIMITS_BLOCK,
  readJetStreamLimits,
} from "./jetstream_limits_keys.ts";
import { byteSize, isTurnedOn } from "./jetstream_values.ts";
import { boolean, type Reader, string } from "./readers.ts";
import { checkedRow, refused, rowsOf, withoutEffect } from "./rows.ts";
import { text, toggle } from "./flag_rows.ts";
import type { Block, KeyFlag } from "./schema.ts";

const rows = rowsOf<JetStreamOptions>();
const UNITS = ["K", "M", "G", "T", "P", "E"];

/** Streams, and their folder, by flags. */
export const JETSTREAM_FLAGS: readonly KeyFlag[] = [
  {
    ...toggle("Server", ["js", "jetstream"], (options, on) => {
      options.jetstream = on
        ? options.jetstream ?? defaultsOf(JETSTREAM_BLOCK)
        : undefined;
    }),
    doc: "Keep messages in streams",
  },
  {
    ...text("Server", ["sd", "store_dir"], "folder", (options, folder) => {
      options.storeDir = folder;
      if (options.jetstream !== undefined) options.jetstream.storeDir = "";
    }),
    doc: "The folder of streams",
  },
];

/** NATS JetStream: words that stand where a domain would. */
const RESERVED_DOMAINS = ["ACK", "FC", "SNAPSHOT", "EVENT"];

/** NATS: `always`, or how often nats-server syncs, which has no effect here. */
const syncing: Reader<Syncing> = {
  kind: "`always` or `lazy`",
  type: '"always" | "lazy"',
  written: "string | number",
  read(entry, report) {
    const { value } = entry;
    const word = value.kind === "string" ? value.value : "";
    if (word === "lazy" || word === "always") return word;
    if (value.kind === "integer" || parseDuration(word) !== undefined) {
      const because = "a message is acknowledged when it is on disk";
      warnOfNoEffect(entry, because, report);
      return "always";
    }
    report.error(entry.at, `${entry.key} is \`always\` or \`lazy\``);
    return undefined;
  },
};

/** NATS: a name of one token. */
const domain: Reader<string> = {
  ...string,
  read(entry, report) {
    const name = string.read(entry, report);
    const problem = name === undefined ? undefined : domainProblem(name);
    if (problem === undefined) return name;
    report.error(entry.at, `invalid domain name: ${problem}`);
    return undefined;
  },
};

function domainProblem(name: string): string | undefined {
  if (RESERVED_DOMAINS.includes(name)) return `"${name}" is reserved`;
  if (/[.*>]/.test(name)) return "may not contain ., * or >";
  return /\s/.test(name) ? "may not contain blanks" : undefined;
}

/** NATS reload: a limit of bytes that is given may grow, and nothing else. */
function shrinking(after: number, before: number): string | undefined {
  if (before < 0) return "jetstream dynamic max memory and store";
  return after < before
    ? "decreasing jetstream max memory and store"
    : undefined;
}

/** NATS reload: the line of the log about a limit of bytes. */
function grown(name: string): (bytes: number) => string {
  return (bytes) => `Reloaded: JetStream ${name} = ${friendlyBytes(bytes)}`;
}

/** NATS: `19.53 KB`, in units of 1024. */
function friendlyBytes(bytes: number): string {
  let left = bytes;
  let unit = -1;
  for (; left >= 1024 && unit < UNITS.length - 1; unit++) left /= 1024;
  return unit < 0 ? `${bytes} B` : `${left.toFixed(2)} ${UNITS[unit]}B`;
}

/** The keys of `jetstream`. */
export const JETSTREAM_BLOCK: Block<JetStreamOptions> = {
  place: "`jetstream`",
  types: {
    options: "JetStreamOptions",
    optionsText: "Streams of this server.",
    config: "JetStreamConfig",
    configText: "The `jetstream` block.",
  },
  keys: [
    checkedRow({
      names: ["enabled", "enable"],
      kind: "boolean",
      written: "boolean",
      text: "Whether the block counts; it does unless this is false.",
      reload: "restart",
      check: (entry, report) => void boolean.read(entry, report),
    }),
    rows.option({
      names: ["store_dir", "store", "storedir"],
      field: "storeDir",
      reader: string,
      default: "",
      text: "The folder of streams that are kept in files.",
      refuses: () => "jetstream storage directory",
      reload: "restart",
    }),
    rows.option({
      names: ["max_memory_store", "max_mem_store", "max_mem"],
      field: "maxMemoryBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text:
        "Bytes of all streams in memory; it can grow while the server runs.",
      refuses: shrinking,
      reloaded: grown("max_mem_store"),
      reload: "now",
    }),
    rows.option({
      names: ["max_file_store", "max_file"],
      field: "maxFileBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text: "Bytes of all streams in files; it can grow while the server runs.",
      refuses: shrinking,
      reloaded: grown("max_file_store"),
      reload: "now",
    }),
    rows.option({
      names: ["domain"],
      field: "domain",
      reader: domain,
      default: "",
      text: "The name by which these streams are told from those of others.",
      goField: "JetStreamDomain",
      reload: "restart",
    }),
    rows.option({
      names: ["strict"],
      field: "strict",
      reader: boolean,
      default: true,
      text: "Refuse requests with fields that are not known.",
      goField: (strict: boolean) => ({ NoJetStreamStrict: !strict }),
      reload: "restart",
    }),
    rows.block({
      names: ["limits"],
      field: "limits",
      block: JETSTREAM_LIMITS_BLOCK,
      read: readJetStreamLimits,
      text: "What streams and consumers may be at most, in each account.",
      reloaded: "Reloaded: JetStream limits",
      reload: "now",
    }),
    rows.option({
      names: ["sync", "sync_interval"],
      field: "sync",
      reader: syncing,
      default: "always",
      text:
        "Whether a message is on disk when it is acknowledged; `lazy` leaves that to the operating system, and a machine that fails loses the last of them.",
      reload: "restart",
    }),
    withoutEffect(
      [
        "unique_tag",
        "extension_hint",
        "max_outstanding_catchup",
        "meta_compact",
        "meta_compact_size",
        "meta_compact_sync",
      ],
      "Midge's streams are not replicated",
      "restart",
    ),
    withoutEffect(
      [
        "max_buffered_size",
        "max_buffered_msgs",
        "request_queue_limit",
        "info_queue_limit",
        "max_concurrent_io",
      ],
      "Midge has no such queue",
      "restart",
    ),
    refused(
      [
        "cipher",
        "key",
        "ek",
        "encryption_key",
        "prev_key",
        "prev_ek",
        "prev_encryption_key",
        "tpm",
      ],
      "Messages would be readable in the files.",
      "restart",
    ),
  ],
};

/** Reads `jetstream`; undefined: the server has none. */
export function readJetStream(
  entry: ConfigEntry,
  report: Report,
): JetStreamOptions | undefined {
  const { value } = entry;
  if (value.kind === "map") {
    const options = defaultsOf(JETSTREAM_BLOCK);
    applyEntries(JETSTREAM_BLOCK, value, options, report);
    const enabled = findEntry(value, "enabled", "enable")?.value;
    const isOff = enabled?.kind === "boolean" && !enabled.value;
    return isOff ? undefined : options;
  }
  return isTurnedOn(entry, report) ? defaultsOf(JETSTREAM_BLOCK) : undefined;
}
