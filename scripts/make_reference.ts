/**
 * Writes the tables of `docs/configuration.md` from the rows by which the program
 * reads files and flags: names, types, defaults and explanations. Each table
 * stands between a pair of comments in the page; the rest of the page is prose.
 *
 *   deno run -A scripts/make_reference.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ACCOUNT_JETSTREAM_BLOCK } from "../src/config/keys/account_jetstream_keys.ts";
import { JETSTREAM_BLOCK } from "../src/config/keys/jetstream_keys.ts";
import {
  JETSTREAM_BATCH_BLOCK,
  JETSTREAM_LIMITS_BLOCK,
} from "../src/config/keys/jetstream_limits_keys.ts";
import {
  ACCOUNT_BLOCK,
  ACCOUNT_LIMITS_BLOCK,
} from "../src/config/keys/account_keys.ts";
import { TRACE_BLOCK } from "../src/config/keys/trace_keys.ts";
import { AUTHORIZATION_BLOCK } from "../src/config/keys/authorization_keys.ts";
import { BLOCKS } from "../src/config/keys/blocks.ts";
import { CALLOUT_BLOCK } from "../src/config/keys/callout_keys.ts";
import { CLUSTER_BLOCK } from "../src/config/keys/cluster_keys.ts";
import { shownDefault } from "../src/config/keys/defaults.ts";
import { DISCOVERY_BLOCK } from "../src/config/keys/discovery_keys.ts";
import { EXPORT_BLOCK } from "../src/config/keys/export_keys.ts";
import { LATENCY_BLOCK } from "../src/config/keys/latency_keys.ts";
import { IMPORT_BLOCK, REMOTE_BLOCK } from "../src/config/keys/import_keys.ts";
import { DESTINATION_BLOCK } from "../src/config/keys/mapping_keys.ts";
import {
  PERMISSIONS_BLOCK,
  RESPONSES_BLOCK,
  SUBJECT_RULES_BLOCK,
} from "../src/config/keys/permission_keys.ts";
import { REGISTRY_BLOCK } from "../src/config/keys/registry_keys.ts";
import { RESOLVER_BLOCK } from "../src/config/keys/resolver_keys.ts";
import { PROXIES_BLOCK, PROXY_BLOCK } from "../src/config/keys/proxy_keys.ts";
import type { BlockFacts, KeyFacts } from "../src/config/keys/schema.ts";
import { SERVER_BLOCK, SERVER_PARTS } from "../src/config/keys/server_keys.ts";
import { CERTIFICATE_BLOCK } from "../src/config/keys/certificate_keys.ts";
import { TLS_BLOCK } from "../src/config/keys/tls_keys.ts";
import {
  WEBSOCKET_AUTHORIZATION_BLOCK,
  WEBSOCKET_BLOCK,
} from "../src/config/keys/websocket_keys.ts";
import { USER_BLOCK } from "../src/config/keys/user_keys.ts";
import { SERVER_FLAGS } from "../src/config/server_flags.ts";
import { isMain } from "../src/runtime/process/system.ts";
import { PROJECT_FOLDER } from "../tests/support/runtimes.ts";

/** Below the repository's top folder. */
export const PAGE = "docs/configuration.md";

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
    authorization: keyTable(AUTHORIZATION_BLOCK),
    users: keyTable(USER_BLOCK),
    permissions: keyTable(PERMISSIONS_BLOCK),
    rules: keyTable(SUBJECT_RULES_BLOCK),
    responses: keyTable(RESPONSES_BLOCK),
    account: keyTable(ACCOUNT_BLOCK),
    exports: keyTable(EXPORT_BLOCK),
    latency: keyTable(LATENCY_BLOCK),
    imports: keyTable(IMPORT_BLOCK),
    remote: keyTable(REMOTE_BLOCK),
    destinations: keyTable(DESTINATION_BLOCK),
    resolver: keyTable(RESOLVER_BLOCK),
    callout: keyTable(CALLOUT_BLOCK),
    proxies: keyTable(PROXIES_BLOCK),
    proxy: keyTable(PROXY_BLOCK),
    "account limits": keyTable(ACCOUNT_LIMITS_BLOCK),
    "account jetstream": keyTable(ACCOUNT_JETSTREAM_BLOCK),
    "jetstream": keyTable(JETSTREAM_BLOCK),
    "jetstream limits": keyTable(JETSTREAM_LIMITS_BLOCK),
    "jetstream batch": keyTable(JETSTREAM_BATCH_BLOCK),
    "message trace": keyTable(TRACE_BLOCK),
    cluster: keyTable(CLUSTER_BLOCK),
    discovery: keyTable(DISCOVERY_BLOCK),
    registry: keyTable(REGISTRY_BLOCK),
    websocket: keyTable(WEBSOCKET_BLOCK),
    "websocket login": keyTable(WEBSOCKET_AUTHORIZATION_BLOCK),
    "tls block": keyTable(TLS_BLOCK),
    certificates: keyTable(CERTIFICATE_BLOCK),
    "without effect": withoutEffect(),
    missing: reasons("missing"),
    refused: reasons("refused"),
    flags: flagTable(),
    "flags not supported": missingFlags(),
  };
}

function topLevel(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(SERVER_PARTS)
      .map(([part, keys]) => [part, keyTable(SERVER_BLOCK, keys)]),
  );
}

/** The keys of a block that do something, or those of a part of it. */
export function keyTable(
  block: BlockFacts,
  keys: readonly KeyFacts[] = block.keys,
): string {
  const rows = keys.filter(({ state }) => state === "works").map((key) => {
    const shown = shownDefault(key, block);
    const { names, kind, text } = key;
    return [codes(names), kind, shown === "" ? "" : `\`${shown}\``, text];
  });
  return table(["key", "value", "default", "what it does"], rows);
}

function withoutEffect(): string {
  const rows = keysThat("no effect").map(({ key: { names, text } }) => [
    codes(names),
    text,
  ]);
  return table(["key", "because"], rows);
}

/** Keys that Midge has nothing for, with what becomes of them. */
function reasons(state: "missing" | "refused"): string {
  const rows = keysThat(state).map(({ key, place }) => [
    codes(key.names),
    place,
    key.text,
  ]);
  return table(["key", "in", "because"], rows);
}

function keysThat(
  state: KeyFacts["state"],
): { key: KeyFacts; place: string }[] {
  return Object.values(BLOCKS).flat().flatMap(({ place, keys }) =>
    keys.filter((key) => key.state === state).map((key) => ({ key, place }))
  );
}

function flagTable(): string {
  const rows = SERVER_FLAGS.filter((flag) => !isMissing(flag))
    .map(({ names, value = "", doc }) => [
      codes(names.map((name) => `-${name}`)),
      value,
      doc,
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

/** A table formatted as `deno fmt` would: every column as wide as its widest cell. */
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
