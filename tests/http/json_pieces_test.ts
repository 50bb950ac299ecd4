/** JSON in pieces: the same text as in one go, and rows only when they are due. */
import assert from "node:assert/strict";
import { goJson } from "../../src/core/json.ts";
import { jsonPieces, Rows } from "../../src/http/json_pieces.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** All pieces, in order. */
function piecesOf(value: unknown, indent: number): string[] {
  const pieces = jsonPieces(value, indent);
  const texts: string[] = [];
  let step = pieces.next();
  for (; !step.done; step = pieces.next()) texts.push(step.value);
  return [...texts, step.value];
}

function sameAsWhole(value: unknown): void {
  for (const indent of [0, 2]) {
    assert.equal(piecesOf(value, indent).join(""), goJson(value, indent));
  }
}

function numbers(length: number): number[] {
  return Array.from({ length }, (_, at) => at);
}

test("a value without rows is printed as ever", () => {
  for (const value of [null, 7, "<é>", [], {}, [1, [2]], { a: { b: [] } }]) {
    sameAsWhole(value);
  }
});

test("rows are printed as a list, wherever they stand", () => {
  const rows = (length: number) =>
    Rows.of(numbers(length), (at) => ({ at, text: `<${at}>\n` }));
  for (const length of [0, 1, 2, 63, 64, 65, 129]) {
    sameAsWhole(rows(length));
    const fields = { before: 1, left: undefined, rows: rows(length) };
    sameAsWhole({ ...fields, after: [2] });
    sameAsWhole({ server: { id: 1 }, data: { inner: fields }, after: [2] });
  }
});

test("rows may have rows of their own, beside rows that have none", () => {
  const row = (at: number) => ({
    at,
    inner: at % 3 === 0
      ? Rows.of(numbers(at), (inner) => `${at}.${inner}`)
      : undefined,
  });
  sameAsWhole({ list: Rows.of(numbers(200), row), empty: Rows.of([], row) });
});

test("rows that are no list print as null, and are empty for a program", () => {
  const value = { list: Rows.none(), after: [2] };
  assert.equal(piecesOf(value, 0).join(""), '{"list":null,"after":[2]}');
  assert.deepEqual(JSON.parse(JSON.stringify(value)), { list: [], after: [2] });
});

test("random pages are printed as in one go", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const value = (depth: number): unknown => {
    const kind = depth === 0 ? 0 : randomBelow(random, 4);
    if (kind === 0) return randomBelow(random, 1000);
    if (kind === 1) return "x".repeat(randomBelow(random, 3000));
    const parts = numbers(randomBelow(random, 5)).map(() => value(depth - 1));
    return kind === 2
      ? Rows.of(parts, (part) => part)
      : Object.fromEntries(parts.map((part, at) => [`k${at}`, part]));
  };
  for (let round = 0; round < 200; round++) {
    const page = { page: value(5) };
    for (const indent of [0, 2]) {
      const text = piecesOf(page, indent).join("");
      assert.equal(text, goJson(page, indent), `seed ${seed}`);
    }
  }
});

test("a long list comes in pieces of about one size, and its rows are made one piece ahead at most", () => {
  let made = 0;
  const page = {
    rows: Rows.of(numbers(20_000), (at) => {
      made++;
      return { at, text: "x".repeat(50) };
    }),
  };
  const pieces = jsonPieces(page, 2);
  const first = pieces.next();
  assert.ok(made > 100 && made < 2000, `${made} rows for the first piece`);
  const texts: string[] = [first.value];
  for (let step = pieces.next();; step = pieces.next()) {
    texts.push(step.value);
    if (step.done) break;
  }
  assert.equal(made, 20_000);
  assert.ok(texts.length > 20, `${texts.length} pieces`);
  for (const text of texts) assert.ok(text.length < 100_000);
  assert.equal(JSON.parse(texts.join("")).rows.length, 20_000);
});

test("a short page is one piece", () => {
  const page = { rows: Rows.of(numbers(100), (at) => ({ at })) };
  assert.equal(piecesOf(page, 2).length, 1);
});
