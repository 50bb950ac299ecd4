/**
 * The second form of the npm package's modules, for what loads CommonJS alone:
 * jest as it comes, and Node before it could `require` an ES module. Each module
 * is translated by itself, so that both forms have the same files. A program
 * that has the choice takes the ES modules (`writeManifest` in `package.ts`).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { esbuildExecutable } from "./bundle.ts";
import { run } from "./run.ts";

/** Translates `modules`, which stand below `from`, into the folder `to`. */
export function toCommonJs(
  modules: readonly string[],
  from: string,
  to: string,
): void {
  run(esbuildExecutable(), [
    ...modules,
    "--format=cjs",
    "--platform=node",
    "--target=node20",
    "--charset=utf8",
    // jest has no `import()` in its CommonJS modules, unless Node is given a flag.
    "--supported:dynamic-import=false",
    "--log-level=warning",
    `--outbase=${from}`,
    `--outdir=${to}`,
  ]);
  writeFileSync(join(to, "package.json"), '{ "type": "commonjs" }\n');
}
