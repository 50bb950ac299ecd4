/** An account's `exports`: what other accounts may hear, and ask. */
import { isLiteralSubject, isValidConfigSubject } from "../../core/subject.ts";
import { parseDuration } from "../../core/duration.ts";
import type {
  ExportOptions,
  LatencyOptions,
  ServiceExport,
} from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { goType, quote, warnOfNoEffect } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { latency } from "./latency_keys.ts";
import { boolean, integer, type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Placed } from "./schema.ts";

/** NATS: how long a response may take unless stated. */
const THRESHOLD_MS = 120_000;

/** What stands in an entry, stream or service. */
interface ExportDraft {
  stream: string | undefined;
  service: string | undefined;
  accounts: readonly string[] | undefined;
  response: ServiceExport["response"] | undefined;
  thresholdMs: number | undefined;
  latency: LatencyOptions | undefined;
  accountTokenPosition: number;
  allowTrace: boolean | undefined;
}

/** The subject of a stream or a service. */
function subjectOf(kind: "stream" | "service"): Reader<string> {
  return {
    ...string,
    kind: "subject",
    read({ at, value }, report) {
      if (value.kind === "string") return value.value;
      const type = goType(value);
      report.error(at, `Expected ${kind} name to be string, got ${type}`);
      return undefined;
    },
  };
}

const accountNames: Reader<readonly string[]> = {
  kind: "list of accounts",
  type: "string[]",
  written: "readonly string[]",
  read({ key, at, value }, report) {
    if (value.kind !== "array") {
      report.error(at, `${key} must be an array, got ${goType(value)}`);
      return undefined;
    }
    if (value.items.length === 0) {
      report.warn(
        at,
        `${quote(key)} forbids nothing: an empty list is no list`,
      );
      return undefined;
    }
    return value.items.flatMap((item) => {
      if (item.kind === "string") return [item.value];
      report.error(item.at, `An account must be a string, got ${goType(item)}`);
      return [];
    });
  },
};

const RESPONSES: Readonly<Record<string, ServiceExport["response"]>> = {
  single: "singleton",
  singleton: "singleton",
  stream: "stream",
  chunk: "chunked",
  chunked: "chunked",
};

const response: Reader<ServiceExport["response"]> = {
  kind: "`single`, `stream` or `chunked`",
  type: '"singleton" | "stream" | "chunked"',
  written: '"single" | "stream" | "chunked"',
  read(entry, report) {
    const name = string.read(entry, report);
    if (name === undefined) return undefined;
    const type = RESPONSES[name.toLowerCase()];
    if (type === undefined) {
      report.error(entry.at, `Unknown response type: ${quote(name)}`);
    }
    return type;
  },
};

const threshold: Reader<number> = {
  kind: "duration",
  type: "number",
  written: "string",
  unit: "ms",
  read({ at, value }, report) {
    const ms = value.kind === "string" ? parseDuration(value.value) : undefined;
    if (ms !== undefined) return ms;
    const got = value.kind === "string" ? quote(value.value) : goType(value);
    report.error(
      at,
      "Expected response threshold to be a parseable time duration, " +
        `got ${got}`,
    );
    return undefined;
  },
};

const rows = rowsOf<ExportDraft>();

/** An entry of `exports`. */
export const EXPORT_BLOCK: Block<ExportDraft> = {
  place: "an entry of `exports`",
  types: {
    options: "ExportOptions",
    optionsText: "",
    isByHand: true,
    config: "ExportConfig",
    configText: "One of the `exports`: a `stream` or a `service`.",
  },
  keys: [
    rows.option({
      names: ["stream"],
      field: "stream",
      reader: subjectOf("stream"),
      default: undefined,
      text: "The messages on this subject may be heard.",
      reload: "now",
    }),
    rows.option({
      names: ["service"],
      field: "service",
      reader: subjectOf("service"),
      default: undefined,
      text: "Requests on this subject may be sent.",
      reload: "now",
    }),
    rows.option({
      names: ["accounts"],
      field: "accounts",
      reader: accountNames,
      default: undefined,
      text: "Who may import it; everybody unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["response", "response_type"],
      field: "response",
      reader: response,
      default: undefined,
      text: "How many messages a response of the service has: one unless set.",
      reload: "now",
    }),
    rows.option({
      names: [
        "threshold",
        "response_threshold",
        "response_max_time",
        "response_time",
      ],
      field: "thresholdMs",
      reader: threshold,
      default: undefined,
      text:
        "How long after the request, or after one of its messages, a response may come: two minutes unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["latency"],
      field: "latency",
      reader: latency,
      default: undefined,
      text: "Where it is told how long the service took.",
      reload: "now",
    }),
    rows.option({
      names: ["account_token_position"],
      field: "accountTokenPosition",
      reader: integer(0),
      default: 0,
      text:
        "The `*`, counted in tokens from 1, that has to be the name of the importing account.",
      reload: "now",
    }),
    rows.option({
      names: ["allow_trace"],
      field: "allowTrace",
      reader: boolean,
      default: undefined,
      text: "Traces of messages go on in the service's account.",
      reload: "now",
    }),
  ],
};

