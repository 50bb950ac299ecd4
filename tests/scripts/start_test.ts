/** What `npm start` runs, on a machine that no longer reaches npm's registry. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  executableOf,
  PROJECT_FOLDER,
  sameEverywhere,
} from "../support/runtimes.ts";
import { spawnCommand } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

test(
  "npm start needs no more than npm ci has brought",
  { skip: sameEverywhere },
  async (t) => {
    const file = readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8");
    const { scripts }: { scripts: { start: string } } = JSON.parse(file);
    const [deno, ...words] = scripts.start.split(" ");
    assert.equal(deno, "deno");
    const command = [executableOf("deno")!, ...words, "-v"];
    const env = {
      DENO_DIR: temporaryFolder(t),
      // Nobody listens on port 1.
      NPM_CONFIG_REGISTRY: "http://127.0.0.1:1",
    };
    const child = spawnCommand(command, { cwd: PROJECT_FOLDER, env });
    t.after(() => child.stop());
    const { code } = await child.exited;
    assert.equal(code, 0, child.stderr);
    assert.match(child.stdout, /^midge \d/);
  },
);
