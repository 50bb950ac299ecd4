/** What the npm package holds, and what its package.json promises. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { installed, runIn } from "./installed.ts";

interface Manifest {
  readonly [field: string]: unknown;
  readonly exports: Readonly<Record<string, string | Target>>;
  readonly dependencies: object;
}

/** Conditions in their order; the first that holds is taken. */
interface Target {
  readonly "module-sync": Form;
  readonly import: Form;
  readonly require: Form;
  readonly default: string;
  readonly browser?: Omit<Target, "browser">;
}

interface Form {
  readonly types: string;
  readonly default: string;
}

/** What a file of the package may be, besides documents. */
const MEANT: readonly RegExp[] = [
  /^package\.json$/,
  /^bin\/midge\.js$/,
  /^(?:lib|cjs)\/(?:[a-z]+\/){1,2}[a-z0-9_]+\.(?:js|d\.ts)$/,
  /^cjs\/package\.json$/,
];
const DOCUMENT =
  /^(?:README\.md|CHANGELOG\.md|SECURITY\.md|LICENSE|docs\/[a-z_]+\.md|docs\/plots\/[a-z_]+\.svg|examples\/README\.md)$/;
const EXAMPLE =
  /^examples\/(?:[a-z_]+\.ts|article\/node[abc]\.cfg|deploy\/[\w.]+)$/;

async function packed(): Promise<string[]> {
  const { tarball, project } = await installed();
  const list = await runIn(project, ["tar", "-tzf", tarball]);
  return list.trim().split("\n")
    .map((path) => path.replace(/^package\//, "")).sort();
}

async function manifest(): Promise<Manifest> {
  const { folder } = await installed();
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

test("the tarball holds modules, declarations and documents, and nothing else", async () => {
  const strange = (await packed()).filter((path) =>
    !DOCUMENT.test(path) && !EXAMPLE.test(path) &&
    !MEANT.some((rule) => rule.test(path))
  );
  assert.deepEqual(strange, []);
});

test("every import in it leads to a file of it, to Node or to a dependency", async () => {
  const { folder } = await installed();
  const { dependencies, exports } = await manifest();
  const faces = new Set(
    Object.keys(exports).map((path) => path.replace(".", "midge")),
  );
  const files = new Set(await packed());
  const lost: string[] = [];
  for (const file of [...files].filter((path) => /\.(?:js|ts)$/.test(path))) {
    for (const name of importsOf(readFileSync(join(folder, file), "utf8"))) {
      const isKnown = name.startsWith(".")
        ? files.has(declared(file, join(dirname(file), name)))
        : name.startsWith("node:") || packageOf(name) in dependencies ||
          EXAMPLE.test(file) && faces.has(name);
      if (!isKnown) lost.push(`${file} imports ${name}`);
    }
  }
  assert.deepEqual(lost, []);
});

/** `@scope/name` of `@scope/name/module`, `name` of `name/module`. */
function packageOf(specifier: string): string {
  const [, name = specifier] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier) ?? [];
  return name;
}

test("its declarations import no package and give no type away", async () => {
  const { folder } = await installed();
  const declarations = (await packed())
    .filter((path) => path.endsWith(".d.ts"))
    .map((path) => ({ path, text: code(join(folder, path)) }));
  assert.ok(declarations.length > 40);
  const strange = declarations.filter(({ text }) =>
    /\bany\b/.test(text) ||
    importsOf(text).some((name) => !name.startsWith("."))
  );
  assert.deepEqual(strange.map(({ path }) => path), []);
});

test("its package.json has the faces, and what they name is there", async () => {
  const { folder } = await installed();
  const { exports } = await manifest();
  const repository = JSON.parse(
    readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8"),
  );
  const { "./package.json": itself, ...faces } = exports;
  assert.equal(itself, "./package.json");
  assert.deepEqual(Object.keys(faces), Object.keys(repository.exports));
  assert.equal(Object.keys(faces).length, 6);
  const targets = Object.values(faces).flatMap((face) => {
    assert.ok(typeof face !== "string");
    const { browser, ...others } = face;
    return browser === undefined ? [others] : [browser, others];
  });
  for (const face of targets) {
    // The order counts, here and in each form.
    assert.deepEqual(
      Object.keys(face),
      ["module-sync", "import", "require", "default"],
    );
    assert.deepEqual(face["module-sync"], face.import);
    assert.equal(face.default, face.import.default);
    for (const form of [face.import, face.require]) {
      assert.deepEqual(Object.keys(form), ["types", "default"]);
      assert.match(code(join(folder, form.types)), /export /);
    }
    assert.match(code(join(folder, face.import.default)), /^export /m);
    assert.match(code(join(folder, face.require.default)), /module\.exports/);
  }
});

test("a browser gets the client that needs no runtime, under both names", async () => {
  const { exports } = await manifest();
  const [client, browser] = [exports["./client"], exports["./browser"]];
  assert.ok(typeof client !== "string" && typeof browser !== "string");
  assert.equal(Object.keys(client!)[0], "browser");
  assert.deepEqual(client!.browser, browser);
  const others = Object.entries(exports).filter(([, target]) =>
    typeof target !== "string" && target.browser !== undefined
  );
  assert.deepEqual(others.map(([path]) => path), ["./client"]);
});

test("its package.json says what is true of the repository, and runs nothing", async () => {
  const { exports: _, description, keywords, ...rest } = await manifest();
  const { version, dependencies, license } = JSON.parse(
    readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8"),
  );
  assert.deepEqual(rest, {
    name: "midge",
    version,
    license,
    type: "module",
    engines: { node: ">=20.6" },
    bin: { midge: "bin/midge.js" },
    main: "./cjs/faces/mod.js",
    types: "./cjs/faces/mod.d.ts",
    typesVersions: {
      "*": {
        server: ["./cjs/faces/server.d.ts"],
        client: ["./cjs/faces/client.d.ts"],
        cluster: ["./cjs/faces/cluster.d.ts"],
        cfgparse: ["./cjs/faces/cfgparse.d.ts"],
        browser: ["./cjs/faces/browser.d.ts"],
      },
    },
    files: [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "bin",
      "cjs",
      "docs",
      "examples",
      "lib",
    ],
    sideEffects: ["./bin/midge.js"],
    dependencies,
  });
  assert.equal(typeof description, "string");
  assert.ok(Array.isArray(keywords));
});

test("both forms have the same files, and none asks for its own place", async () => {
  const { folder } = await installed();
  const files = await packed();
  const [modules, commonJs] = ["lib/", "cjs/"].map((start) =>
    files.filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length))
  );
  assert.deepEqual(commonJs, [...modules!, "package.json"].sort());
  // A CommonJS module has no `import.meta`, and not all bundlers know what is in it.
  const strange = files.filter((path) =>
    path.endsWith(".js") && /\bimport\.meta\b/.test(code(join(folder, path)))
  );
  assert.deepEqual(strange, []);
});

