/**
 * The tools that the package is tried with, one row for each way of using one.
 * A row is a small project: files, and commands that build and run `only.*`, for
 * the client alone, and `whole.*`, for all of Midge, or `page.*`, for a browser.
 * `docs/tools.md` shows the same rows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../support/runtimes.ts";

/** One way of using one tool. */
export interface Row {
  /** Its package, whose version `tools.json` pins. */
  readonly tool: string;
  /** What is done with it; `code` in the page. */
  readonly use: string;
  /** Options beyond those of a project without Midge. */
  readonly needs?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Words of commands; `node` is the Node of the tests, `bin:x` a program of the tools. */
  readonly commands: readonly (readonly string[])[];
}

interface Tools {
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** The packages that are installed, in the form of a package.json. */
export const TOOLS_FILE: string = join(
  PROJECT_FOLDER,
  "tests/package/tools/tools.json",
);

/** The version of a tool. */
export function versionOf(tool: string): string {
  const { devDependencies }: Tools = JSON.parse(
    readFileSync(TOOLS_FILE, "utf8"),
  );
  return devDependencies[tool]!;
}

// tweetnacl, below nkeys, otherwise calls `require`, which a module does not have.
const SELF = "--define:self=globalThis";

/** The programs of a bundle, run. */
function ran(
  folder: string,
  extension: string,
  names: readonly string[] = ["only", "whole"],
): (readonly string[])[] {
  return names.map((name) => [
    "node",
    `${folder}/${name}${extension}`,
  ]);
}

/** A file of tests, which ends with those of `more`. */
function tests(
  file: string,
  importing: string,
  ...more: readonly string[]
): Record<string, string> {
  return {
    [file]: `${importing}
test("the client alone", async () => {
  expect(await tryClient(process.env.MIDGE_URL)).toBe(CLIENT_SAID);
});
test("all of Midge", async () => {
  expect(await tryAll("midge.toml")).toBe(ALL_SAID);
}, 60_000);
${more.join("\n")}`,
  };
}

/** A test of `what` while timers are faked. */
function faked(what: string, fake: string, real: string): string {
  return `test("${what}", async () => {
  const said = await ${what}(() => ${fake});
  ${real};
  expect(said).toBe(FAKED_SAID);
});
`;
}

const NAMES = "ALL_SAID, CLIENT_SAID, FAKED_SAID, tryAll, tryClient, " +
  "tryFaked, tryFakedInside";
const IMPORT = `import { ${NAMES} } from "../tried.mjs";`;
const IN_JEST = faked(
  "tryFaked",
  "jest.useFakeTimers()",
  "jest.useRealTimers()",
);
const REQUIRE = `const { ${NAMES} } = require("../tried.cjs");`;
const EXPECT = `const expect = (found) => ({
  toBe: (wanted) => require("node:assert").equal(found, wanted),
});
const test = (name, body) => it(name, body).timeout(60_000);
`;

const CREATE_REQUIRE = `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
`;
const SINON = `
const fakes = require("@sinonjs/fake-timers");
let clock;
${
  faked(
    "tryFaked",
    '(clock = fakes.install({ toNotFake: ["nextTick"] }))',
    "clock.uninstall()",
  )
}
${faked("tryFakedInside", "(clock = fakes.install())", "clock.uninstall()")}`;

function webpack(
  mode: string,
  options: string,
  platform: string = `target: "node",
      entry: { only: "../only.mjs", whole: "../whole.mjs" },`,
): (readonly string[])[] {
  const program = `
    const settings = {
      mode: "${mode}",
      ${platform}
      ${options}
    };
    require("webpack")(settings, (error, stats) => {
      const problems = stats?.toJson({ all: false, errors: true, warnings: true });
      const { errors = [], warnings = [] } = problems ?? {};
      for (const { message } of [...errors, ...warnings]) console.error(message);
      if (error) console.error(error);
      process.exitCode = error || errors.length + warnings.length > 0 ? 1 : 0;
    });`;
  return [["node", "-e", program]];
}

const ROLLUP = `
import commonjs from "@rollup/plugin-commonjs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
export default {
  input: ["../only.mjs", "../whole.mjs"],
  external: [/^node:/, "crypto"],
  plugins: [nodeResolve(), commonjs()],
  output: [
    { dir: "es", format: "es", entryFileNames: "[name].mjs" },
    { dir: "cjs", format: "cjs", entryFileNames: "[name].cjs",
      chunkFileNames: "[name].cjs" },
  ],
};`;

const VITE = `
export default {
  ssr: { noExternal: true },
  build: {
    ssr: true,
    rollupOptions: {
      input: ["../only.mjs", "../whole.mjs"],
      output: { entryFileNames: "[name].mjs" },
    },
  },
};`;

const VITE_PAGE = `
export default {
  build: {
    // What it loads ahead in a page needs a document.
    modulePreload: false,
    rollupOptions: {
      input: ["../page.mjs"],
      output: { entryFileNames: "[name].mjs" },
    },
  },
};`;

const ROLLUP_PAGE = `
import commonjs from "@rollup/plugin-commonjs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
export default {
  input: ["../page.mjs"],
  plugins: [nodeResolve({ browser: true }), commonjs()],
  output: { dir: "dist", format: "es", entryFileNames: "[name].mjs" },
};`;

const TSUP = `
export default {
  entry: ["../only.ts", "../whole.ts"],
  format: ["esm", "cjs"],
  noExternal: [/.*/],
  esbuildOptions: (options) => {
    options.define = { ...options.define, self: "globalThis" };
  },
};`;

/** A project of TypeScript; `files` are checked with the package's declarations. */
function typescript(
  settings: object,
  files: readonly string[],
): Record<string, string> {
  return {
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        strict: true,
        skipLibCheck: false,
        noEmit: true,
        target: "es2022",
        lib: ["es2022"],
        types: ["node"],
        ...settings,
      },
      files,
    }),
  };
}

