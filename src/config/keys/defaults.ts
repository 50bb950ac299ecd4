/** The defaults of a block, as values and as help and reference show them. */
import { formatDuration } from "../../core/duration.ts";
import { formatMode } from "../../core/file_mode.ts";
import type {
  Block,
  BlockFacts,
  KeyFacts,
  OptionFacts,
  Unit,
} from "./schema.ts";

/** The options that a block has fields for: each once, in the order of the rows. */
export function optionsIn({ keys, others = [] }: BlockFacts): OptionFacts[] {
  const byField = new Map<string, OptionFacts>();
  for (const row of [...keys, ...others]) {
    if (row.field === undefined || byField.has(row.field)) continue;
    byField.set(row.field, row);
  }
  return [...byField.values()];
}

/** The fields of a block that have a default, with a fresh value each. */
export function defaultFields(block: BlockFacts): [string, unknown][] {
  return optionsIn(block).flatMap((row) =>
    row.field !== undefined && "default" in row
      ? [[row.field, structuredClone(row.default)]]
      : []
  );
}

/** Looked up once: a file may have ten thousand entries of one block. */
const FIELDS = new WeakMap<BlockFacts, readonly [string, unknown][]>();

/** The block's options as they are when nothing is configured; a fresh object each time. */
export function defaultsOf<Options>(block: Block<Options>): Options {
  const fields = FIELDS.get(block) ?? defaultFields(block);
  FIELDS.set(block, fields);
  const options: Record<string, unknown> = {};
  for (const [field, value] of fields) {
    options[field] = freshOf(value);
  }
  // The types of `src/options` are made of the same rows.
  return options as Options;
}

function freshOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  // Lists and objects are most of them, and ten thousand accounts have some each.
  if (Array.isArray(value)) return value.map(freshOf);
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    return structuredClone(value);
  }
  const fresh: Record<string, unknown> = {};
  for (const [field, inner] of Object.entries(value)) {
    fresh[field] = freshOf(inner);
  }
  return fresh;
}

/** What a key of `block` is at when nobody sets it; empty when there is nothing to tell. */
export function shownDefault(key: KeyFacts, block: BlockFacts): string {
  const fields = key.sets ?? (key.field === undefined ? [] : [key.field]);
  const values = fields
    .map((field) => optionsIn(block).find((row) => row.field === field))
    .map((row) => shown(row?.default, row?.unit));
  return values.includes("") ? "" : values.join(":");
}

function shown(value: unknown, unit: Unit | undefined): string {
  if (typeof value === "boolean" || typeof value === "string") {
    return String(value);
  }
  if (typeof value !== "number") return "";
  if (unit === "ms") return formatDuration(value);
  if (unit === "mode") return formatMode(value);
  return unit === "bytes" ? shownSize(value) : String(value);
}

/** With the suffix that a file may have. */
function shownSize(bytes: number): string {
  if (bytes === 0) return "0";
  if (bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}mb`;
  return bytes % 1024 === 0 ? `${bytes / 1024}kb` : String(bytes);
}
