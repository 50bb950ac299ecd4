/**
 * The npm package: one ES module and one declaration for each source file,
 * made by TypeScript, and a package.json of its own. Nothing is bundled, so
 * stack traces name the files that the repository has. It is built, not
 * published:
 *
 *   deno run -A scripts/build/package.ts [folder]
 *
 * writes `npm/` and `midge-<version>.tgz` into `folder`, by default `dist`.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isMain, print, programArguments } from "../../src/runtime/system.ts";

/** What was built. */
export interface BuiltPackage {
  readonly version: string;
  /** The package as a folder. */
  readonly folder: string;
  /** The package as `npm publish` would send it. */
  readonly tarball: string;
}

/** What the package takes from the repository's package.json. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/** Where the modules of `src` stand in the package. */
const LIBRARY = "lib";

/** The program `midge` in the repository and in the package. */
const PROGRAM = "scripts/midge.ts";
const COMMAND = "bin/midge.js";

/** The oldest Node 20 has no `Symbol.asyncDispose`, and its `import.meta.resolve` is an experiment. */
const NODE_RANGE = ">=20.6";

/** Besides these comes what README.md links to. */
const DOCUMENTS: readonly string[] = ["README.md", "CHANGELOG.md", "LICENSE"];

/**
 * The language, the library and the types are those of Node 20: what is newer
 * than that is an error here.
 */
const COMPILER_OPTIONS: Readonly<Record<string, unknown>> = {
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  types: ["node"],
  module: "nodenext",
  declaration: true,
  rewriteRelativeImportExtensions: true,
  noEmitOnError: true,
};

/** `from "x"`, `import "x"` and `import("x")`. */
const SPECIFIER = /\b(?:from|import)\s*\(?\s*"([^"]+)"/g;

const START_LINE = "#!/usr/bin/env node\n";

const DISPOSABLE = /\bAsyncDisposable\b|\bSymbol\.asyncDispose\b/;
const DISPOSABLE_LIBRARY = '/// <reference lib="esnext.disposable" />\n';

if (isMain(import.meta)) {
  const [into = join(PROJECT, "dist")] = programArguments();
  const { tarball } = buildPackage(into);
  print(`${tarball}\n`);
}

/** Builds the package's folder and its tarball in `into`. */
export function buildPackage(into: string): BuiltPackage {
  const manifest: Manifest = readJson("package.json");
  const folder = join(resolve(into), "npm");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  compile(manifest, folder);
  arrange(folder);
  arrangeDeclarations(folder, manifest);
  copyDocuments(folder);
  writeManifest(folder, manifest);
  const tarball = pack(folder, resolve(into));
  return { version: manifest.version, folder, tarball };
}

function compile(manifest: Manifest, folder: string): void {
  const { compilerOptions } = readJson<{ compilerOptions: object }>(
    "deno.json",
  );
  const config = join(folder, "tsconfig.json");
  const text = JSON.stringify({
    compilerOptions: {
      ...compilerOptions,
      ...COMPILER_OPTIONS,
      rootDir: PROJECT,
      outDir: folder,
      typeRoots: [join(PROJECT, "node_modules/@types")],
    },
    files: [...Object.values(manifest.exports), PROGRAM, ...workers()]
      .map((file) => join(PROJECT, file)),
  });
  writeFileSync(config, text);
  run("tsc", ["--project", config], PROJECT);
  rmSync(config);
}

/** Modules that nobody imports: another thread is started with them. */
function workers(): string[] {
  return filesBelow(join(PROJECT, "src")).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/new URL\("(\.[^"]+\.ts)"/g)]
      .map(([, worker]) => relative(PROJECT, join(dirname(file), worker!)))
  );
}

