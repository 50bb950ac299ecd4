/** How a service that an account exports is measured. */
import type { LatencyOptions } from "../../options/options.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";

/** A subject, or more. */
export const latency: Reader<LatencyOptions> = {
  kind: "subject or map",
  type: "LatencyOptions",
  written: "string | LatencyConfig",
  read({ at, value }, report) {
    if (value.kind === "string") {
      return { subject: value.value, sampling: SAMPLING_MAX };
    }
    if (value.kind === "map") return readLatency(at, value, report);
    report.error(
      at,
      `Expected latency entry to be a map/struct or string, got ${
        goType(value)
      }`,
    );
    return undefined;
  },
};

const SAMPLING_MAX = 100;

const sampling: Reader<number | "headers"> = {
  kind: "percentage or `headers`",
  type: 'number | "headers"',
  written: "number | string",
  read({ at, value }, report) {
    if (value.kind === "string" && value.value.toLowerCase() === "headers") {
      return "headers";
    }
    const percent = samplingPercent(at, value, report);
    if (percent === undefined) return undefined;
    if (percent >= 1 && percent <= SAMPLING_MAX) return percent;
    report.error(at, "bad sampling percentage, should be 1-100");
    return undefined;
  },
};

function samplingPercent(
  at: Position,
  value: ConfigValue,
  report: Report,
): number | undefined {
  if (value.kind === "integer") return value.value;
  if (value.kind !== "string") {
    report.error(
      at,
      "Expected latency sample to be a string or map/struct, got " +
        goType(value),
    );
    return undefined;
  }
  const digits = value.value.replace(/%$/, "");
  if (/^[+-]?\d+$/.test(digits)) return Number(digits);
  report.error(
    at,
    `Failed to parse latency sample: strconv.Atoi: parsing ${
      quote(digits)
    }: invalid syntax`,
  );
  return undefined;
}

interface LatencyDraft {
  subject: string;
  sampling: number | "headers";
}

const latencyRows = rowsOf<LatencyDraft>();

/** How a service is measured. */
export const LATENCY_BLOCK: Block<LatencyDraft> = {
  place: "`latency` of a service",
  types: {
    options: "LatencyOptions",
    optionsText: "",
    isByHand: true,
    config: "LatencyConfig",
    configText: "How long requests to a service took, as messages.",
  },
  keys: [
    latencyRows.option({
      names: ["subject"],
      field: "subject",
      reader: string,
      default: "",
      isRequired: true,
      text: "Where the measurements are published, in the exporting account.",
      reload: "now",
    }),
    latencyRows.option({
      names: ["sampling"],
      field: "sampling",
      reader: sampling,
      default: SAMPLING_MAX,
      text: "Percent of the requests, or those whose headers ask for it.",
      reload: "now",
    }),
  ],
};

function readLatency(
  at: Position,
  map: ConfigMap,
  report: Report,
): LatencyOptions | undefined {
  const draft = defaultsOf(LATENCY_BLOCK);
  applyEntries(LATENCY_BLOCK, map, draft, report);
  if (findEntry(map, "subject") !== undefined) return draft;
  report.error(at, "Latency subject required, but missing");
  return undefined;
}
