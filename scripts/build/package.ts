/**
 * The npm package: one ES module and one declaration for each source file,
 * made by TypeScript, the same as CommonJS, and a package.json of its own.
 * Nothing is bundled, so stack traces name the files that the repository has;
 * only the bcrypt thread is one text, which needs no place of its own in the
 * bundle that a user makes of the package.
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
import { bcryptThread } from "./bundle.ts";
import { toCommonJs } from "./commonjs.ts";
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

/** A face of the package in one of its two forms. */
interface Form {
  readonly types: string;
  readonly default: string;
}

/** Where the modules of `src` stand in the package. */
const LIBRARY = "lib";
/** Where the same modules stand as CommonJS. */
const COMMON_JS = "cjs";

/** The module that starts the bcrypt thread; the package has another in its place. */
const BCRYPT_PACKAGE = join(LIBRARY, "runtime/bcrypt/bcrypt_package.js");

/** The program `midge` in the repository and in the package. */
const PROGRAM = "scripts/midge.ts";
const COMMAND = "bin/midge.js";

/** What a bundle for a browser gets in the place of a face that needs a runtime. */
const IN_BROWSERS: Readonly<Record<string, string>> = {
  "./client": "./src/faces/browser.ts",
};

/** The oldest Node 20 has no `Symbol.asyncDispose`. */
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
  // Those of @nats-io/nats-core do not hold with exactOptionalPropertyTypes.
  skipLibCheck: true,
};

/** `from "x"`, `import "x"` and `import("x")`. */
const SPECIFIER = /\b(?:from|import)\s*\(?\s*"([^"]+)"/g;

const START_LINE = "#!/usr/bin/env node\n";

/** TypeScript knows since 5.7 that there are several kinds of memory; before, an array has no parameter. */
const MEMORY_KIND = /\b(\w+Array|DataView)<ArrayBuffer(?:Like)?>/g;

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
    writeBcryptPackage(folder);
    arrangeDeclarations(folder, manifest);
    addCommonJs(folder);
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
    files: [...Object.values(manifest.exports), PROGRAM]
      .map((file) => join(PROJECT_FOLDER, file)),
  });
  writeFileSync(config, text);
  const tsc = join(PROJECT_FOLDER, "node_modules/.bin/tsc");
  run(tsc, ["--project", config], PROJECT_FOLDER);
  rmSync(config);
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

/** Puts the thread's program into the package as a text, with the licences of what is in it. */
function writeBcryptPackage(folder: string): void {
  const { code, licences } = bcryptThread();
  const lines = [
    'import { startText } from "./thread_text.js";',
    `const TEXT = ${JSON.stringify(code)};`,
    "export const startThread = () => startText(TEXT);",
    'export const loadBcrypt = () => import("bcryptjs");',
  ];
  writeFileSync(
    join(folder, BCRYPT_PACKAGE),
    `${licences}${lines.join("\n")}\n`,
  );
}

/** Declarations keep the `.ts` of their imports. */
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
    rewrite(file, (text) => {
      const known = text.replace(MEMORY_KIND, "$1");
      return DISPOSABLE.test(known) ? DISPOSABLE_LIBRARY + known : known;
    });
  }
}

/** Adds the modules as CommonJS, with declarations that say that they are. */
function addCommonJs(folder: string): void {
  const from = join(folder, LIBRARY);
  const to = join(folder, COMMON_JS);
  const files = filesBelow(from);
  toCommonJs(files.filter((file) => file.endsWith(".js")), from, to);
  for (const file of files.filter((file) => file.endsWith(".d.ts"))) {
    cpSync(file, join(to, relative(from, file)));
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
  const faces = Object.entries(manifest.exports);
  const { ".": first = "", ...others } = manifest.exports;
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
        ...Object.fromEntries(
          faces.map(([path, face]) => [path, {
            ...inBrowsers(path),
            ...entrance(face),
          }]),
        ),
        "./package.json": "./package.json",
      },
      // For those who know no `exports`: TypeScript with `moduleResolution: node10`.
      main: `./${emitted(first, ".js", COMMON_JS)}`,
      types: `./${emitted(first, ".d.ts", COMMON_JS)}`,
      typesVersions: {
        "*": Object.fromEntries(
          Object.entries(others).map(([path, face]) => [
            path.slice(2),
            [`./${emitted(face, ".d.ts", COMMON_JS)}`],
          ]),
        ),
      },
      files: readdirSync(folder).sort(),
      sideEffects: [`./${COMMAND}`],
      dependencies,
    },
    undefined,
    2,
  );
  writeFileSync(join(folder, "package.json"), text + "\n");
}

/**
 * Who can load an ES module takes that, whichever way it asks (`module-sync`),
 * so that a program has one copy of each class.
 */
function entrance(face: string): object {
  const esm = formOf(face, LIBRARY);
  return {
    "module-sync": esm,
    import: esm,
    require: formOf(face, COMMON_JS),
    default: esm.default,
  };
}

/** Comes first, as other conditions hold in a browser, too. */
function inBrowsers(path: string): object {
  const face = IN_BROWSERS[path];
  return face === undefined ? {} : { browser: entrance(face) };
}

function formOf(face: string, folder: string): Form {
  return {
    types: `./${emitted(face, ".d.ts", folder)}`,
    default: `./${emitted(face, ".js", folder)}`,
  };
}

/** `lib/faces/mod.js` of `./src/faces/mod.ts`. */
function emitted(
  source: string,
  extension: ".js" | ".d.ts",
  folder: string = LIBRARY,
): string {
  return source.replace(/^(?:\.\/)?src\//, `${folder}/`)
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
