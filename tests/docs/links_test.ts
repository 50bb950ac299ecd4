/** What the pages lead to: the targets of links, and files that are named. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { documents } from "./markdown.ts";

/** Pages that name files of the repository, as `src/core/log.ts` or `core/log.ts`. */
const NAMING =
  /^(?:ARCHITECTURE|CONTRIBUTING|SECURITY|tests\/README|docs\/decisions\/.*)\.md$/;

/** Where the names of ARCHITECTURE.md begin: a file may be named within its room. */
const SOURCES: readonly string[] = [
  "src",
  "src/client",
  "src/discovery",
  "src/jetstream",
];

test("links and names of files lead to what is there", () => {
  const lost = [...documents(), "ARCHITECTURE.md"].flatMap((page) => {
    const text = readFileSync(join(PROJECT_FOLDER, page), "utf8");
    const links = text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g);
    const names = text.matchAll(/`([\w.-]+\/[\w./-]*)`/g);
    const isThere = (...path: readonly string[]): boolean =>
      existsSync(join(PROJECT_FOLDER, ...path));
    return [
      ...[...links].map(([, target]) => target!)
        .filter((target) => !isThere(dirname(page), target)),
      ...[...names].map(([, name]) => name!)
        .filter((name) =>
          NAMING.test(page) && !name.startsWith(".tools/") &&
          ![".", dirname(page), ...SOURCES].some((top) => isThere(top, name))
        ),
    ].map((name) => `${page}: ${name}`);
  });
  assert.deepEqual(lost, []);
});

test("tests that show what JetStream promises are there", () => {
  const page = readFileSync(join(PROJECT_FOLDER, "docs/jetstream.md"), "utf8");
  const names = [...page.matchAll(/`(\w+_test\.ts)`/g)].map(([, name]) =>
    name!
  );
  assert.ok(names.length > 0);
  const folder = join(PROJECT_FOLDER, "tests/jetstream");
  const lost = names.filter((name) => !existsSync(join(folder, name)));
  assert.deepEqual(lost, []);
});
