/** `resolver`: where the JWTs of accounts come from. */
import { formatDuration } from "../../core/duration.ts";
import type { ResolverOptions } from "../../options/options.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigMap } from "../dialect/tree.ts";
import { goType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, findEntry } from "./entries.ts";
import {
  boolean,
  durationString,
  integer,
  type Reader,
  string,
} from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block } from "./schema.ts";

/** NATS: a full resolver compares once a minute, and waits 1.9 s for others. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 1900;

const WRONG = "error parsing account resolver, should be MEM or  " +
  'URL("url") or a map containing dir and type state=[FULL|CACHE])';

interface ResolverDraft {
  type: string;
  folder: string;
  allowDelete: boolean;
  hardDelete: boolean;
  limit: number;
  intervalMs: number;
  timeoutMs: number;
  ttlMs: number;
}

const rows = rowsOf<ResolverDraft>();

/** A resolver that keeps files. */
export const RESOLVER_BLOCK: Block<ResolverDraft> = {
  place: "`resolver`",
  types: {
    options: "ResolverOptions",
    optionsText: "",
    isByHand: true,
    config: "ResolverConfig",
    configText: "A resolver that keeps the JWTs of accounts in a folder.",
  },
  keys: [
    rows.option({
      names: ["type"],
      field: "type",
      reader: string,
      default: "",
      isRequired: true,
      text: "`full` for all JWTs, `cache` for those in use.",
      reload: "restart",
    }),
    rows.option({
      names: ["dir"],
      field: "folder",
      reader: string,
      default: "",
      isRequired: true,
      text: "The folder.",
      reload: "restart",
    }),
    rows.option({
      names: ["allow_delete"],
      field: "allowDelete",
      reader: boolean,
      default: false,
      text: "`full`: accounts may be deleted by a request.",
      reload: "restart",
    }),
    rows.option({
      names: ["hard_delete"],
      field: "hardDelete",
      reader: boolean,
      default: false,
      text:
        "`full`: files of deleted accounts go, instead of getting another name.",
      reload: "restart",
    }),
    rows.option({
      names: ["limit"],
      field: "limit",
      reader: integer(0),
      default: 0,
      text: "Most files; 0 for no limit.",
      reload: "restart",
    }),
    rows.option({
      names: ["interval"],
      field: "intervalMs",
      reader: durationString,
      default: INTERVAL_MS,
      unit: "ms",
      text: "`full`: how often nodes compare what they have.",
      reload: "restart",
    }),
    rows.option({
      names: ["timeout"],
      field: "timeoutMs",
      reader: durationString,
      default: TIMEOUT_MS,
      unit: "ms",
      text: "How long another node is waited for.",
      reload: "restart",
    }),
    rows.option({
      names: ["ttl"],
      field: "ttlMs",
      reader: durationString,
      default: 0,
      text: "`cache`: how long a file that is not used is kept; 0 for ever.",
      reload: "restart",
    }),
  ],
};

/** `MEMORY`, `URL(...)`, or a map. */
export const resolver: Reader<ResolverOptions> = {
  kind: "`MEMORY`, `URL(...)` or map",
  type: "ResolverOptions",
  written: "string | ResolverConfig",
  read({ at, value }, report) {
    if (value.kind === "map") return readStore(at, value, report);
    if (value.kind !== "string") {
      report.error(
        at,
        `error parsing operator resolver, wrong type ${goType(value)}`,
      );
      return undefined;
    }
    if (/^mem(?:ory)?$/i.test(value.value.trim())) return { kind: "memory" };
    const url = URL_FORM.exec(value.value)?.[1];
    if (url !== undefined && isWebUrl(url)) return { kind: "url", url };
    report.error(at, WRONG);
    return undefined;
  },
};

const URL_FORM = /^\s*URL\(\s*"?([^\s"]+)"?\s*\)\s*$/i;

function isWebUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}

function readStore(
  at: Position,
  map: ConfigMap,
  report: Report,
): ResolverOptions | undefined {
  const before = report.errors.length;
  const draft = defaultsOf(RESOLVER_BLOCK);
  applyEntries(RESOLVER_BLOCK, map, draft, report);
  const kind = kindOf(draft.type);
  if (kind === undefined) report.error(at, WRONG);
  if (draft.folder === "") {
    report.error(at, "dir has no value and needs to point to a directory");
  }
  checkTimeout(draft, map, report);
  if (kind !== undefined) checkStrangers(kind, draft, map, report);
  if (kind === undefined || report.errors.length > before) return undefined;
  const { type: _, ...settings } = draft;
  // NATS: a cache may always be told to forget an account.
  return kind === "cache"
    ? { kind, ...settings, allowDelete: true, hardDelete: true }
    : { kind, ...settings };
}

function kindOf(type: string): "full" | "cache" | undefined {
  const kind = type.toLowerCase();
  return kind === "full" || kind === "cache" ? kind : undefined;
}

function checkTimeout(
  { timeoutMs }: ResolverDraft,
  map: ConfigMap,
  report: Report,
): void {
  const entry = findEntry(map, "timeout");
  if (entry === undefined || timeoutMs > 0) return;
  const shown = formatDuration(timeoutMs);
  report.error(entry.at, `Fetch timeout ${shown} is too smal`);
}

/** What belongs to the other kind. */
function checkStrangers(
  kind: "full" | "cache",
  { allowDelete, ttlMs }: ResolverDraft,
  map: ConfigMap,
  report: Report,
): void {
  const refuse = (key: string, what: string) => {
    const entry = findEntry(map, key);
    if (entry !== undefined) report.error(entry.at, what);
  };
  if (kind === "cache") {
    refuse("interval", "CACHE does not accept sync");
    if (allowDelete) {
      refuse("allow_delete", "CACHE does not accept allow_delete");
    }
    refuse("hard_delete", "CACHE does not accept hard_delete");
    return;
  }
  if (ttlMs !== 0) refuse("ttl", "FULL does not accept ttl");
  if (!allowDelete) {
    refuse("hard_delete", "hard_delete has no effect without delete");
  }
}
