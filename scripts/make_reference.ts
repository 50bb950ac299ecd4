/**
 * Writes the tables of `docs/configuration.md` from those that the program
 * reads files and flags with: names, types, defaults and explanations. In the
 * page they stand between a pair of comments each; all else there is prose.
 *
 *   deno run -A scripts/make_reference.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AUTHORIZATION_KEYS,
  USER_KEYS,
} from "../src/config/keys/authorization_keys.ts";
import { CLUSTER_KEYS } from "../src/config/keys/cluster_keys.ts";
import { Report, Source } from "../src/config/dialect/diagnostic.ts";
import { DISCOVERY_KEYS } from "../src/config/keys/discovery_keys.ts";
import { formatDuration } from "../src/core/duration.ts";
import {
  defaultAuthorizationOptions,
  defaultClusterOptions,
  defaultDiscoveryOptions,
  defaultRegistryOptions,
  defaultServerOptions,
} from "../src/options/options.ts";
import { REGISTRY_KEYS } from "../src/config/keys/registry_keys.ts";
import type { ConfigKey } from "../src/config/keys/schema.ts";
import { SERVER_FLAGS } from "../src/config/flags/server_flags.ts";
import { SERVER_KEYS } from "../src/config/keys/server_keys.ts";
import type { ConfigValue } from "../src/config/dialect/tree.ts";
import { isMain } from "../src/runtime/process/system.ts";
import { PROJECT_FOLDER } from "../tests/support/runtimes.ts";

/** Below the repository's top folder. */
export const PAGE = "docs/configuration.md";

/** The top level in parts: each begins with a key. */
const PARTS: Readonly<Record<string, string>> = {
  addresses: "listen",
  log: "debug",
  monitoring: "http",
  login: "authorization",
  limits: "max_connections",
  times: "ping_interval",
  leaving: "lame_duck_duration",
  rest: "no_header_support",
  blocks: "cluster",
};

const NOT_SUPPORTED = "not supported yet";
const NO_EFFECT = "no effect";

/** The page with fresh tables. Throws when one of its places is missing. */
export function withTables(page: string): string {
  let text = page;
  for (const [name, table] of Object.entries(tables())) {
    const [begin, end] = [`<!-- table: ${name} -->`, "<!-- end of table -->"];
    const start = text.indexOf(begin);
    const stop = text.indexOf(end, start);
    if (start < 0 || stop < 0) throw new Error(`${PAGE} has no "${begin}"`);
    text = `${text.slice(0, start)}${begin}\n\n${table}\n${text.slice(stop)}`;
  }
  return text;
}

/** Every table of the page, by the name of its place. */
function tables(): Record<string, string> {
  return {
    ...topLevel(),
    authorization: keyTable(AUTHORIZATION_KEYS, defaultAuthorizationOptions()),
    users: keyTable(USER_KEYS, {}),
    cluster: keyTable(CLUSTER_KEYS, defaultClusterOptions()),
    discovery: keyTable(DISCOVERY_KEYS, defaultDiscoveryOptions()),
    registry: keyTable(REGISTRY_KEYS, defaultRegistryOptions()),
    "without effect": withoutEffect(),
    "not supported": notSupported(),
    flags: flagTable(),
    "flags not supported": missingFlags(),
  };
}

function topLevel(): Record<string, string> {
  const starts = Object.values(PARTS).map((first) =>
    SERVER_KEYS.findIndex(({ names }) => names[0] === first)
  );
  return Object.fromEntries(
    Object.keys(PARTS).map((part, at) => {
      const rows = SERVER_KEYS.slice(starts[at], starts[at + 1]);
      return [part, keyTable(rows, defaultServerOptions())];
    }),
  );
}

/** The keys that do something, with the defaults that `options` hold. */
function keyTable<Options extends object>(
  keys: readonly ConfigKey<Options>[],
  options: Options,
): string {
  const rows = keys.filter(works).map((key) => [
    codes(key.names),
    key.type,
    defaultOf(key, options),
    key.doc,
  ]);
  return table(["key", "value", "default", "what it does"], rows);
}

