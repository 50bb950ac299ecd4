/**
 * The rooms of the house and their doors: which folder of `src` may import
 * which, where a platform may be named, and which file owns which package.
 * ARCHITECTURE.md tells why.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "./support/runtimes.ts";
import {
  importsOf,
  partsOf,
  resolveFrom,
  type SourceFile,
  sourcesOf,
  targetsOf,
} from "./support/sources.ts";
import { test } from "./support/test.ts";
import { wayTo } from "./support/tidy_checks.ts";

/**
 * The rooms in their order: each imports from itself and from the rooms that
 * its row names, all of which stand above it.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  core: ["platform"],
  net: ["platform", "core"],
  wire: ["core"],
  http: ["platform", "core", "net"],
  websocket: ["platform", "core", "net", "http"],
  discovery: ["platform", "core", "net"],
  options: ["platform", "core", "discovery"],
  registry: ["platform", "core", "net", "http", "discovery"],
  auth: ["platform", "core", "net", "options"],
  config: ["platform", "core", "net", "discovery", "options", "auth"],
  accounts: ["platform", "core", "wire", "options"],
  jetstream: ["platform", "core", "wire", "options", "accounts"],
  broker: [
    "platform",
    "core",
    "net",
    "wire",
    "websocket",
    "options",
    "auth",
    "accounts",
  ],
  routes: [
    "platform",
    "core",
    "net",
    "wire",
    "discovery",
    "options",
    "auth",
    "accounts",
    "broker",
  ],
  monitor: [
    "platform",
    "core",
    "net",
    "http",
    "discovery",
    "options",
    "accounts",
    "jetstream",
    "broker",
    "routes",
  ],
  system: [
    "platform",
    "core",
    "net",
    "wire",
    "http",
    "options",
    "auth",
    "accounts",
    "broker",
    "monitor",
  ],
  client: ["platform", "core", "net", "wire", "discovery"],
  services: ["platform", "core", "client"],
  bench: ["platform", "core", "net", "client"],
  runtime: ["platform", "core", "net"],
  app: [
    "platform",
    "core",
    "net",
    "http",
    "websocket",
    "discovery",
    "options",
    "registry",
    "config",
    "auth",
    "jetstream",
    "broker",
    "routes",
    "monitor",
    "system",
    "client",
    "runtime",
  ],
  testkit: [
    "platform",
    "core",
    "net",
    "options",
    "accounts",
    "jetstream",
    "broker",
    "routes",
    "client",
    "app",
  ],
  faces: [
    "platform",
    "core",
    "wire",
    "discovery",
    "options",
    "config",
    "monitor",
    "client",
    "services",
    "runtime",
    "app",
    "testkit",
  ],
  commands: [
    "platform",
    "core",
    "net",
    "discovery",
    "options",
    "config",
    "jetstream",
    "client",
    "bench",
    "runtime",
    "app",
    "faces",
  ],
};

/** From these rooms only types are imported. */
const TYPES_ONLY: Readonly<Record<string, readonly string[]>> = {
  auth: ["options"],
  broker: ["options"],
  routes: ["options"],
  monitor: ["options"],
  system: ["options"],
  discovery: ["platform"],
  faces: ["monitor"],
  testkit: ["options"],
};

/** Only here may a runtime be named. */
const PLATFORM_FOLDER = "runtime";

/** The one file of `app` that names the machine. */
const MACHINE_FILE = "src/app/start_server.ts";

/** What stands on a machine of its own choice: the entrances of Midge. */
const ENTRANCES: readonly string[] = ["faces", "commands"];

/** Each package has one file that knows it. */
const PACKAGE_OWNERS: Readonly<Record<string, string>> = {
  "@nats-io/nats-core/internal": "src/client/api/nats_core.ts",
  "@nats-io/nkeys": "src/core/nkeys.ts",
  "@noble/hashes/sha2.js": "src/core/short_hash.ts",
  bcryptjs: "src/runtime/bcrypt/bcrypt_package.ts",
  "smol-toml": "src/config/dialect/toml.ts",
};

/**
 * The rooms inside the client, with what each of them imports from the others;
 * the files of `src/client` itself put the rooms together, and no room knows them.
 */