test("its command is executable and starts with the line that finds Node", async () => {
  const { folder } = await installed();
  const command = join(folder, "bin/midge.js");
  assert.match(readFileSync(command, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.equal(statSync(command).mode & 0o111, 0o111);
});

test("what its documents link to is there", async () => {
  const { folder } = await installed();
  const documents = (await packed()).filter((path) => path.endsWith(".md"));
  const links = documents.flatMap((document) =>
    [
      ...readFileSync(join(folder, document), "utf8").matchAll(
        /\]\(([^)#:]+)(?:#[^)]*)?\)/g,
      ),
    ].map(([, target]) => join(dirname(document), target!))
  );
  assert.ok(links.length > documents.length);
  assert.deepEqual(
    links.filter((target) => !existsSync(join(folder, target))),
    [],
  );
});

function importsOf(text: string): string[] {
  const matches = text.matchAll(
    /^(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?"([^"]+)";|\b(?:import|require)\("([^"]+)"\)/gm,
  );
  return [...matches].map(([, from, called]) => from ?? called!);
}

/** The declaration in the place of a module, when a declaration imports it. */
function declared(importer: string, path: string): string {
  return importer.endsWith(".d.ts") ? path.replace(/\.js$/, ".d.ts") : path;
}

/** The text of a file without its comments. */
function code(file: string): string {
  return readFileSync(file, "utf8").replace(/\/\*[^]*?\*\//g, "");
}
