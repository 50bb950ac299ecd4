/** What the tests of the configuration share: texts in, plain values or complaints out. */
import {
  type ConfigDiagnostic,
  ConfigError,
  Source,
} from "../../src/config/dialect/diagnostic.ts";
import type { ServerOptions } from "../../src/options/options.ts";
import { parseSource } from "../../src/config/dialect/parser.ts";
import type { ConfigWorld } from "../../src/config/dialect/world.ts";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import type { ConfigMap, ConfigValue } from "../../src/config/dialect/tree.ts";

/** Files and environment variables that exist only in a test. */
export function worldOf(
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = {},
): ConfigWorld {
  return {
    readFile(path) {
      const text = files[path];
      if (text !== undefined) return text;
      throw new Error(`open ${path}: no such file or directory`);
    },
    env: (name) => variables[name],
  };
}

export function parse(text: string, world: ConfigWorld = worldOf()): ConfigMap {
  return parseSource(new Source("t.conf", text), world).root;
}

/** The tree of `text` as plain values, secrets included. */
export function valuesOf(text: string, world?: ConfigWorld): unknown {
  return bare(parse(text, world));
}

/** A value without positions; maps become objects without a prototype's keys. */
export function bare(value: ConfigValue): unknown {
  if (value.kind === "array") return value.items.map(bare);
  if (value.kind !== "map") return value.value;
  const entries = [...value.entries.values()];
  return Object.fromEntries(
    entries.map((entry) => [entry.key, bare(entry.value)]),
  );
}

export function optionsOf(text: string, world?: ConfigWorld): ServerOptions {
  return optionsFrom(parse(text, world)).options;
}

/** `line:column: message` of each error that `read` throws. */
export function errorsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.diagnostics.map(brief);
    throw error;
  }
  return [];
}

/** `line:column: message` of each warning about `text`, its options included. */
export function warningsOf(
  text: string,
  world: ConfigWorld = worldOf(),
): string[] {
  const { root, warnings } = parseSource(new Source("t.conf", text), world);
  return [...warnings, ...optionsFrom(root, world).warnings].map(brief);
}

/** A diagnostic in one line; the file is named when it is an included one. */
function brief({ file, line, column, message }: ConfigDiagnostic): string {
  const place = file === "t.conf" ? "" : `${file}:`;
  return `${place}${line}:${column}: ${message}`;
}
