/** Where traces of an account's messages go. */
import { isLiteralSubject } from "../../core/subject.ts";
import type { AccountTrace } from "../../options/options.ts";
import { goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Writable } from "./schema.ts";

const SAMPLING_MAX = 100;

const traceSampling: Reader<number> = {
  kind: "percentage",
  type: "number",
  written: "number | string",
  read({ key, at, value }, report) {
    const text = value.kind === "string" ? value.value.replace(/%$/, "") : "";
    const percent = value.kind === "integer" ? value.value : Number(text);
    if (value.kind !== "integer" && value.kind !== "string") {
      report.error(
        at,
        `Trace destination sampling field ${quote(key)} should be an ` +
          `integer or a percentage, got ${goType(value)}`,
      );
    } else if (value.kind === "string" && !/^[+-]?\d+$/.test(text)) {
      report.error(
        at,
        `Invalid trace destination sampling value ${quote(value.value)}`,
      );
    } else if (percent < 1 || percent > SAMPLING_MAX) {
      report.error(
        at,
        `Ttrace destination sampling value ${percent} is invalid, ` +
          "needs to be [1..100]",
      );
    } else {
      return percent;
    }
    return undefined;
  },
};

const traceSubject: Reader<string> = {
  ...string,
  kind: "subject",
  read(entry, report) {
    const subject = string.read(entry, report);
    if (subject === undefined || isLiteralSubject(subject)) return subject;
    report.error(
      entry.at,
      `Trace destination ${quote(subject)} is not valid`,
    );
    return undefined;
  },
};

type TraceDraft = Writable<AccountTrace>;

const traceRows = rowsOf<TraceDraft>();

/** An account's `msg_trace`. */
export const TRACE_BLOCK: Block<TraceDraft> = {
  place: "`msg_trace` of an account",
  unknownField: (name) =>
    `Unknown field ${name} parsing account message trace map/struct ` +
    '"msg_trace"',
  types: {
    options: "AccountTrace",
    optionsText: "",
    isByHand: true,
    config: "AccountTraceConfig",
    configText: "Where traces of messages with a `traceparent` header go.",
  },
  keys: [
    traceRows.option({
      names: ["dest"],
      field: "destination",
      reader: traceSubject,
      default: "",
      isRequired: true,
      text: "The subject that traces are published on.",
      reload: "now",
    }),
    traceRows.option({
      names: ["sampling"],
      field: "sampling",
      reader: traceSampling,
      default: SAMPLING_MAX,
      text: "Percent of those messages.",
      reload: "now",
    }),
  ],
};

/** A subject, or more. */
export const trace: Reader<AccountTrace> = {
  kind: "subject or map",
  type: "AccountTrace",
  written: "string | AccountTraceConfig",
  read(entry, report) {
    const { key, at, value } = entry;
    if (value.kind === "string") {
      const destination = traceSubject.read(entry, report);
      return destination && { destination, sampling: SAMPLING_MAX } ||
        undefined;
    }
    if (value.kind !== "map") {
      report.error(
        at,
        `Expected account message trace ${quote(key)} to be a string or ` +
          `a map/struct, got ${goType(value)}`,
      );
      return undefined;
    }
    const draft = defaultsOf(TRACE_BLOCK);
    applyEntries(TRACE_BLOCK, value, draft, report);
    if (draft.destination !== "") return draft;
    if (findEntry(value, "sampling") && !findEntry(value, "dest")) {
      report.warn(
        at,
        "Trace destination sampling ignored since no destination was set",
      );
    }
    return undefined;
  },
};