const CLIENT_ROOMS: Readonly<Record<string, readonly string[]>> = {
  api: [],
  messages: ["api"],
  session: ["api"],
  servers: ["api", "session"],
  face: ["api", "messages", "session", "servers"],
};

/** The files of each room that other files of `src` import; the rest is the room's own. */
const CLIENT_DOORS: Readonly<Record<string, readonly string[]>> = {
  messages: ["inbox.ts", "messages.ts", "subjects.ts"],
  session: [
    "attempt.ts",
    "authenticators.ts",
    "options.ts",
    "session.ts",
    "target.ts",
  ],
  servers: [
    "options.ts",
    "pool_server.ts",
    "search.ts",
    "server_state.ts",
    "servers.ts",
  ],
};

const PLATFORM_NAMES =
  /\b(?:Deno\.|Bun\.|process\.|Buffer\b|setTimeout\b|setInterval\b|setImmediate\b|Date\.now\b|Math\.random\b|performance\.)/;

/** Where fake timers find nothing to replace: what they would replace is read in these once. */
const TIMERS_FILES: readonly string[] = [
  "src/runtime/process/timers.ts",
  "src/runtime/browser/page_clock.ts",
  "src/core/microtask.ts",
];

/** What a browser page gets of Midge, and all that it may have of the platform's folder. */
const BROWSER_FACE = "src/faces/browser.ts";
const BROWSER_FOLDER = "src/runtime/browser/";

/** What a test's fake timers put others in the place of. */
const FAKED_NAMES =
  /(?<!\.)\b(?:set(?:Timeout|Interval|Immediate)|clear(?:Timeout|Interval|Immediate)|queueMicrotask|requestAnimationFrame|requestIdleCallback|performance)\b|\bglobalThis\.(?:set|clear|queue|Date|performance)\w*|\bDate\.now\b|\bnew Date\(\)|(?<!new )\bDate\(|\binstanceof Date\b|\bMath\.random\b|\.(?:nextTick|hrtime|uptime)\b/g;

/** Modules that have the same functions. */
const FAKED_MODULES = /^node:(?:timers(?:\/promises)?|perf_hooks)$/;

const sources = sourcesOf("src");

function folderOf(file: SourceFile, specifier: string): string {
  return resolveFrom(file, specifier).split("/")[1]!;
}

/** The folder inside the client; "face" for a file that lies in none. */
function clientRoomOf(path: string): string {
  const [, , folder, file] = path.split("/");
  return file === undefined ? "face" : folder!;
}

const targets = new Map(
  sources.map((file) => [file.path, targetsOf(file)]),
);

test("every room has a rule, every rule a room, and rooms look upwards only", () => {
  const rooms = Object.keys(MAY_IMPORT);
  assert.deepEqual(
    [...new Set(sources.map(({ folder }) => folder))].sort(),
    rooms.toSorted(),
  );
  for (const [room, above] of Object.entries(MAY_IMPORT)) {
    for (const other of above) {
      assert.ok(
        rooms.indexOf(other) < rooms.indexOf(room),
        `${room}: ${other}`,
      );
    }
  }
});

test("every room that a rule names is imported from", () => {
  const idle = Object.entries(MAY_IMPORT).flatMap(([room, others]) => {
    const used = new Set(
      sources.filter(({ folder }) => folder === room).flatMap((file) =>
        targetsOf(file).map((path) => path.split("/")[1]!)
      ),
    );
    return others.filter((other) => !used.has(other))
      .map((other) => `${room}: ${other}`);
  });
  assert.deepEqual(idle, []);
});

test("no room reaches a runtime, not even by way of other files", () => {
  const reaching = sources.filter(({ path, folder }) =>
    folder !== PLATFORM_FOLDER && !ENTRANCES.includes(folder) &&
    path !== MACHINE_FILE
  ).flatMap(({ path }) => {
    const way = wayTo(targets, path, (file) => file.startsWith("src/runtime/"));
    return way === undefined ? [] : [way.join(" > ")];
  });
  assert.deepEqual(reaching, []);
});

test("what a browser gets needs no runtime, not even by way of other files", () => {
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const target of targets.get(path) ?? []) visit(target);
  };
  visit(BROWSER_FACE);
  const files = sources.filter(({ path }) => reached.has(path));
  assert.ok(files.length > 50);
  const runtime = files.map(({ path }) => path).filter((path) =>
    path.startsWith("src/runtime/") && !path.startsWith(BROWSER_FOLDER)
  );
  assert.deepEqual(runtime, []);
  const modules = files.flatMap((file) =>
    importsOf(file).map(({ specifier }) => specifier)
      .filter((specifier) => /^(?:node|bun|npm|jsr|https?):/.test(specifier))
  );
  assert.deepEqual(modules, []);
});

