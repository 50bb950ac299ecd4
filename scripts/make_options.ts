/**
 * Writes the files of `src/options` from the rows of `src/config/keys`: the
 * types of the options, their defaults, and the types of the configuration as
 * programs write it.
 *
 *   deno run -A scripts/make_options.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BLOCKS } from "../src/config/keys/blocks.ts";
import {
  defaultFields,
  optionsIn,
  shownDefault,
} from "../src/config/keys/defaults.ts";
import type {
  BlockFacts,
  KeyFacts,
  OptionFacts,
} from "../src/config/keys/schema.ts";
import { isMain } from "../src/runtime/process/system.ts";
import { PROJECT_FOLDER } from "../tests/support/runtimes.ts";

/** Below the repository's top folder. */
export const OPTIONS_FOLDER = "src/options";

/** Types that belong to no block, and the modules that have them. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
  DiscoveryTarget: "../discovery/url.ts",
  RouteTarget: "./route_target.ts",
  AccountOptions: "./accounts.ts",
  TrustOptions: "./trust.ts",
  MappingConfig: "./mapping.ts",
  MappingOptions: "./accounts.ts",
  PermissionsOptions: "./permissions.ts",
  AuthCalloutOptions: "./trust.ts",
  ProxiesOptions: "./trust.ts",
  TlsSettings: "./tls.ts",
  UserOptions: "./user.ts",
};

/** The texts of the files in `src/options` that are made here, by their names. */
export function optionFiles(
  blocks: Readonly<Record<string, readonly BlockFacts[]>> = BLOCKS,
): Map<string, string> {
  return new Map(
    Object.entries(blocks).map(([name, list]) => [
      `${name}.ts`,
      [head(name, list, blocks), ...list.map(blockText)].join("\n"),
    ]),
  );
}

function head(
  name: string,
  list: readonly BlockFacts[],
  blocks: Readonly<Record<string, readonly BlockFacts[]>>,
): string {
  const body = list.map(blockText).join("\n");
  const isByHand = list.every(({ types }) => types.isByHand);
  const own = Object.entries(blocks)
    .filter(([other]) => other !== name)
    .flatMap(([other, facts]) =>
      facts.flatMap(({ types: { options, config, isByHand } }) =>
        (isByHand ? [config] : [options, config])
          .map((type) => [type, `./${other}.ts`] as const)
      )
    );
  const what = isByHand
    ? `The keys of ${list[0]?.place} as a program writes them. Made by`
    : `The options of ${
      list[0]?.place
    }: types and defaults, and the keys as a program
writes them. Made by`;
  return comment(
    `${what} \`scripts/make_options.ts\` from the rows of
\`src/config/keys\`; change those.`,
    "",
  ) + imports(body, [...own, ...Object.entries(OTHER_TYPES)]);
}