function works({ type }: { readonly type: string }): boolean {
  return type !== NOT_SUPPORTED && type !== NO_EFFECT;
}

/** What a key is at when nobody sets it; empty when there is nothing to tell. */
function defaultOf<Options extends object>(
  key: ConfigKey<Options>,
  options: Options,
): string {
  const values = fieldsOf(key, options)
    .map((field) => shownDefault(field, Reflect.get(options, field)));
  return values.length === 0 || values.includes("")
    ? ""
    : `\`${values.join(":")}\``;
}

/** The options that a key sets, found out by setting it. */
function fieldsOf<Options extends object>(
  key: ConfigKey<Options>,
  options: Options,
): string[] {
  const fields = new Set<string>();
  const spy = new Proxy({ ...options }, {
    set: (_, field) => fields.add(String(field)) !== undefined,
  });
  const at = { source: new Source("sample", ""), line: 1, column: 1 };
  const samples: readonly ConfigValue[] = [
    { kind: "boolean", value: true, at },
    { kind: "integer", value: 7, at },
    { kind: "string", value: "45s", at },
    { kind: "string", value: "example.test:7", at },
    { kind: "string", value: "word", at },
  ];
  for (const value of samples) {
    if (fields.size > 0) break;
    const names = { key: key.names[0], isVariable: false, isSecret: false };
    key.apply(spy, { ...names, at, value }, new Report());
  }
  return [...fields];
}

function shownDefault(field: string, value: unknown): string {
  if (typeof value === "boolean" || typeof value === "string") {
    return String(value);
  }
  if (typeof value !== "number") return "";
  if (field.endsWith("Ms")) return formatDuration(value);
  return field.endsWith("Bytes") ? shownSize(value) : String(value);
}

/** With the suffix that a file may have. */
function shownSize(bytes: number): string {
  if (bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}mb`;
  return bytes % 1024 === 0 ? `${bytes / 1024}kb` : String(bytes);
}

function withoutEffect(): string {
  const rows = [...SERVER_KEYS, ...CLUSTER_KEYS]
    .filter(({ type }) => type === NO_EFFECT)
    .map(({ names, doc }) => [codes(names), doc]);
  return table(["key", "because"], rows);
}

/** Every key that a file is refused for. */
function notSupported(): string {
  const blocks = [
    ["the top level", SERVER_KEYS],
    ["`authorization`", AUTHORIZATION_KEYS],
    ["an entry of `users`", USER_KEYS],
    ["`cluster`", CLUSTER_KEYS],
  ] as const;
  const rows = blocks.flatMap(([block, keys]) =>
    keys.filter(({ type }) => type === NOT_SUPPORTED)
      .map(({ names }) => [codes(names), block])
  );
  return table(["key", "in"], rows);
}

function flagTable(): string {
  const rows = SERVER_FLAGS.filter((flag) => !isMissing(flag))
    .map(({ names, value = "", doc }) => [
      codes(names.map((name) => `-${name}`)),
      value,
      doc.replaceAll("\n", " "),
    ]);
  return table(["flag", "value", "what it does"], rows);
}

function missingFlags(): string {
  const rows = SERVER_FLAGS.filter(isMissing).map(({ names, doc }) => [
    codes(names.map((name) => `-${name}`)),
    doc,
  ]);
  return table(["flag", "what it would do"], rows);
}

function isMissing({ section }: { readonly section: string }): boolean {
  return section === "Not supported yet";
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

/** A table as the formatter leaves it: every column as wide as its widest cell. */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = [head, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll("|", "\\|"))
  );
  const widths = head.map((_, column) =>
    Math.max(...cells.map((row) => row[column]!.length))
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |\n`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [first = [], ...others] = cells;
  return line(first) + rule + others.map(line).join("");
}

if (isMain(import.meta)) {
  const path = join(PROJECT_FOLDER, PAGE);
  writeFileSync(path, withTables(readFileSync(path, "utf8")));
}
