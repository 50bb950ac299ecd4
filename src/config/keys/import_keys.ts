/** An account's `imports`: what it hears of other accounts, and asks there. */
import { hasWildcard } from "../../core/subject.ts";
import type { ImportOptions } from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import { boolean, type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Placed } from "./schema.ts";

/** A subject of another account. */
interface RemoteSubject {
  account: string;
  subject: string;
}

const remoteRows = rowsOf<RemoteSubject>();

/** The value of `stream` and `service`. */
export const REMOTE_BLOCK: Block<RemoteSubject> = {
  place: "`stream` or `service` of an import",
  types: {
    options: "RemoteSubject",
    optionsText: "",
    isByHand: true,
    config: "RemoteConfig",
    configText: "A subject of another account.",
  },
  keys: [
    remoteRows.option({
      names: ["account"],
      field: "account",
      reader: string,
      default: "",
      isRequired: true,
      text: "The account that exports it.",
      reload: "now",
    }),
    remoteRows.option({
      names: ["subject"],
      field: "subject",
      reader: string,
      default: "",
      isRequired: true,
      text: "The subject there.",
      reload: "now",
    }),
  ],
};

function remote(kind: "Stream" | "Service"): Reader<RemoteSubject> {
  return {
    kind: "map",
    type: "RemoteSubject",
    written: "RemoteConfig",
    read({ at, value }, report) {
      if (value.kind !== "map") {
        report.error(
          at,
          `${kind} entry should be an account map, got ${goType(value)}`,
        );
        return undefined;
      }
      const draft = defaultsOf(REMOTE_BLOCK);
      applyEntries(REMOTE_BLOCK, value, draft, report);
      if (draft.account !== "" && draft.subject !== "") return draft;
      report.error(at, "Expect an account name and a subject");
      return undefined;
    },
  };
}

interface ImportDraft {
  stream: RemoteSubject | undefined;
  service: RemoteSubject | undefined;
  prefix: string;
  to: string;
  share: boolean;
  allowTrace: boolean;
}

const rows = rowsOf<ImportDraft>();

/** An entry of `imports`. */
export const IMPORT_BLOCK: Block<ImportDraft> = {
  place: "an entry of `imports`",
  types: {
    options: "ImportOptions",
    optionsText: "",
    isByHand: true,
    config: "ImportConfig",
    configText: "One of the `imports`: a `stream` or a `service`.",
  },
  keys: [
    rows.option({
      names: ["stream"],
      field: "stream",
      inner: REMOTE_BLOCK,
      reader: remote("Stream"),
      default: undefined,
      text: "Messages that are heard here too.",
      reload: "now",
    }),
    rows.option({
      names: ["service"],
      field: "service",
      inner: REMOTE_BLOCK,
      reader: remote("Service"),
      default: undefined,
      text: "Requests that are answered there.",
      reload: "now",
    }),
    rows.option({
      names: ["prefix"],
      field: "prefix",
      reader: string,
      default: "",
      text: "Tokens that the subjects of a stream get in front.",
      reload: "now",
    }),
    rows.option({
      names: ["to"],
      field: "to",
      reader: string,
      default: "",
      text: "The subject here; the one there unless set.",
      reload: "now",
    }),
    rows.option({
      names: ["share"],
      field: "share",
      reader: boolean,
      default: false,
      text: "Tell a service who asks.",
      reload: "now",
    }),
    rows.option({
      names: ["allow_trace"],
      field: "allowTrace",
      reader: boolean,
      default: false,
      text: "Traces of a stream's messages go on in this account.",
      reload: "now",
    }),
  ],
};

/** The imports of an account. */
export const importsOfAccount: Reader<Placed<ImportOptions>[]> = {
  kind: "list of imports",
  type: "ImportOptions[]",
  written: "readonly ImportConfig[]",
  read({ at, value }, report) {
    if (value.kind !== "array") {
      report.error(at, `Imports should be an array, got ${goType(value)}`);
      return undefined;
    }
    return value.items.map((item) => readImport(item, report))
      .filter((read) => read !== undefined);
  },
};

function readImport(
  item: ConfigValue,
  report: Report,
): Placed<ImportOptions> | undefined {
  if (item.kind !== "map") {
    report.error(
      item.at,
      `Import Items should be a map with type entry, got ${goType(item)}`,
    );
    return undefined;
  }
  const draft = defaultsOf(IMPORT_BLOCK);
  applyEntries(IMPORT_BLOCK, item, draft, report);
  checkKinds(draft, item, report);
  const entry = findEntry(item, "stream") ?? findEntry(item, "service");
  if (entry === undefined) {
    report.warn(
      item.at,
      "an import without a stream and without a service has no effect",
    );
    return undefined;
  }
  const value = importOf(draft);
  if (value?.kind === "stream" && hasWildcard(draft.prefix)) {
    report.error(
      entry.at,
      `Error adding stream import ${quote(value.subject)}: ` +
        "stream import prefix can not contain wildcard tokens",
    );
    return undefined;
  }
  return value && { value, at: entry.at };
}

function importOf(draft: ImportDraft): ImportOptions | undefined {
  const { stream, service, prefix, to, share, allowTrace } = draft;
  if (stream !== undefined) {
    const local = to || withPrefix(prefix, stream.subject);
    return { kind: "stream", ...stream, token: "", local, allowTrace };
  }
  if (service === undefined) return undefined;
  const local = to || service.subject;
  return { kind: "service", ...service, token: "", local, share };
}

function withPrefix(prefix: string, subject: string): string {
  if (prefix === "") return subject;
  return `${prefix.replace(/\.$/, "")}.${subject}`;
}

function checkKinds(
  { stream, prefix, to }: ImportDraft,
  item: ConfigMap,
  report: Report,
): void {
  const service = findEntry(item, "service");
  const trace = findEntry(item, "allow_trace");
  if (findEntry(item, "stream") !== undefined && service !== undefined) {
    report.error(service.at, "Detected service but already saw a stream");
  }
  if (prefix !== "" && to !== "") {
    report.error(
      findEntry(item, "prefix")?.at ?? item.at,
      "Stream import can not have a 'prefix' and a 'to' property",
    );
  }
  if (trace !== undefined && stream === undefined) {
    report.error(trace.at, "Detected allow_trace directive on a non-stream");
  }
}
