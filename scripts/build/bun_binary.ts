/**
 * Standalone binaries on Bun: for this machine on the very Bun that npm
 * installed, and for the other systems on bases that Bun downloads from the
 * npm registry and keeps in its cache.
 *
 * The program is compiled ahead to bytecode, which makes a start four times
 * as fast, and is not minified: errors name our functions.
 */
import { join } from "node:path";
import process from "node:process";
import { executableOf } from "../../tests/support/runtimes.ts";
import { writeProgram } from "./file.ts";
import { assertIsMidge, run, withFolder } from "./run.ts";
import { type Target, UnavailableError } from "./target.ts";

/** The systems, as in file names; Bun's target is `bun-` and the same name. */
const SYSTEMS = [
  "linux-x64",
  "linux-arm64",
  "linux-x64-musl",
  "darwin-x64",
  "darwin-arm64",
  "windows-x64",
] as const;

const FLAGS = [
  "--compile",
  "--format=esm",
  "--bytecode",
  // Settings in the folder in which a broker is started are not the broker's.
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--no-compile-autoload-package-json",
];

export const bunBinary: Target = {
  doc: "midge, a binary for this machine, on Bun",
  build(out: string): string[] {
    const path = join(out, withSuffix("midge", process.platform === "win32"));
    compile(path, []);
    assertIsMidge(path);
    return [path];
  },
};

/** A target for each system, by its name. */
export const foreignBinaries: Readonly<Record<string, Target>> = Object
  .fromEntries(SYSTEMS.map((system) => [system, foreignBinary(system)]));

export const allBinaries: Target = {
  doc: "a binary on Bun for each of these systems",
  build: (out: string): string[] =>
    Object.values(foreignBinaries).flatMap((target) => target.build(out)),
};

function foreignBinary(system: string): Target {
  const name = withSuffix(`midge-${system}`, system.startsWith("windows"));
  return {
    doc: name,
    build(out: string): string[] {
      const path = join(out, name);
      compile(path, [`--target=bun-${system}`]);
      return [path];
    },
  };
}

function withSuffix(name: string, isWindows: boolean): string {
  return isWindows ? `${name}.exe` : name;
}

function compile(path: string, flags: readonly string[]): void {
  const bun = executableOf("bun");
  if (bun === undefined) throw new UnavailableError("there is no Bun");
  withFolder((folder) => {
    const program = join(folder, "midge.mjs");
    writeProgram(program);
    const args = ["build", ...FLAGS, ...flags, program, `--outfile=${path}`];
    try {
      // In a folder of its own: Bun leaves files in its working folder.
      run(bun, args, folder);
    } catch (error) {
      if (!/Failed to download/.test(String(error))) throw error;
      throw new UnavailableError(`Bun cannot have its base: ${error}`);
    }
  });
}
