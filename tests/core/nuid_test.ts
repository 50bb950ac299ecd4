/** Ids that nobody else has: what they look like, and that they differ. */
import assert from "node:assert/strict";
import type { Random } from "../../src/platform/clock.ts";
import { Nuid, serverId } from "../../src/core/nuid.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

/** A `Random` without surprises: `float` always, and bytes from `byteAt`. */
function fixedRandom(float: number, byteAt: (i: number) => number): Random {
  return {
    next: () => float,
    fill(target) {
      for (let i = 0; i < target.length; i++) target[i] = byteAt(i);
    },
  };
}

test("a NUID has 22 chars of base 62", () => {
  const seed = freshSeed();
  console.log(`nuid seed ${seed}`);
  const nuid = new Nuid(seededRandom(seed));
  for (let i = 0; i < 1000; i++) assert.match(nuid.next(), /^[0-9A-Za-z]{22}$/);
});

test("NUIDs differ within a maker, between makers and after a reset", () => {
  const seed = freshSeed();
  console.log(`nuid seed ${seed}`);
  const makers = [seed, seed + 1, seed + 2].map((s) =>
    new Nuid(seededRandom(s))
  );
  const ids = new Set<string>();
  for (const maker of makers) {
    for (let i = 0; i < 50_000; i++) ids.add(maker.next());
    maker.reset();
    for (let i = 0; i < 50_000; i++) ids.add(maker.next());
  }
  assert.equal(ids.size, 300_000);
});

test("NUIDs of a maker share their prefix and count up in small steps", () => {
  const nuid = new Nuid(fixedRandom(0, (i) => i));
  const ids = [nuid.next(), nuid.next(), nuid.next()];
  assert.deepEqual(ids, [
    "0123456789AB000000000X",
    "0123456789AB0000000014",
    "0123456789AB000000001b",
  ]);
  nuid.reset();
  assert.equal(nuid.next(), ids[0]);
});

test("a tail that overflows gets a new prefix", () => {
  let fills = 0;
  // The tail starts at its last value, so the first step overflows it.
  const nuid = new Nuid(fixedRandom(0.999, (i) => {
    if (i === 0) fills++;
    return fills;
  }));
  assert.match(nuid.next(), /^222222222222/);
  assert.equal(fills, 2);
});

test("bytes that would favour some chars are not used", () => {
  let at = 0;
  const bytes = [255, 248, 61, 247, 250];
  const nuid = new Nuid(fixedRandom(0, () => bytes[at++ % bytes.length]!));
  assert.match(nuid.next(), /^z{12}/);
});

test("a server id has the form that nkeys gives a server's public key", () => {
  // Made with the nkeys library from the same 32 bytes.
  const random = fixedRandom(0, (i) => (i * 7 + 1) & 0xff);
  assert.equal(
    serverId(random),
    "NAAQQDYWDUSCWMRZIBDU4VK4MNVHC6D7Q2GZJG5CVGYLPPWFZTJ5UV4Y",
  );
});

test("server ids differ", () => {
  const seed = freshSeed();
  console.log(`server id seed ${seed}`);
  const random = seededRandom(seed);
  const ids = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const id = serverId(random);
    assert.match(id, /^N[A-Z2-7]{55}$/);
    ids.add(id);
  }
  assert.equal(ids.size, 1000);
});
