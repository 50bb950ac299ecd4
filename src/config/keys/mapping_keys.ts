/** Mappings of subjects: at the top level, and in an account. */
import { mappingTransform } from "../../core/subject_transform.ts";
import { TransformError } from "../../core/transform_function.ts";
import { isValidConfigSubject } from "../../core/subject.ts";
import type {
  MappingDestination,
  MappingOptions,
} from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { quote, reportType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Writable } from "./schema.ts";

type DestinationDraft = Writable<MappingDestination>;

const weight: Reader<number> = {
  kind: "integer or percentage",
  type: "number",
  written: "number | string",
  read({ at, value }, report) {
    const percent = percentOf(value);
    if (percent === undefined) {
      const got = "value" in value ? String(value.value) : value.kind;
      report.error(at, `Unknown entry type for weight of ${got}`);
    } else if (!(percent >= 0 && percent <= 100)) {
      const got = value.kind === "string" && Number.isNaN(percent)
        ? quote(value.value)
        : percent;
      report.error(at, `Invalid weight ${got} for mapping destination`);
    } else {
      return percent;
    }
    return undefined;
  },
};

/** `50`, `50%` and `"50%"`; NaN for a text that is none of them. */
function percentOf(value: ConfigValue): number | undefined {
  if (value.kind === "integer") return value.value;
  if (value.kind !== "string") return undefined;
  return /^[+-]?\d+%?$/.test(value.value) ? parseInt(value.value, 10) : NaN;
}

const rows = rowsOf<DestinationDraft>();

/** One of the subjects that a message may be published on instead. */
export const DESTINATION_BLOCK: Block<DestinationDraft> = {
  place: "a destination of `mappings`",
  unknownField: (name) => `Unknown field ${name} for mapping destination`,
  types: {
    options: "MappingDestination",
    optionsText: "",
    isByHand: true,
    config: "DestinationConfig",
    configText:
      "One of the subjects that a message may be published on instead.",
  },
  keys: [
    rows.option({
      names: ["destination", "dest"],
      field: "subject",
      reader: string,
      default: "",
      isRequired: true,
      text: "The subject, which may have `$1` and other functions.",
      reload: "now",
    }),
    rows.option({
      names: ["weight"],
      field: "weight",
      reader: weight,
      default: 0,
      isRequired: true,
      text: "The share of the messages, in percent.",
      reload: "now",
    }),
    rows.option({
      names: ["cluster"],
      field: "cluster",
      reader: string,
      default: "",
      text: "Holds on the servers of this cluster only.",
      reload: "now",
    }),
  ],
};

const WHOLE = 100;

/** Subjects, each with what becomes of it. */
export const mappings: Reader<MappingOptions[]> = {
  kind: "map of subjects",
  type: "MappingOptions[]",
  written: "Readonly<Record<string, MappingConfig>>",
  read(entry, report) {
    if (entry.value.kind !== "map") {
      reportType(entry, "map", report);
      return undefined;
    }
    return [...entry.value.entries.values()]
      .filter(({ isVariable }) => !isVariable)
      .map((mapping) => readMapping(mapping, report))
      .filter((mapping) => mapping !== undefined);
  },
};

function readMapping(
  { key, at, value }: ConfigEntry,
  report: Report,
): MappingOptions | undefined {
  const before = report.errors.length;
  if (!isValidConfigSubject(key)) {
    report.error(at, `Subject ${quote(key)} is not a valid subject`);
  }
  const destinations = readDestinations(at, value, report);
  if (report.errors.length > before || destinations.length === 0) {
    return undefined;
  }
  const problem = problemOf(key, destinations);
  if (problem === "") return { source: key, destinations };
  const to = value.kind === "string" ? ` to ${quote(value.value)}` : "";
  report.error(at, `Error adding mapping for ${quote(key)}${to} : ${problem}`);
  return undefined;
}

/** What is wrong with all destinations of a subject together, or with one as a transform; empty: nothing. */
function problemOf(
  source: string,
  destinations: readonly MappingDestination[],
): string {
  const subjects = new Set<string>();
  const totals = new Map<string, number>();
  for (const { subject, weight, cluster } of destinations) {
    if (subjects.has(subject)) return `duplicate entry for ${quote(subject)}`;
    subjects.add(subject);
    const total = (totals.get(cluster) ?? 0) + weight;
    totals.set(cluster, total);
    if (total > WHOLE) return "total weight needs to be <= 100";
    const problem = transformProblem(source, subject);
    if (problem !== "") return problem;
  }
  return "";
}

/** Of an account's name only the hash has a place in a transform, and every hash is a good one. */
const ANY_ACCOUNT = "";

function transformProblem(source: string, destination: string): string {
  try {
    mappingTransform(source, destination, ANY_ACCOUNT);
    return "";
  } catch (error) {
    if (error instanceof TransformError) return error.message;
    throw error;
  }
}

function readDestinations(
  at: ConfigEntry["at"],
  value: ConfigValue,
  report: Report,
): MappingDestination[] {
  if (value.kind === "string") {
    return [{ subject: value.value, weight: WHOLE, cluster: "" }];
  }
  if (value.kind === "array") {
    return value.items.map((item) => readDestination(item.at, item, report))
      .filter((destination) => destination !== undefined);
  }
  const destination = readDestination(at, value, report);
  return destination === undefined ? [] : [destination];
}

function readDestination(
  at: ConfigEntry["at"],
  item: ConfigValue,
  report: Report,
): MappingDestination | undefined {
  if (item.kind !== "map") {
    report.error(at, "Expected an entry for the mapping destination");
    return undefined;
  }
  const before = report.errors.length;
  const draft = defaultsOf(DESTINATION_BLOCK);
  applyEntries(DESTINATION_BLOCK, item, draft, report);
  if (report.errors.length > before) return undefined;
  return checkDestination(draft, item, report) ? draft : undefined;
}

function checkDestination(
  { subject }: MappingDestination,
  item: ConfigMap,
  report: Report,
): boolean {
  const name = findEntry(item, "destination", "dest");
  if (name === undefined) {
    report.error(item.at, "A mapping requires a destination");
    return false;
  }
  if (findEntry(item, "weight") !== undefined) return true;
  report.error(
    name.at,
    `Missing weight for mapping destination ${quote(subject)}`,
  );
  return false;
}
