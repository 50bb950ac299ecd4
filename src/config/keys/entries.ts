/**
 * Walks the entries of a map along the rows of its block, and reports all that
 * does not fit.
 */
import type { Report } from "../dialect/diagnostic.ts";
import type { Steps } from "../../core/steps.ts";
import { isName } from "../dialect/mask_blocks.ts";
import type { ConfigEntry, ConfigMap } from "../dialect/tree.ts";
import { goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import type { Block, ConfigKey } from "./schema.ts";

type ReadableBlock<Target> = Pick<Block<Target>, "keys" | "unknownField">;

/** The rows of a block by their names; looked up once for all maps of its kind. */
const ROWS = new WeakMap<object, ReadonlyMap<string, unknown>>();

function rowsByName<Target>(
  keys: readonly ConfigKey<Target>[],
): ReadonlyMap<string, ConfigKey<Target>> {
  const known = ROWS.get(keys);
  // What stands under `keys` is made of them.
  if (known !== undefined) return known as Map<string, ConfigKey<Target>>;
  const rows = new Map(
    keys.flatMap((row) => row.names.map((name) => [name, row] as const)),
  );
  ROWS.set(keys, rows);
  return rows;
}

/** Reads the entries of `map` into `target`, each with its row of `block`. */
export function applyEntries<Target>(
  block: ReadableBlock<Target>,
  map: ConfigMap,
  target: Target,
  report: Report,
): void {
  const seen: Seen<Target> = new Map();
  for (const entry of optionEntries(map)) {
    rowOf(entry, block, seen, report)?.apply(target, entry, report);
  }
}

/** As `applyEntries`, in steps: for a block that may be long. */
export function* applyInSteps<Target>(
  block: ReadableBlock<Target>,
  map: ConfigMap,
  target: Target,
  report: Report,
): Steps<void> {
  const seen: Seen<Target> = new Map();
  for (const entry of optionEntries(map)) {
    const row = rowOf(entry, block, seen, report);
    if (row?.applyInSteps === undefined) row?.apply(target, entry, report);
    else yield* row.applyInSteps(target, entry, report);
  }
}

/** The entries of a map that have been read, by their rows. */
type Seen<Target> = Map<ConfigKey<Target>, ConfigEntry>;

/** The row by which `entry` is read next; one that has none is reported. */
function rowOf<Target>(
  entry: ConfigEntry,
  { keys, unknownField }: ReadableBlock<Target>,
  seen: Seen<Target>,
  report: Report,
): ConfigKey<Target> | undefined {
  const row = rowsByName(keys).get(entry.key.toLowerCase());
  if (row === undefined) {
    if (!entry.isVariable) reportUnknown(entry, unknownField, report);
    return undefined;
  }
  const former = seen.get(row);
  if (former !== undefined) warnOfReplaced(entry, former, report);
  seen.set(row, entry);
  return row;
}

/**
 * The entries of `map` that say something themselves. A key that some `$KEY`
 * refers to is a variable: `PASS` sets no password then. Only one that is
 * spelt as the option is, in lower case, is both, as in nats-server: of
 * `port: 4222` and `http: $port` the first is not lost.
 */
export function optionEntries(map: ConfigMap): ConfigEntry[] {
  return [...map.entries.values()].filter(isOption);
}

function isOption({ key, isVariable }: ConfigEntry): boolean {
  return !isVariable || key === key.toLowerCase();
}

/** Says that a block has no such key. */
export function reportUnknown(
  { key, at }: ConfigEntry,
  unknownField: ReadableBlock<unknown>["unknownField"],
  report: Report,
): void {
  const plain = isName(key) ? `unknown field ${quote(key)}` : "unknown field";
  report.error(at, isName(key) && unknownField?.(quote(key)) || plain);
}

function warnOfReplaced(
  { key, at }: ConfigEntry,
  former: ConfigEntry,
  report: Report,
): void {
  report.warn(
    at,
    `"${key}" is the same option as "${former.key}", and replaces it`,
  );
}

/** The last entry of `map` under one of `names`, if there is one. */
export function findEntry(
  map: ConfigMap,
  ...names: string[]
): ConfigEntry | undefined {
  // Asked for each of thousands of users: nothing is made for it.
  let found: ConfigEntry | undefined;
  for (const entry of map.entries.values()) {
    if (isOption(entry) && names.includes(entry.key.toLowerCase())) {
      found = entry;
    }
  }
  return found;
}

/** Reads a block that is a map; `name` is what the error calls it. */
export function readBlock<Options>(
  block: Block<Options>,
  name: string,
  { at, value }: ConfigEntry,
  report: Report,
): Options | undefined {
  if (value.kind !== "map") {
    const got = goType(value);
    report.error(at, `Expected map to define ${name}, got ${got}`);
    return undefined;
  }
  const options = defaultsOf(block);
  applyEntries(block, value, options, report);
  return options;
}
