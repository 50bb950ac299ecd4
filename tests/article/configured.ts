/**
 * The article's nodes as its three configuration files make them: started in
 * a folder of the test's own, where they keep their logs and PID files.
 */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { until } from "../support/until.ts";
import { ArticleNode, type NodeName, type Stage } from "./stage.ts";

/** What clients of the second node log in with. */
export const CLIENT_TOKEN = "ytb";
/** What the other nodes log in with there. */
export const ROUTE_TOKEN = "yctb";

/** A node that keeps its log and its PID file in `folder`. */
export interface ConfiguredNode {
  readonly node: ArticleNode;
  readonly log: string;
  readonly pidFile: string;
}

/** Starts them; all are ready, and have said nothing but to their logs. */
export async function startConfigured(
  t: Cleanup,
  stage: Stage,
  names: readonly NodeName[] = ["a", "b", "c"],
): Promise<ConfiguredNode[]> {
  const folder = temporaryFolder(t);
  const nodes = names.map((name): ConfiguredNode => {
    const file = `node${name}.cfg`;
    copyFileSync(
      join(PROJECT_FOLDER, "examples", "article", file),
      join(folder, file),
    );
    const program = stage.play("node", ["-c", file], folder);
    return {
      node: new ArticleNode(name, program),
      log: join(folder, `node${name}.log`),
      pidFile: join(folder, `node${name}.pid`),
    };
  });
  for (const { node, log } of nodes) {
    await until(`the start of ${log}`, () => {
      assert.equal(node.process.stderr, "");
      const lines = textOf(log);
      assert.doesNotMatch(lines, /\[FTL\]/);
      return lines.includes("Server is ready\n");
    });
  }
  return nodes;
}

/** What a file holds by now. */
export function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