const TSC: readonly (readonly string[])[] = [["bin:tsc", "--project", "."]];
const AS_MODULES = ["../tried.mts", "../tried.cts"];

/** All rows, in the order of the page. */
export const ROWS: readonly Row[] = [
  {
    tool: "webpack",
    use: '`target: "node"`, CommonJS out, minified',
    commands: [
      ...webpack("production", 'output: { filename: "[name].cjs" }'),
      ...ran("dist", ".cjs"),
    ],
  },
  {
    tool: "webpack",
    use: '`target: "node"`, modules out',
    commands: [
      ...webpack(
        "development",
        `experiments: { outputModule: true },
        output: { filename: "[name].mjs", chunkFilename: "[id].mjs",
          library: { type: "module" } }`,
      ),
      ...ran("dist", ".mjs"),
    ],
  },
  {
    tool: "vite",
    use: "`build.ssr`, all in one",
    files: { "vite.config.mjs": VITE },
    commands: [["bin:vite", "build"], ...ran("dist", ".mjs")],
  },
  {
    tool: "rollup",
    use: "with node-resolve and commonjs, both formats",
    files: { "rollup.config.mjs": ROLLUP },
    commands: [
      ["bin:rollup", "--config"],
      ...ran("es", ".mjs"),
      ...ran("cjs", ".cjs"),
    ],
  },
  {
    tool: "esbuild",
    use: "`--platform=node --format=esm`",
    needs: `\`${SELF}\` for nkeys`,
    commands: [
      [
        "bin:esbuild",
        "../only.mjs",
        "../whole.mjs",
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--outdir=esm",
        "--out-extension:.js=.mjs",
        SELF,
      ],
      ...ran("esm", ".mjs"),
    ],
  },
  {
    tool: "esbuild",
    use: "`--platform=node --format=cjs`",
    commands: [
      [
        "bin:esbuild",
        "../only.mjs",
        "../whole.mjs",
        "--bundle",
        "--platform=node",
        "--format=cjs",
        "--outdir=cjs",
        "--out-extension:.js=.cjs",
      ],
      ...ran("cjs", ".cjs"),
    ],
  },
  {
    tool: "webpack",
    use: '`target: "web"`, for a page, minified',
    commands: [
      ...webpack(
        "production",
        `experiments: { outputModule: true },
        performance: { hints: false },
        output: { filename: "[name].mjs", chunkFilename: "[id].mjs",
          module: true, chunkFormat: "module" }`,
        `target: ["web", "es2022"], entry: { page: "../page.mjs" },`,
      ),
      ...ran("dist", ".mjs", ["page"]),
    ],
  },
  {
    tool: "vite",
    use: "for a page",
    files: { "vite.config.mjs": VITE_PAGE },
    commands: [["bin:vite", "build"], ...ran("dist", ".mjs", ["page"])],
  },
  {
    tool: "rollup",
    use: "for a page, with node-resolve's `browser: true`",
    files: { "rollup.config.mjs": ROLLUP_PAGE },
    commands: [
      ["bin:rollup", "--config"],
      ...ran("dist", ".mjs", ["page"]),
    ],
  },
  {
    tool: "esbuild",
    use: "for a page, `--format=esm`",
    commands: [
      [
        "bin:esbuild",
        "../page.mjs",
        "--bundle",
        "--format=esm",
        "--minify",
        "--outdir=dist",
        "--out-extension:.js=.mjs",
      ],
      ...ran("dist", ".mjs", ["page"]),
    ],
  },
  {
    tool: "tsup",
    use: "both formats, all in one",
    needs: '`define: { self: "globalThis" }` for nkeys in a module',
    files: { "tsup.config.mjs": TSUP },
    commands: [
      ["bin:tsup"],
      ...ran("dist", ".mjs"),
      ...ran("dist", ".js"),
    ],
  },
  {
    tool: "jest",
    use: "CommonJS, as it comes, with fake timers",
    files: {
      "jest.config.json": "{}",
      ...tests("midge.test.cjs", REQUIRE, IN_JEST),
    },
    commands: [["bin:jest"]],
  },
  {
    tool: "jest",
    use: "modules, by `--experimental-vm-modules`, with fake timers",
    files: {
      "jest.config.json": '{ "testMatch": ["**/*.test.mjs"] }',
      ...tests(
        "midge.test.mjs",
        `import { jest } from "@jest/globals";\n${IMPORT}`,
        IN_JEST,
      ),
    },
    commands: [["node", "--experimental-vm-modules", "bin:jest"]],
  },
  {
    tool: "vitest",
    use: "as it comes, with fake timers",
    files: tests(
      "midge.test.mjs",
      `import { expect, test, vi } from "vitest";\n${IMPORT}`,
      faked("tryFaked", "vi.useFakeTimers()", "vi.useRealTimers()"),
    ),
    commands: [["bin:vitest", "run"]],
  },
  {
    tool: "mocha",
    use: "CommonJS and modules",
    files: {
      ...tests("midge.cjs", EXPECT + REQUIRE),
      ...tests(
        "midge.mjs",
        CREATE_REQUIRE + EXPECT + IMPORT,
      ),
    },
    commands: [["bin:mocha", "--exit", "midge.cjs", "midge.mjs"]],
  },
  {
    tool: "@sinonjs/fake-timers",
    use: "in mocha, CommonJS and modules",
    needs: '`toNotFake: ["nextTick"]` for sockets of Node',
    files: {
      ...tests("midge.cjs", EXPECT + REQUIRE, SINON),
      ...tests("midge.mjs", CREATE_REQUIRE + EXPECT + IMPORT, SINON),
    },
    commands: [["bin:mocha", "--exit", "midge.cjs", "midge.mjs"]],
  },
  {
    tool: "typescript",
    use: "`moduleResolution: node10`",
    files: typescript({ module: "commonjs", moduleResolution: "node10" }, [
      "../tried.ts",
    ]),
    commands: TSC,
  },
  {
    tool: "typescript",
    use: "`module: nodenext`, from modules and from CommonJS",
    files: typescript({ module: "nodenext" }, AS_MODULES),
    commands: TSC,
  },
  {
    tool: "typescript",
    use: "`moduleResolution: bundler`",
    files: typescript({ module: "esnext", moduleResolution: "bundler" }, [
      "../tried.ts",
    ]),
    commands: TSC,
  },
];