/** Moves what the compiler wrote to its place, and lets files name each other by it. */
function arrange(folder: string): void {
  renameSync(join(folder, "src"), join(folder, LIBRARY));
  const command = join(folder, COMMAND);
  mkdirSync(dirname(command));
  renameSync(join(folder, PROGRAM.replace(/\.ts$/, ".js")), command);
  rmSync(join(folder, dirname(PROGRAM)), { recursive: true });
  filesBelow(join(folder, LIBRARY)).forEach((file) => rewrite(file, relinked));
  rewrite(
    command,
    (text) => START_LINE + text.replaceAll('"../src/', `"../${LIBRARY}/`),
  );
  chmodSync(command, 0o755);
}

/** Declarations keep the `.ts` of their imports, and modules that of their workers. */
function relinked(text: string): string {
  return text.replace(/"(\.{0,2}\/[^"\s]+)\.ts"/g, '"$1.js"');
}

/**
 * Removes the declarations that no exported module leads to. Those that stay
 * ask for the library that they need, whatever a user's settings are.
 */
function arrangeDeclarations(folder: string, manifest: Manifest): void {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, name] of readFileSync(file, "utf8").matchAll(SPECIFIER)) {
      if (!name!.startsWith(".")) continue;
      visit(join(dirname(file), name!.replace(/\.js$/, ".d.ts")));
    }
  };
  for (const face of Object.values(manifest.exports)) {
    visit(join(folder, emitted(face, ".d.ts")));
  }
  filesBelow(folder)
    .filter((file) => file.endsWith(".d.ts") && !reached.has(file))
    .forEach((file) => rmSync(file));
  for (const file of reached) {
    rewrite(
      file,
      (text) => DISPOSABLE.test(text) ? DISPOSABLE_LIBRARY + text : text,
    );
  }
}

function copyDocuments(folder: string): void {
  const readme = readFileSync(join(PROJECT, "README.md"), "utf8");
  const linked = [...readme.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
    .map(([, target]) => target!);
  for (const document of new Set([...DOCUMENTS, ...linked])) {
    cpSync(join(PROJECT, document), join(folder, document), {
      recursive: true,
    });
  }
}

function writeManifest(folder: string, manifest: Manifest): void {
  const { name, version, description, license, dependencies } = manifest;
  const faces = Object.entries(manifest.exports).map(([path, face]) => [path, {
    types: `./${emitted(face, ".d.ts")}`,
    default: `./${emitted(face, ".js")}`,
  }]);
  const text = JSON.stringify(
    {
      name,
      version,
      description,
      keywords: ["nats", "broker", "cluster", "messaging", "pubsub", "client"],
      license,
      type: "module",
      engines: { node: NODE_RANGE },
      bin: { midge: COMMAND },
      exports: {
        ...Object.fromEntries(faces),
        "./package.json": "./package.json",
      },
      files: readdirSync(folder).sort(),
      sideEffects: [COMMAND, ...workers().map((file) => emitted(file, ".js"))]
        .map((file) => `./${file}`),
      dependencies,
    },
    undefined,
    2,
  );
  writeFileSync(join(folder, "package.json"), text + "\n");
}

/** `lib/faces/mod.js` of `./src/faces/mod.ts`. */
function emitted(source: string, extension: ".js" | ".d.ts"): string {
  return source.replace(/^(?:\.\/)?src\//, `${LIBRARY}/`)
    .replace(/\.ts$/, extension);
}

function pack(folder: string, into: string): string {
  const words = ["pack", "--json", "--ignore-scripts"];
  const output = run(
    "npm",
    [...words, "--pack-destination", into],
    folder,
  );
  const [{ filename }] = JSON.parse(output);
  return join(into, filename);
}

/** Runs a command in `folder` and gives its output; throws with all that it said if it fails. */
function run(
  command: "npm" | "tsc",
  args: readonly string[],
  folder: string,
): string {
  const file = command === "tsc"
    ? join(PROJECT, "node_modules/.bin/tsc")
    : command;
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: folder,
    encoding: "utf8",
  });
  if (status === 0) return stdout;
  const said = `${stdout ?? ""}${stderr ?? ""}${error ?? ""}`.trim();
  throw new Error(`${command} failed: ${said}`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function rewrite(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(join(PROJECT, file), "utf8"));
}
