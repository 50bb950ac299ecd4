/** The `jetstream` block of an account: that it has streams, and how many. */
import type { AccountStreamLimits } from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries } from "./entries.ts";
import { byteSize, isTurnedOn } from "./jetstream_values.ts";
import { boolean, integer, type Reader } from "./readers.ts";
import { rowsOf, withoutEffect } from "./rows.ts";
import type { Block, Writable } from "./schema.ts";

const rows = rowsOf<Writable<AccountStreamLimits>>();

/** The keys of `jetstream` in an account. */
export const ACCOUNT_JETSTREAM_BLOCK: Block<Writable<AccountStreamLimits>> = {
  place: "`jetstream` of an account",
  types: {
    options: "AccountStreamLimits",
    optionsText: "What the streams of an account may be.",
    isByHand: true,
    config: "AccountJetStreamConfig",
    configText: "The `jetstream` block of an account.",
  },
  keys: [
    rows.option({
      names: ["max_memory", "max_mem", "memory", "mem"],
      field: "maxMemoryBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text: "Bytes of all its streams in memory.",
      reload: "now",
    }),
    rows.option({
      names: ["max_store", "max_file", "max_disk", "store", "disk"],
      field: "maxFileBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text: "Bytes of all its streams in files.",
      reload: "now",
    }),
    rows.option({
      names: ["max_streams", "streams"],
      field: "maxStreams",
      reader: integer(),
      default: -1,
      text: "Streams that it may have.",
      reload: "now",
    }),
    rows.option({
      names: ["max_consumers", "consumers"],
      field: "maxConsumers",
      reader: integer(),
      default: -1,
      text: "Consumers that each of its streams may have.",
      reload: "now",
    }),
    rows.option({
      names: ["max_bytes_required", "max_stream_bytes", "max_bytes"],
      field: "maxBytesRequired",
      reader: boolean,
      default: false,
      text: "Each stream has to say how large it may become.",
      reload: "now",
    }),
    rows.option({
      names: ["mem_max_stream_bytes", "memory_max_stream_bytes"],
      field: "memoryStreamBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text: "Bytes that a stream in memory may have.",
      reload: "now",
    }),
    rows.option({
      names: ["disk_max_stream_bytes", "store_max_stream_bytes"],
      field: "fileStreamBytes",
      reader: byteSize,
      default: -1,
      unit: "bytes",
      text: "Bytes that a stream in a file may have.",
      reload: "now",
    }),
    rows.option({
      names: ["max_ack_pending"],
      field: "maxAckPending",
      reader: integer(),
      default: -1,
      text: "Messages of a consumer that may wait for an acknowledgement.",
      reload: "now",
    }),
    withoutEffect(
      ["cluster_traffic"],
      "Midge's streams are not replicated",
      "now",
    ),
  ],
};

/** Whether an account has streams, and what they may be. */
export const accountJetStream: Reader<AccountStreamLimits> = {
  kind: '"enabled", "disabled", boolean or map',
  type: "AccountStreamLimits",
  written: 'boolean | "enabled" | "disabled" | AccountJetStreamConfig',
  read: readAccountJetStream,
};

function readAccountJetStream(
  entry: ConfigEntry,
  report: Report,
): AccountStreamLimits | undefined {
  const { value } = entry;
  if (value.kind !== "map") {
    return isTurnedOn(entry, report)
      ? defaultsOf(ACCOUNT_JETSTREAM_BLOCK)
      : undefined;
  }
  const limits = defaultsOf(ACCOUNT_JETSTREAM_BLOCK);
  applyEntries(ACCOUNT_JETSTREAM_BLOCK, value, limits, report);
  return limits;
}
