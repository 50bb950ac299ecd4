/** Which subjects are known again, and which of them are kept at all. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { SubjectCache } from "../../src/core/subject_cache.ts";
import { test } from "../support/test.ts";

function known(cache: SubjectCache<number>, subjects: Uint8Array[]): number {
  let count = 0;
  for (const bytes of subjects) {
    const found = cache.find(bytes, 0, bytes.length);
    if (found?.value !== undefined) count++;
    else if (found !== undefined) found.value = 1;
  }
  return count;
}

function subjects(count: number, of: (n: number) => string): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => asciiBytes(of(n)));
}

test("thousands of subjects that come by turns are all known in the end", () => {
  for (const count of [10, 300, 2048, 5000]) {
    const cache = new SubjectCache<number>();
    const all = subjects(count, (n) => `orders.${n * 97}`);
    for (let round = 0; round < 60; round++) known(cache, all);
    const part = known(cache, all) / count;
    assert.ok(part > 0.95, `${part} of ${count}`);
  }
});

test("a subject is kept from its second use on, where few come", () => {
  const cache = new SubjectCache<number>();
  const [one] = subjects(1, () => "one");
  assert.equal(cache.find(one!, 0, 3), undefined);
  assert.equal(cache.find(one!, 0, 3)?.subject, "one");
});

test("subjects that are used once drive out none that come again", () => {
  const cache = new SubjectCache<number>();
  const busy = subjects(500, (n) => `orders.${n}`);
  for (let round = 0; round < 60; round++) known(cache, busy);
  const before = known(cache, busy);
  known(cache, subjects(100_000, (n) => `_INBOX.${n}`));
  assert.ok(known(cache, busy) >= before);
});

test("what is found is the subject that was asked for, though others took its place", () => {
  const cache = new SubjectCache<number>();
  const all = subjects(40_000, (n) => `${"x".repeat(n % 13)}.${n}`);
  let found = 0;
  for (let n = 0; n < 300_000; n++) {
    // Some come more often than others.
    const bytes = all[(n * n) % (n % 2 === 0 ? 40_000 : 20_011)]!;
    const entry = cache.find(bytes, 0, bytes.length);
    if (entry === undefined) continue;
    assert.equal(entry.subject, byteString(bytes));
    found++;
  }
  assert.ok(found > 10_000, `${found} were found`);
});
