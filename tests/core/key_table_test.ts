/** Tables of values that tell their keys, and keys whose hashes collide. */
import assert from "node:assert/strict";
import { KeyTable } from "../../src/core/key_table.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** Hashes as a peer may choose them; 1: all keys have the same. */
for (const hashes of [1, 7, 100_000]) {
  test(`random changes do what they do to a map, with ${hashes} hashes`, (t) => {
    const seed = freshSeed();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const map = new Map<string, number>();
    const keys = new Map<number, string>();
    const table = new KeyTable<string, number>((value) => keys.get(value)!);
    for (let step = 0; step < 40_000; step++) {
      const number = randomBelow(random, 1000);
      const [key, hash] = [`subject.${number}`, number * 7919 % hashes];
      // It grows and shrinks by turns.
      const isAdded = randomBelow(random, 8) < (step % 8000 < 4000 ? 7 : 1);
      if (isAdded) {
        keys.set(step, key);
        table.set(key, hash, step);
        map.set(key, step);
      } else assert.equal(table.delete(key, hash), map.delete(key));
      assert.equal(table.size, map.size);
      const other = randomBelow(random, 1000);
      const [asked, at] = [`subject.${other}`, other * 7919 % hashes];
      assert.equal(table.get(asked, at), map.get(asked));
      assert.equal(table.has(asked, at), map.has(asked));
    }
    assert.deepEqual(
      table.values().toSorted((a, b) => a - b),
      [...map.values()].sort((a, b) => a - b),
    );
  });
}

test("a table takes no more places when keys come and go", () => {
  const table = new KeyTable<number, number>((value) => value);
  const hashOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 8;
  for (let key = 0; key < 200; key++) table.set(key, hashOf(key), key);
  assert.equal(table.places, 256);
  for (let key = 200; key < 20_000; key++) {
    assert.ok(table.delete(key - 200, hashOf(key - 200)));
    table.set(key, hashOf(key), key);
  }
  assert.equal(table.size, 200);
  assert.equal(table.places, 256);
  for (let key = 19_800; key < 20_000; key++) table.delete(key, hashOf(key));
  assert.equal(table.size, 0);
  assert.ok(table.places <= 16, `${table.places} places for nothing`);
});

test("keys whose hashes collide are a map from a few hundred on", () => {
  const table = new KeyTable<number, number>((value) => value);
  for (let key = 0; key < 256; key++) table.set(key, 5, key);
  assert.equal(table.places, 512);
  for (let key = 256; key < 1000; key++) table.set(key, 5, key);
  assert.equal(table.places, 0);
  assert.equal(table.size, 1000);
  for (let key = 0; key < 1000; key++) assert.equal(table.get(key, 5), key);
  assert.equal(table.get(1000, 5), undefined);
  assert.ok(table.delete(500, 5) && !table.delete(500, 5));
  assert.equal(table.values().length, 999);
});
