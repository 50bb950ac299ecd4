/**
 * The npm package: one ES module and one declaration for each source file,
 * made by TypeScript, and a package.json of its own. Nothing is bundled, so
 * stack traces name the files that the repository has.
 */
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
import { dirname, join, relative } from "node:path";
import { PROJECT_FOLDER } from "../../tests/support/runtimes.ts";
import { run } from "./run.ts";
import type { Target } from "./target.ts";

/** What the package takes from the repository's package.json. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Where the modules of `src` stand in the package. */
const LIBRARY = "lib";

/** The program `midge` in the repository and in the package. */
const PROGRAM = "scripts/midge.ts";
const COMMAND = "bin/midge.js";

/** The oldest Node 20 has no `Symbol.asyncDispose`, and its `import.meta.resolve` is an experiment. */
const NODE_RANGE = ">=20.6";

/** The documents of the package; folders as a whole. */
const DOCUMENTS: readonly string[] = [
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "LICENSE",
  "docs",
  "examples",
];

/** For those who change Midge, not for those who use it. */
const LEFT_OUT = "docs/decisions";

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

export const npmPackage: Target = {
  doc: "npm/ and midge-<version>.tgz, the npm package",
  build(out: string): string[] {
    const manifest: Manifest = readJson("package.json");
    const folder = join(out, "npm");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    compile(manifest, folder);
    arrange(folder);
    arrangeDeclarations(folder, manifest);
    copyDocuments(folder);
    writeManifest(folder, manifest);
    return [pack(folder, out)];
  },
};

function compile(manifest: Manifest, folder: string): void {
  const { compilerOptions } = readJson<{ compilerOptions: object }>(
    "deno.json",
  );
  const config = join(folder, "tsconfig.json");
  const text = JSON.stringify({
    compilerOptions: {
      ...compilerOptions,
      ...COMPILER_OPTIONS,
      rootDir: PROJECT_FOLDER,
      outDir: folder,
      typeRoots: [join(PROJECT_FOLDER, "node_modules/@types")],
    },
    files: [...Object.values(manifest.exports), PROGRAM, ...workers()]
      .map((file) => join(PROJECT_FOLDER, file)),
  });
  writeFileSync(config, text);
  const tsc = join(PROJECT_FOLDER, "node_modules/.bin/tsc");
  run(tsc, ["--project", config], PROJECT_FOLDER);
  rmSync(config);
}

/** Modules that are not imported: another thread is started with them. */
function workers(): string[] {
  return filesBelow(join(PROJECT_FOLDER, "src")).flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/new URL\("(\.[^"]+\.ts)"/g)]
      .map(([, worker]) =>
        relative(PROJECT_FOLDER, join(dirname(file), worker!))
      )
  );
}

/** Moves what the compiler wrote to its place, and adapts the imports. */
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
 * Removes the declarations that no exported module leads to. The others name the
 * library that they need, so that they do not depend on a user's settings.
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
  for (const document of DOCUMENTS) {
    cpSync(join(PROJECT_FOLDER, document), join(folder, document), {
      recursive: true,
    });
  }
  rmSync(join(folder, LEFT_OUT), { recursive: true });
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
  const output = run("npm", [...words, "--pack-destination", into], folder);
  const [{ filename }] = JSON.parse(output);
  return join(into, filename);
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
  return JSON.parse(readFileSync(join(PROJECT_FOLDER, file), "utf8"));
}
