/**
 * The documents, followed to the letter: what README.md and the pages of docs/
 * tell a reader to do is done, and what they show is compared with what is
 * there. Their commands use fixed ports, so each page waits for its turn.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Stage } from "../article/stage.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { blocksOf, commandsOf } from "./markdown.ts";
import { follow } from "./reader.ts";
import { terminalMissing } from "./terminal.ts";

/** A command that is not run, and why. */
interface Omission {
  readonly page: string;
  readonly command: string;
  readonly because: string;
}

const OMISSIONS: readonly Omission[] = [];

const PAGES = ["README.md"];
for (const name of readdirSync(join(PROJECT_FOLDER, "docs"))) {
  if (name.endsWith(".md")) PAGES.push(`docs/${name}`);
}

function textOf(page: string): string {
  return readFileSync(join(PROJECT_FOLDER, page), "utf8");
}

for (const page of PAGES) {
  test(`${page} holds what it says`, { skip: terminalMissing }, async (t) => {
    await Stage.enter(t);
    const commands = OMISSIONS.filter((omission) => omission.page === page)
      .map(({ command }) => command);
    await follow(t, textOf(page), { commands, chapters: [] });
  });
}

for (const { page, command, because } of OMISSIONS) {
  test(`${page} says: ${command}`, { skip: because }, () => {});
}

test("what is left out stands in its page", () => {
  for (const { page, command } of OMISSIONS) {
    const commands = blocksOf(textOf(page)).flatMap(commandsOf);
    assert.ok(commands.includes(command), `${page}: ${command}`);
  }
});