/** An export, and where it stands. */
export type PlacedExport = Placed<ExportOptions>;

/** The exports of an account. */
export const exportsOfAccount: Reader<PlacedExport[]> = {
  kind: "list of exports",
  type: "ExportOptions[]",
  written: "readonly ExportConfig[]",
  read({ at, value }, report) {
    if (value.kind !== "array") {
      report.error(at, `Exports should be an array, got ${goType(value)}`);
      return undefined;
    }
    return value.items.map((item) => readExport(item, report))
      .filter((read) => read !== undefined);
  },
};

function readExport(
  item: ConfigValue,
  report: Report,
): PlacedExport | undefined {
  if (item.kind !== "map") {
    report.error(
      item.at,
      `Export Items should be a map with type entry, got ${goType(item)}`,
    );
    return undefined;
  }
  const draft = defaultsOf(EXPORT_BLOCK);
  applyEntries(EXPORT_BLOCK, item, draft, report);
  checkKinds(draft, item, report);
  const { stream, service } = draft;
  const subject = stream ?? service;
  const entry = findEntry(item, stream === undefined ? "service" : "stream");
  if (subject === undefined || entry === undefined) {
    if (entry === undefined) {
      report.warn(
        item.at,
        "an export without a stream and without a service has no effect",
      );
    }
    return undefined;
  }
  if (!isValidConfigSubject(subject)) {
    warnOfNoEffect(entry, `${quote(subject)} is no subject`, report);
    return undefined;
  }
  const value = exportOf(draft, subject);
  return { value, at: entry.at };
}

function exportOf(draft: ExportDraft, subject: string): ExportOptions {
  const common = {
    subject,
    ...(draft.accounts !== undefined && { accounts: draft.accounts }),
    accountTokenPosition: draft.accountTokenPosition,
    tokenRequired: false,
  };
  if (draft.stream !== undefined) return { kind: "stream", ...common };
  return {
    kind: "service",
    ...common,
    response: draft.response ?? "singleton",
    thresholdMs: draft.thresholdMs || THRESHOLD_MS,
    ...(draft.latency !== undefined && { latency: draft.latency }),
    allowTrace: draft.allowTrace ?? false,
  };
}

/** What holds for services only, in an entry that is none. */
function checkKinds(
  { stream, service }: ExportDraft,
  item: ConfigMap,
  report: Report,
): void {
  if (stream === undefined) return;
  const entry = findEntry(item, "service");
  if (service !== undefined && entry !== undefined) {
    report.error(
      entry.at,
      `Detected service ${quote(service)} but already saw a stream`,
    );
    return;
  }
  const onlyServices: readonly (readonly [string, ConfigEntry | undefined])[] =
    [
      ["response", findEntry(item, "response", "response_type")],
      ["response", findEntry(item, ...THRESHOLD_NAMES)],
      ["latency", findEntry(item, "latency")],
      ["allow_trace", findEntry(item, "allow_trace")],
    ];
  for (const [name, found] of onlyServices) {
    if (found === undefined) continue;
    report.error(found.at, `Detected ${name} directive on non-service`);
  }
}

const THRESHOLD_NAMES = EXPORT_BLOCK.keys
  .find(({ field }) => field === "thresholdMs")?.names ?? [];

/** Says which measurements of services cannot be published. */
export function reportLatencies(
  exports: readonly PlacedExport[],
  report: Report,
): void {
  const services = exports.map(({ value }) => value)
    .filter(({ kind }) => kind === "service");
  for (const { value, at } of exports) {
    if (value.kind !== "service" || value.latency === undefined) continue;
    const { subject } = value.latency;
    const isService = services.some((service) => service.subject === subject);
    const problem = !isLiteralSubject(subject) || isService
      ? "invalid publish subject"
      : value.response === "singleton"
      ? ""
      : "bad service response type";
    if (problem === "") continue;
    report.error(
      at,
      `Error adding service latency sampling for ${quote(value.subject)} on ` +
        `subject ${quote(subject)}: ${problem}`,
    );
  }
}
