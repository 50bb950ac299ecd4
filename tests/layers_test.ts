/**
 * The rooms of the house and their doors: which folder of `src` may import
 * which, where a platform may be named, and which file owns which package.
 * ARCHITECTURE.md tells why.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Besides itself, a folder imports from these. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ["core"],
  config: ["core", "discovery"],
  net: ["core"],
  discovery: ["core", "net"],
  broker: ["core", "wire", "config", "net"],
  routes: ["core", "wire", "config", "net", "discovery", "broker"],
  client: ["core", "wire", "net", "discovery"],
  services: ["core", "client"],
  registry: ["core", "net", "discovery"],
  monitor: ["core", "net", "discovery", "broker", "routes"],
  runtime: ["core", "net", "discovery"],
  app: [
    "core",
    "config",
    "net",
    "discovery",
    "registry",
    "broker",
    "routes",
    "client",
    "monitor",
    "runtime",
  ],
  testkit: [
    "core",
    "config",
    "net",
    "discovery",
    "broker",
    "routes",
    "client",
    "app",
  ],
  faces: [
    "core",
    "wire",
    "config",
    "net",
    "discovery",
    "client",
    "services",
    "monitor",
    "runtime",
    "app",
    "testkit",
  ],
  commands: [
    "core",
    "config",
    "net",
    "discovery",
    "client",
    "runtime",
    "app",
    "faces",
  ],
};

/** From these folders only types are imported. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  broker: ["config"],
  routes: ["config"],
  runtime: ["discovery"],
  faces: ["monitor"],
  testkit: ["config", "discovery"],
};

/** Only here may a runtime be named. */
const PLATFORM_FOLDER = "runtime";

/** Each package has one file that knows it. */
const PACKAGE_OWNERS: Readonly<Record<string, string>> = {
  "@nats-io/nkeys": "src/client/session/authenticators.ts",
  bcryptjs: "src/runtime/bcrypt/bcrypt.ts",
  "smol-toml": "src/config/dialect/toml.ts",
};

const PLATFORM_NAMES =
  /\b(?:Deno\.|Bun\.|process\.|Buffer\b|setTimeout\b|setInterval\b|setImmediate\b|Date\.now\b|Math\.random\b|performance\.)/;

interface SourceFile {
  /** Like "src/core/log.ts". */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
}

const sources = readdirSync(join(ROOT, "src"), {
  recursive: true,
  withFileTypes: true,
})
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry): SourceFile => {
    const path = relative(ROOT, join(entry.parentPath, entry.name));
    const text = readFileSync(join(ROOT, path), "utf8");
    return { path, folder: path.split("/")[1]!, text };
  });

interface Import {
  readonly specifier: string;
  readonly typesOnly: boolean;
}

function importsOf({ text }: SourceFile): Import[] {
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?"([^"]+)";/gm,
  );
  const calls = text.matchAll(
    /\bimport(?:\.meta\.resolve)?\(\s*"([^"]+)"\s*\)/g,
  );
  return [
    ...[...statements].map(([, type, specifier]) => ({
      specifier: specifier!,
      typesOnly: type !== undefined,
    })),
    ...[...calls].map(([, specifier]) => ({
      specifier: specifier!,
      typesOnly: false,
    })),
  ];
}

function folderOf(file: SourceFile, specifier: string): string {
  return join(dirname(file.path), specifier).split("/")[1]!;
}

test("there are sources to look at in every folder that has rules", () => {
  const folders = new Set(sources.map(({ folder }) => folder));
  for (const folder of folders) assert.ok(folder in MAY_IMPORT, folder);
  assert.ok(sources.length > 40);
});

test("a folder imports only from the folders that its rule lists", () => {
  const breaches = sources.flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier }) => folderOf(file, specifier))
      .filter((target) =>
        target !== file.folder && !MAY_IMPORT[file.folder]!.includes(target)
      )
      .map((target) => `${file.path} imports from ${target}`)
  );
  assert.deepEqual(breaches, []);
});

test("where a rule says types only, nothing else is imported", () => {
  const breaches = sources.flatMap((file) =>
    importsOf(file)
      .filter(({ specifier, typesOnly }) =>
        !typesOnly && specifier.startsWith(".") &&
        TYPES_ONLY[file.folder]?.includes(folderOf(file, specifier))
      )
      .map(({ specifier }) => `${file.path} imports values of ${specifier}`)
  );
  assert.deepEqual(breaches, []);
});

test("only the platform's folder imports from the platform", () => {
  const breaches = sources
    .filter(({ folder }) => folder !== PLATFORM_FOLDER)
    .flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) =>
          /^(?:node|bun|npm|jsr|https?):/.test(specifier)
        )
        .map(({ specifier }) => `${file.path} imports ${specifier}`)
    );
  assert.deepEqual(breaches, []);
});

test("only the platform's folder names a runtime, its timers or its clock", () => {
  const breaches = sources
    .filter(({ folder }) => folder !== PLATFORM_FOLDER)
    .flatMap(({ path, text }) =>
      withoutComments(text).split("\n")
        .filter((line) => PLATFORM_NAMES.test(line))
        .map((line) => `${path}: ${line.trim()}`)
    );
  assert.deepEqual(breaches, []);
});

test("each package is known to one file", () => {
  for (const file of sources) {
    for (const { specifier } of importsOf(file)) {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
      assert.equal(file.path, PACKAGE_OWNERS[specifier], specifier);
    }
  }
});

test("versions and entry points agree between the manifests and the code", () => {
  const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
  const npm = JSON.parse(read("package.json"));
  const deno = JSON.parse(read("deno.json"));
  const [, version] = /MIDGE_VERSION = "([^"]+)"/.exec(
    read("src/core/version.ts"),
  )!;
  assert.equal(npm.version, version);
  assert.equal(deno.version, version);
  assert.deepEqual(npm.exports, deno.exports);
  for (const [name, pinned] of Object.entries(npm.dependencies)) {
    assert.equal(deno.imports[name], `npm:${name}@${pinned}`);
  }
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
