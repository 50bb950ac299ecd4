/** docs/conformance.md names tests that are there, and says no more of them than holds. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

interface Row {
  readonly chapter: string;
  readonly asked: string;
  readonly answer: string;
}

const ROWS: readonly Row[] = rows();

/** A file, and perhaps the title of a test in it. */
const NAMED = /`(tests\/[\w/]+(?:_test\.ts|\.talk))`(?:, "([^"]+)")?/g;

function rows(): Row[] {
  const page = readFileSync(
    join(PROJECT_FOLDER, "docs/conformance.md"),
    "utf8",
  );
  const found: Row[] = [];
  let chapter = "";
  for (const line of page.split("\n")) {
    if (line.startsWith("## ")) chapter = line.slice(3);
    const [, asked, answer] = /^\| (.*?) +\| (.*?) *\|$/.exec(line) ?? [];
    const isRow = answer !== undefined && !/^(?:Midge|-+)$/.test(answer);
    if (isRow) found.push({ chapter, asked: asked!, answer });
  }
  return found;
}

function textOf(file: string): string {
  const path = join(PROJECT_FOLDER, file);
  assert.ok(existsSync(path), `${file} is not there`);
  return readFileSync(path, "utf8");
}

test("each test that the page names is there", () => {
  assert.ok(ROWS.length > 150, `${ROWS.length} rows`);
  for (const { asked, answer } of ROWS) {
    for (const [, file = "", title] of answer.matchAll(NAMED)) {
      if (title === undefined) textOf(file);
      else assert.ok(textOf(file).includes(title), `${asked}: ${title}`);
    }
  }
});

test("a row says what covers it, or why nothing does", () => {
  for (const { asked, answer } of ROWS) {
    assert.match(answer, /`tests\/|^[A-Za-z`]+ .{10,}/, asked);
    const rest = answer.replaceAll(NAMED, "").replaceAll("; ", "").trim();
    const isNamed = answer.includes("`tests/");
    assert.equal(rest === "", isNamed, `${asked}: ${rest}`);
  }
});

test("a test that an advisory called for names it", () => {
  const advisories = ROWS.filter(({ chapter }) => chapter === "Advisories");
  assert.ok(advisories.length > 15);
  for (const { asked, answer } of advisories) {
    const files = [...answer.matchAll(NAMED)].map(([, file]) => textOf(file!));
    if (files.length === 0) continue;
    for (const id of asked.split(", ")) {
      assert.ok(files.some((text) => text.includes(id)), id);
    }
  }
});
