/**
 * The package as its users have it: built, packed, and installed from the
 * tarball into a project of its own, in which the programs of `programs/` are
 * compiled. That is done once for each state of the sources and serves all
 * runtimes. Its dependencies come from this repository's `node_modules`, so
 * that no network is needed.
 */
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { builtPackage, madeOfSources } from "../support/built.ts";
import { spawnCommand } from "../support/process.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";

/** A package that is installed. */
export interface Installed {
  /** The tarball that it was installed from. */
  readonly tarball: string;
  /** The project that depends on it; its programs are there as `.js`, too. */
  readonly project: string;
  /** Where the package is in that project. */
  readonly folder: string;
}

const SOURCES = join(PROJECT_FOLDER, "tests/package/programs");
const PROGRAMS: readonly string[] = readdirSync(SOURCES);

/** Settings of a project that has Node's types. */
export const NODE_TYPES: Readonly<Record<string, unknown>> = {
  types: ["node"],
  typeRoots: [join(PROJECT_FOLDER, "node_modules/@types")],
};

/** The official add-on packages, and what they depend on beyond Midge's dependencies. */
const ADD_ONS: readonly string[] = [
  "@nats-io/jetstream",
  "@nats-io/kv",
  "@nats-io/obj",
  "@nats-io/services",
  "js-sha256",
];

let known: Promise<Installed> | undefined;

/** The package of the sources as they are now. */
export function installed(): Promise<Installed> {
  known ??= provide();
  return known;
}

/** Runs a command in the project to its end; rejects with its output when it fails. */
export async function runIn(
  folder: string,
  command: readonly string[],
): Promise<string> {
  const program = spawnCommand(command, { cwd: folder });
  const { code } = await program.exited;
  if (code === 0) return program.stdout;
  const output = program.stdout + program.stderr;
  throw new Error(`"${command.join(" ")}" ended with ${code}:\n${output}`);
}

/** TypeScript in the project: `settings` over those of a strict user. */
export async function compile(
  project: string,
  files: readonly string[],
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const config = join(mkdtempSync(join(project, "tsconfig-")), "tsconfig.json");
  const text = JSON.stringify({
    compilerOptions: {
      strict: true,
      skipLibCheck: false,
      types: [],
      ...settings,
    },
    files: files.map((file) => join(project, file)),
  });
  writeFileSync(config, text);
  const tsc = join(PROJECT_FOLDER, "node_modules/.bin/tsc");
  await runIn(project, [tsc, "--project", config]);
}

async function provide(): Promise<Installed> {
  const tarball = await builtPackage();
  const project = await madeOfSources("project", async (folder) => {
    await install(folder, tarball);
    for (const name of ADD_ONS) copyPackage(name, folder);
    await compilePrograms(folder);
  });
  return { tarball, project, folder: join(project, "node_modules/midge") };
}

async function install(project: string, tarball: string): Promise<void> {
  const { dependencies } = manifestIn(PROJECT_FOLDER);
  const manifest = {
    name: "user",
    private: true,
    type: "module",
    dependencies: { midge: `file:${tarball}`, ...copiesOf(dependencies) },
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  // npm would run the scripts with which these packages were made once.
  const copying = ["--offline", "--install-links", "--ignore-scripts"];
  const quiet = ["--no-audit", "--no-fund"];
  await runIn(project, ["npm", "install", ...copying, ...quiet]);
}

/** As npm would place it, with what is below it. */
function copyPackage(name: string, project: string): void {
  const [from, to] = [PROJECT_FOLDER, project]
    .map((folder) => join(folder, "node_modules", name));
  cpSync(from!, to!, { recursive: true });
}

/** Packages and all that they depend on, as what is in `node_modules` here. */
function copiesOf(dependencies: object = {}): Record<string, string> {
  return Object.keys(dependencies).reduce((copies, name) => {
    const folder = join(PROJECT_FOLDER, "node_modules", name);
    const deeper = copiesOf(manifestIn(folder).dependencies);
    return { ...copies, [name]: `file:${folder}`, ...deeper };
  }, {});
}

function manifestIn(folder: string): { readonly dependencies?: object } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

async function compilePrograms(project: string): Promise<void> {
  for (const program of PROGRAMS) {
    copyFileSync(join(SOURCES, program), join(project, program));
  }
  await compile(project, PROGRAMS, {
    target: "es2022",
    module: "nodenext",
    ...NODE_TYPES,
  });
}
