/**
 * The `jetstream` block: whether the server has streams, and where it keeps them.
 * `true` and `enabled` stand for a block that says nothing.
 */
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import type { JetStreamOptions } from "../../options/options.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { boolean, string } from "./readers.ts";
import { checkedRow, rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";

const rows = rowsOf<JetStreamOptions>();

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
      reload: "restart",
    }),
    rows.option({
      names: ["domain"],
      field: "domain",
      reader: string,
      default: "",
      text: "The name by which these streams are told from those of others.",
      reload: "restart",
    }),
    rows.option({
      names: ["strict"],
      field: "strict",
      reader: boolean,
      default: true,
      text: "Refuse requests with fields that are not known.",
      reload: "restart",
    }),
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
  const isOn = value.kind === "boolean"
    ? value.value
    : value.kind === "string"
    ? ENABLED.get(value.value.toLowerCase())
    : undefined;
  if (isOn === undefined) {
    report.error(entry.at, 'Expected "enabled" or "disabled" for jetstream');
  }
  return isOn ? defaultsOf(JETSTREAM_BLOCK) : undefined;
}

const ENABLED = new Map([
  ["enabled", true],
  ["enable", true],
  ["disabled", false],
  ["disable", false],
]);
