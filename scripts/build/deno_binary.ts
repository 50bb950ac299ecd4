/**
 * A standalone binary on Deno, made from the single file: from the sources it
 * would include all of `node_modules`. Deno downloads its base, `denort`, from
 * dl.deno.land, or takes the file that `DENORT_BIN` names; Deno's own
 * executable will not do.
 */
import { join } from "node:path";
import { executableOf } from "../../tests/support/runtimes.ts";
import { writeProgram } from "./file.ts";
import { assertIsMidge, run, withFolder } from "./run.ts";
import { type Target, UnavailableError } from "./target.ts";

const FLAGS = [
  // Permissions are settled now, but only the user's configuration says which
  // ports, files, variables and hosts the broker needs.
  "--allow-all",
  // Otherwise it would keep compiled code in the folder for temporary files.
  "--no-code-cache",
  "--no-config",
];

export const denoBinary: Target = {
  doc: "midge-deno, a binary for this machine, on Deno",
  build(out: string): string[] {
    const deno = executableOf("deno");
    if (deno === undefined) throw new UnavailableError("there is no Deno");
    const path = join(out, "midge-deno");
    withFolder((folder) => {
      const program = join(folder, "midge.mjs");
      writeProgram(program);
      compile(deno, ["compile", ...FLAGS, "--output", path, program], folder);
    });
    assertIsMidge(path);
    return [path];
  },
};

function compile(deno: string, args: readonly string[], cwd: string): void {
  try {
    run(deno, args, cwd);
  } catch (error) {
    if (!/Setting up base binary/.test(String(error))) throw error;
    throw new UnavailableError(`Deno cannot have its base: ${error}`);
  }
}
