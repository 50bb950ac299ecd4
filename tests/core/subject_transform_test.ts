/** Transforms of subjects: what they make, their way back, and what is refused with which words. */
import assert from "node:assert/strict";
import {
  mappingTransform,
  SubjectTransform,
  tokenized,
  untokenized,
} from "../../src/core/subject_transform.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { withAccountHashes } from "../../src/core/transform_function.ts";
import { test } from "../support/test.ts";
import { badImports, badMappings, transformRows } from "./transform_rows.ts";

const random = seededRandom(1);

test("a transform makes of each subject what nats-server makes of it", () => {
  for (const { source, destination, made } of transformRows) {
    const transform = mappingTransform(source, destination, "$G");
    for (const [subject, expected] of Object.entries(made)) {
      assert.equal(
        transform.apply(subject, random),
        expected,
        `${source} to ${destination}: ${subject}`,
      );
    }
  }
});

test("a mapping that makes no sense is refused with nats-server's text", () => {
  for (const [source, destination, message] of badMappings) {
    assert.throws(
      () => mappingTransform(source, destination, "$G"),
      { code: "SUBJECT_TRANSFORM", message },
      `${source} to ${destination}`,
    );
  }
});

test("an import's transform has wildcards only, and all of them", () => {
  for (const [source, destination, message] of badImports) {
    assert.throws(
      () => SubjectTransform.parse(source, destination, { strict: true }),
      { code: "SUBJECT_TRANSFORM", message },
      `${source} to ${destination}`,
    );
  }
});

test("parts of a token that are empty are left out of a split", () => {
  const transform = mappingTransform("s.*", "x.{{split(1,-)}}", "$G");
  assert.equal(transform.apply("s.---a---b--", random), "x.a.b");
});

test("random gives each number below its bound", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const chance = seededRandom(seed);
  const transform = mappingTransform("a.*", "{{random(3)}}.$1", "$G");
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) seen.add(transform.apply("a.b", chance));
  assert.deepEqual([...seen].sort(), ["0.b", "1.b", "2.b"]);
});

test("the way back leads to the subject that was transformed", () => {
  const table: [string, string, string][] = [
    ["s.*", "x.$1", "s.a"],
    ["s.*.*", "x.$2.y.{{wildcard(1)}}", "s.a.b"],
    ["s.*.t.>", "u.$1.>", "s.a.t.c.d"],
    ["s.*.*", "$2.$1.$2", "s.a.b"],
    ["s.>", "t.>", "s.a.b"],
    ["s.a", "t", "s.a"],
    [">", "t.>", "a"],
  ];
  for (const [source, destination, subject] of table) {
    const there = SubjectTransform.parse(source, destination, { strict: true });
    const back = there.inverse();
    const made = there.apply(subject, random);
    assert.equal(back.apply(made, random), subject, `${source} ${destination}`);
    assert.equal(back.source, untokenized(destination));
  }
});

test("the hash of an account's name stands wherever its function does", () => {
  const table: [string, string, string, string][] = [
    ["a.*", "{{account-hash()}}.$1", "a.b", "szMpdrwD.b"],
    ["a", "x.{{ Account-Hash( ) }}", "a", "x.szMpdrwD"],
    ["{{account-hash()}}.*", "h.$1", "szMpdrwD.a", "h.a"],
  ];
  for (const [source, destination, subject, made] of table) {
    const transform = mappingTransform(source, destination, "$G");
    assert.equal(transform.apply(subject, random), made, destination);
  }
  const accounts = { own: "A", imported: "E" };
  const subject = "{{account-hash()}}.{{account-hash-import()}}";
  assert.equal(withAccountHashes(subject, accounts), "NUmM6cRx.jxLe3f5z");
});

test("wildcards get numbers, and numbers become wildcards", () => {
  assert.equal(tokenized("a.*.b.*.>"), "a.$1.b.$2.>");
  assert.equal(untokenized("a.$1.{{ Wildcard(2) }}.>"), "a.*.*.>");
  assert.equal(untokenized("$JS.$x.{{foo}}.$0"), "$JS.$x.{{foo}}.$0");
});