function imports(
  body: string,
  modules: readonly (readonly [type: string, module: string])[],
): string {
  const code = body.replace(/\/\*\*[^]*?\*\//g, "");
  const used = modules
    .filter(([type]) => new RegExp(`\\b${type}\\b`).test(code));
  const from = [...new Set(used.map(([, module]) => module))].sort();
  const lines = from.map((module) => {
    const names = used.filter(([, other]) => other === module)
      .map(([type]) => type).sort();
    return importLine(names, module);
  });
  return lines.join("");
}

const LINE_WIDTH = 80;

/** Formatted as `deno fmt` would. */
function importLine(names: readonly string[], module: string): string {
  const line = `import type { ${names.join(", ")} } from "${module}";\n`;
  if (line.length <= LINE_WIDTH + 1) return line;
  const rows = names.map((name) => `  ${name},\n`).join("");
  return `import type {\n${rows}} from "${module}";\n`;
}

function blockText(block: BlockFacts): string {
  if (block.types.isByHand) return configType(block);
  return [optionsType(block), configType(block), ...defaults(block)].join("\n");
}

function optionsType(block: BlockFacts): string {
  const { options, optionsText } = block.types;
  const members = optionsIn(block).map((row) =>
    comment(docOf(row), "  ") + `  ${memberOf(row)};\n`
  );
  return comment(optionsText, "") +
    `export interface ${options} {\n${members.join("")}}\n`;
}

function memberOf(row: OptionFacts): string {
  const isThere = "default" in row || row.isRequired === true;
  const mayBeNone = "default" in row && row.default === undefined;
  return `${row.field}${isThere ? "" : "?"}: ${row.type}` +
    (mayBeNone ? " | undefined" : "");
}

function configType(block: BlockFacts): string {
  const { config, configText } = block.types;
  const extra = (block.programKeys ?? []).map(({ name, written, text }) =>
    comment(text, "  ") + `  ${name}?: ${written};\n`
  );
  const members = block.keys.filter(isForPrograms).map((key) =>
    comment(configDoc(key, block), "  ") +
    `  ${key.names[0]}${key.isRequired ? "" : "?"}: ${key.written};\n`
  );
  return comment(configText, "") +
    `export interface ${config} {\n${[...extra, ...members].join("")}}\n`;
}

function isForPrograms({ state, isForProcess }: KeyFacts): boolean {
  return state === "works" && isForProcess !== true;
}

/** What the type does not say: the kind of a text, and the default. */
function configDoc(key: KeyFacts, block: BlockFacts): string {
  const { kind, written } = key;
  const shown = shownDefault(key, block);
  const isPlain = kind === "map" || written.includes('"') ||
    ["string", "boolean", "integer", "port"].includes(kind);
  return docOf(key) + (isPlain ? "" : ` Takes: ${kind}.`) +
    (["", "false"].includes(shown) ? "" : ` Default: \`${shown}\`.`);
}

// In a file -1 stands for any free port; everywhere else it is 0.
function docOf({ text }: OptionFacts): string {
  return text.replace("-1 for any free one", "0 for any free one");
}

function defaults(block: BlockFacts): string[] {
  if (optionsIn(block).some(({ isRequired }) => isRequired)) return [];
  const { options } = block.types;
  const members = defaultFields(block)
    .map(([field, value]) => `    ${field}: ${literal(value)},\n`);
  const name = options.replace("Options", "");
  const parts = partsOf(members);
  const [only = ""] = parts;
  const returned = parts.length <= 1
    ? `{\n${only}  }`
    : `{ ${parts.map((_, at) => `...part${at + 1}()`).join(", ")} }`;
  const others = parts.length <= 1
    ? []
    : parts.map((part, at) =>
      `function part${at + 1}() {\n` +
      `  return {\n${part}  } satisfies Partial<${options}>;\n}\n`
    );
  return [
    comment(
      `The options of ${block.place} without a configuration; a fresh object each time.`,
      "",
    ) +
    `export function default${name}Options(): ${options} {\n` +
    `  return ${returned};\n}\n`,
    ...others,
  ];
}

/** No function is longer than a page. */
const MEMBERS_MAX = 50;

function partsOf(members: readonly string[]): string[] {
  const count = Math.ceil(members.length / MEMBERS_MAX);
  return Array.from(
    { length: count },
    (_, at) => members.slice(at * MEMBERS_MAX, (at + 1) * MEMBERS_MAX).join(""),
  );
}

function literal(value: unknown): string {
  return value === undefined ? "undefined" : JSON.stringify(value);
}

function comment(text: string, indent: string): string {
  const lines = text.split("\n");
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  const rows = lines.map((line) => `${indent} * ${line}`.trimEnd());
  return `${indent}/**\n${rows.join("\n")}\n${indent} */\n`;
}

if (isMain(import.meta)) {
  for (const [name, text] of optionFiles()) {
    writeFileSync(join(PROJECT_FOLDER, OPTIONS_FOLDER, name), text);
  }
}
