/** The real `nsc`, which makes operators, accounts and users, in a folder of the test. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { TOOLS_FOLDER } from "./runtimes.ts";

const COMMAND: string = process.env["MIDGE_NSC"] || built();

function built(): string {
  const path = join(TOOLS_FOLDER, "go", "nsc");
  return existsSync(path) ? path : "nsc";
}

/** Why `nsc` cannot be used; false when it can. For the `skip` option of tests. */
export const nscMissing: string | false =
  spawnSync(COMMAND, ["--version"]).status === 0
    ? false
    : `"${COMMAND}" does not run; set MIDGE_NSC`;

/** All that one operator has. */
export class Nsc {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Runs a command. Throws with what it said when it fails. */
  run(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(
      COMMAND,
      [...args, "--all-dirs", this.#folder],
      {
        encoding: "utf8",
        env: {
          ...process.env,
          NSC_NO_GIT_IGNORE: "true",
          XDG_CONFIG_HOME: this.#folder,
          XDG_DATA_HOME: this.#folder,
        },
      },
    );
    if (status === 0) return stdout + stderr;
    throw new Error(`nsc ${args.join(" ")}: ${stdout}${stderr}`);
  }

  /** A configuration that has all accounts. */
  writeConfig(file: string): void {
    this.run(
      "generate",
      "config",
      "--mem-resolver",
      "--force",
      "--config-file",
      file,
    );
  }

  /** The credentials of a user. */
  creds(operator: string, account: string, user: string): Uint8Array {
    const folder = join(this.#folder, "creds", operator, account);
    return new Uint8Array(readFileSync(join(folder, `${user}.creds`)));
  }
}
