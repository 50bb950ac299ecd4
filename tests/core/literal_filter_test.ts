/** What the filter before the map of literal subjects tells, and what it must never tell. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { LiteralFilter } from "../../src/core/literal_filter.ts";
import { test } from "../support/test.ts";

function subjects(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}.${n}`);
}

function filterOf(all: readonly string[]): LiteralFilter {
  const filter = new LiteralFilter();
  for (const [n, subject] of all.entries()) {
    if (filter.isCrowded) filter.addAll(all.slice(0, n + 1));
    else filter.add(subject);
  }
  return filter;
}

function passed(filter: LiteralFilter, of: readonly string[]): number {
  return of.filter((subject) => {
    const bytes = asciiBytes(`PUB ${subject} `);
    const says = filter.mayHold(bytes, 4, bytes.length - 1);
    assert.equal(filter.mayHoldText(subject), says, subject);
    return says;
  }).length;
}

test("a filter lets through what is there, and little else", () => {
  const there = subjects("there", 3000).concat(subjects("\xc3\xa4\xff", 3000));
  const filter = filterOf(there);
  assert.equal(passed(filter, there), there.length);
  const others = subjects("_INBOX.other", 1000);
  assert.ok(passed(filter, others) < others.length / 2);
});

test("what has gone is let through no more, and what is left still is", () => {
  const there = subjects("there", 1000);
  const filter = filterOf(there);
  for (const subject of there.slice(10)) filter.remove(subject);
  assert.equal(passed(filter, there.slice(0, 10)), 10);
  assert.ok(passed(filter, there.slice(10)) < 100);
});

test("an empty filter lets nothing through", () => {
  assert.equal(passed(new LiteralFilter(), subjects("any", 10)), 0);
  const filter = filterOf(["one"]);
  filter.remove("one");
  assert.equal(passed(filter, ["one"]), 0);
});

test("a crowded slot forgets nobody", () => {
  const filter = filterOf(subjects("first", 1));
  for (let n = 0; n < 300; n++) filter.add("same");
  for (let n = 0; n < 299; n++) filter.remove("same");
  assert.equal(passed(filter, ["same"]), 1);
});