test("a room imports only from the folders that its rule lists", () => {
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

test("the client's rooms import from each other in one direction", () => {
  const names = Object.keys(CLIENT_ROOMS);
  const seen = new Map(names.map((name) => [name, new Set<string>()]));
  for (const file of sources.filter(({ folder }) => folder === "client")) {
    for (const target of targetsOf(file)) {
      if (!target.startsWith("src/client/")) continue;
      seen.get(clientRoomOf(file.path))!.add(clientRoomOf(target));
    }
  }
  for (const [room, used] of seen) {
    used.delete(room);
    assert.deepEqual([...used].sort(), CLIENT_ROOMS[room]!.toSorted(), room);
    for (const other of used) {
      assert.ok(
        names.indexOf(other) < names.indexOf(room),
        `${room}: ${other}`,
      );
    }
  }
});

test("the client's rooms are entered by their doors", () => {
  for (const [room, doors] of Object.entries(CLIENT_DOORS)) {
    const folder = `src/client/${room}/`;
    const entered = sources.filter(({ path }) => !path.startsWith(folder))
      .flatMap(targetsOf)
      .filter((target) => target.startsWith(folder))
      .map((target) => target.slice(folder.length));
    assert.deepEqual([...new Set(entered)].sort(), doors, room);
  }
});

test("in monitor only source/ knows what runs, pages know snapshots", () => {
  const running = ["accounts", "broker", "routes"];
  const breaches = sources
    .filter(({ path }) =>
      path.startsWith("src/monitor/") && !path.startsWith("src/monitor/source/")
    )
    .flatMap((file) =>
      targetsOf(file)
        .filter((target) => running.includes(target.split("/")[1]!))
        .map((target) => `${file.path} imports ${target}`)
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
      partsOf(text).code.split("\n")
        .filter((line) => PLATFORM_NAMES.test(line))
        .map((line) => `${path}: ${line.trim()}`)
    );
  assert.deepEqual(breaches, []);
});

test("what fake timers replace is read once, in one file for each kind", () => {
  const late = sources
    .filter(({ path }) => !TIMERS_FILES.includes(path))
    .flatMap((file) => {
      const { code } = partsOf(file.text);
      const [, taken = ""] =
        /import \{([^}]*)\} from "[^"]*\/timers\.ts";/.exec(file.text) ?? [];
      const names = [...code.matchAll(FAKED_NAMES)].map(([name]) => name)
        .filter((name) => !taken.split(/[\s,]+/).includes(name));
      const modules = importsOf(file).map(({ specifier }) => specifier)
        .filter((specifier) => FAKED_MODULES.test(specifier));
      return [...names, ...modules].map((what) => `${file.path}: ${what}`);
    });
  assert.deepEqual(late, []);
});

test("one file asks for its own place, which the npm package replaces", () => {
  const asking = sources
    .filter(({ text }) => /\bimport\.meta\b/.test(partsOf(text).code))
    .map(({ path }) => path);
  assert.deepEqual(asking, ["src/runtime/bcrypt/bcrypt_package.ts"]);
});

test("the machine's room knows errors of other realms, as jest has them", () => {
  const narrow = sources.filter(({ folder, text }) =>
    folder === PLATFORM_FOLDER &&
    /\binstanceof Error\b/.test(partsOf(text).code)
  );
  assert.deepEqual(narrow.map(({ path }) => path), []);
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
  const read = (path: string): string =>
    readFileSync(join(PROJECT_FOLDER, path), "utf8");
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
