/** `limits` of `jetstream`: what every account's streams and consumers may be at most. */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type {
  JetStreamBatchOptions,
  JetStreamLimitOptions,
} from "../../options/options.ts";
import { quoted } from "../../core/quote.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries } from "./entries.ts";
import { durationString, integer } from "./readers.ts";
import { rowsOf, withoutEffect } from "./rows.ts";
import type { Block } from "./schema.ts";

const batchRows = rowsOf<JetStreamBatchOptions>();

/** The keys of `batch`. */
export const JETSTREAM_BATCH_BLOCK: Block<JetStreamBatchOptions> = {
  place: "`jetstream.limits.batch`",
  types: {
    options: "JetStreamBatchOptions",
    optionsText: "Messages that are stored together.",
    config: "JetStreamBatchConfig",
    configText: "The `batch` block of `jetstream.limits`.",
  },
  keys: [
    batchRows.option({
      names: ["max_inflight_per_stream"],
      field: "inflightPerStream",
      reader: integer(),
      default: 0,
      text: "Unfinished batches of one stream; 0 for the default.",
      reload: "now",
    }),
    batchRows.option({
      names: ["max_inflight_total"],
      field: "inflightTotal",
      reader: integer(),
      default: 0,
      text: "Unfinished batches of all streams; 0 for the default.",
      reload: "now",
    }),
    batchRows.option({
      names: ["max_msgs"],
      field: "maxMessages",
      reader: integer(),
      default: 0,
      text: "Messages of one batch; 0 for the default.",
      reload: "now",
    }),
    batchRows.option({
      names: ["timeout"],
      field: "timeoutMs",
      reader: durationString,
      default: 0,
      text: "How long an unfinished batch waits; 0 for the default.",
      reload: "now",
    }),
  ],
};

const rows = rowsOf<JetStreamLimitOptions>();

/** The keys of `limits`. */
export const JETSTREAM_LIMITS_BLOCK: Block<JetStreamLimitOptions> = {
  place: "`jetstream.limits`",
  types: {
    options: "JetStreamLimitOptions",
    optionsText:
      "What streams and consumers may be at most, in each account; 0 is no limit.",
    config: "JetStreamLimitsConfig",
    configText: "The `limits` block of `jetstream`.",
  },
  keys: [
    rows.option({
      names: ["max_ack_pending"],
      field: "maxAckPending",
      reader: integer(),
      default: 0,
      text: "Messages of a consumer that may wait for an acknowledgement.",
      reload: "now",
    }),
    rows.option({
      names: ["max_request_batch"],
      field: "maxRequestBatch",
      reader: integer(),
      default: 0,
      text: "Messages that a consumer's client may ask for at once.",
      reload: "now",
    }),
    rows.option({
      names: ["default_max_consumers"],
      field: "maxConsumers",
      reader: integer(),
      default: 1000,
      text:
        "Consumers of a stream, where neither it nor its account has a limit.",
      reload: "now",
    }),
    rows.option({
      names: ["duplicate_window"],
      field: "duplicateWindowMs",
      reader: durationString,
      default: 0,
      text: "How long a stream may remember the ids of messages.",
      reload: "now",
    }),
    rows.block({
      names: ["batch"],
      field: "batch",
      block: JETSTREAM_BATCH_BLOCK,
      read: (entry, report) =>
        readMap(JETSTREAM_BATCH_BLOCK, "batch limits", entry, report),
      text: "Messages that are stored together.",
      reload: "now",
    }),
    withoutEffect(
      ["max_ha_assets"],
      "Midge's streams are not replicated",
      "now",
    ),
  ],
};

/** Reads `limits`. */
export function readJetStreamLimits(
  entry: ConfigEntry,
  report: Report,
): JetStreamLimitOptions | undefined {
  return readMap(JETSTREAM_LIMITS_BLOCK, "JetStreamLimits", entry, report);
}

function readMap<Options>(
  block: Block<Options>,
  what: string,
  entry: ConfigEntry,
  report: Report,
): Options | undefined {
  const { value, at, key } = entry;
  if (value.kind !== "map") {
    report.error(at, `${quoted(key)} must be a map of ${what}`);
    return undefined;
  }
  const options = defaultsOf(block);
  applyEntries(block, value, options, report);
  return options;
}
