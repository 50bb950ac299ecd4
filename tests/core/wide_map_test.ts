/** Maps that may become large, and the keys that peers make up. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type MapKey, mapKey, mapKeyOfBytes } from "../../src/core/map_key.ts";
import { type KeyedMap, withRoom } from "../../src/core/wide_map.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { randomBelow } from "../../src/platform/clock.ts";

test("a text of digits has a number for a key, and no other text has the same", () => {
  assert.equal(mapKey("0"), 0);
  assert.equal(mapKey("17"), 17);
  assert.equal(mapKey("4294967295"), 4294967295);
  const others = ["", "00", "017", "1a", "-1", "+1", "1.5", "1e3", " 1", "1 "];
  for (const text of [...others, "12345678901", "x"]) {
    assert.equal(mapKey(text), text);
  }
  const numbers = ["0", "7", "17", "999999999", "1000000000", "4294967295"];
  for (const text of [...numbers, ...others.slice(1), "12345678901", "x"]) {
    const bytes = asciiBytes(`1${text} 2`);
    assert.equal(mapKeyOfBytes(bytes, 1, 1 + text.length), mapKey(text));
  }
});

test("random changes of a map that becomes large do what they do to a map", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const plain = new Map<MapKey, number>();
  const keys = new Map<number, MapKey>();
  let wide: KeyedMap<MapKey, number> = new Map();
  for (let step = 0; step < 60_000; step++) {
    const number = randomBelow(random, 20_000);
    const key = mapKey(number % 2 === 0 ? `${number}` : `subject.${number}`);
    // At first it grows, later it shrinks.
    const isAdded = randomBelow(random, 4) < (step < 30_000 ? 3 : 1);
    if (isAdded) {
      keys.set(step, key);
      wide = withRoom(wide, (value) => keys.get(value)!);
      wide.set(key, step);
      plain.set(key, step);
    } else assert.equal(wide.delete(key), plain.delete(key));
    assert.equal(wide.size, plain.size);
    assert.equal(wide.get(key), plain.get(key));
    assert.equal(wide.has(key), plain.has(key));
  }
  assert.ok(!(wide instanceof Map), "it never became large");
  const sorted = (values: Iterable<number>): number[] =>
    [...values].sort((a, b) => a - b);
  assert.deepEqual(sorted(wide.values()), sorted(plain.values()));
});
