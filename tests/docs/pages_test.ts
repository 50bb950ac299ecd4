/**
 * The documents, followed to the letter: what README.md and the pages of docs/
 * and examples/ tell a reader to do is done, and what they show is compared with
 * what is there. Their commands use fixed ports, so each page waits for its turn.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Stage } from "../article/stage.ts";
import { PROJECT_FOLDER, sameEverywhere } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { type Block, blocksOf, commandsOf, documents } from "./markdown.ts";
import { follow } from "./reader.ts";
import { terminalMissing } from "./terminal.ts";
import { hasProgram } from "./workshop.ts";

/** A command that is not run, and why. */
interface Omission {
  readonly page: string;
  readonly command: string;
  readonly because: string;
}

const OMISSIONS: readonly Omission[] = [
  {
    page: "README.md",
    command: "npm ci && npm start",
    because: "installing needs the network; tests/article runs the broker",
  },
  {
    page: "README.md",
    command: "npm ci && npm test",
    because: "it would run itself",
  },
  {
    page: "CONTRIBUTING.md",
    command: "npm ci && npm test",
    because: "it would run itself",
  },
  {
    page: "README.md",
    command: "npm run build",
    because: "tests/ship builds, and all pages run what comes out",
  },
];

/** Not every machine has these; a chapter that calls one is left out then. */
const PEERS: readonly string[] = [
  "nats-server",
  "nats",
  "nsc",
  "etcd",
  "dnsmasq",
];

/** Its commands run tests on each runtime, whichever runs this one. */
const RUNS_TESTS = "CONTRIBUTING.md";

function reasonToSkip(page: string): string | false {
  return terminalMissing || page === RUNS_TESTS && sameEverywhere;
}

// Who waits for a turn looks more often than this.
const COURTESY_MS = 100;

function blocksIn(page: string): Block[] {
  return blocksOf(readFileSync(join(PROJECT_FOLDER, page), "utf8"));
}

const missingPeers = PEERS.filter((name) => !hasProgram(name));

/** The chapters of a page that need what this machine lacks, each with the program. */
function missingChapters(page: string): Map<string, string> {
  const chapters = new Map<string, string>();
  for (const block of blocksIn(page)) {
    if (block.language !== "sh") continue;
    const words = commandsOf(block).map((command) => command.split(" ")[0]!);
    const missing = words.find((word) => missingPeers.includes(word));
    if (missing !== undefined) chapters.set(block.chapter, missing);
  }
  return chapters;
}

for (const page of documents()) {
  const skipped = missingChapters(page);
  test(
    `${page} holds what it says`,
    { skip: reasonToSkip(page) },
    async (t) => {
      await delay(COURTESY_MS);
      await Stage.enter(t);
      await follow(t, readFileSync(join(PROJECT_FOLDER, page), "utf8"), {
        commands: OMISSIONS.filter((omission) => omission.page === page)
          .map(({ command }) => command),
        chapters: [...skipped.keys()],
      });
    },
  );
  for (const [chapter, peer] of skipped) {
    const skip = `"${peer}" does not run here`;
    test(`${page}, "${chapter}", holds what it says`, { skip }, () => {});
  }
}

for (const { page, command, because } of OMISSIONS) {
  test(`${page} says: ${command}`, { skip: because }, () => {});
}

test("what is left out stands in its page", () => {
  for (const { page, command } of OMISSIONS) {
    const commands = blocksIn(page).filter(({ language }) => language === "sh")
      .flatMap(commandsOf);
    assert.ok(commands.includes(command), `${page}: ${command}`);
  }
});
