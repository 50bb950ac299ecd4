/**
 * Nonsense on the wire. Random bytes and spoilt streams may be refused, but
 * only with a `ProtocolError`, and the cuts between the chunks never change
 * what comes out, how it ends, or how much waits for more.
 */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  CLIENT,
  cutAt,
  FAST_CLIENT,
  FAST_ROUTE,
  outcomeOf,
  ROUTE,
} from "./recorder.ts";
import { SAMPLES } from "./samples.ts";

const ROUNDS = 4000;
const CUTTINGS_PER_ROUND = 3;
/** Small enough that spoilt lines run into it. */
const CONTROL_LINE_LIMIT = 40;
/** Bytes that mean something to the parser come up far more often than others. */
const ALPHABET = asciiBytes("PINGOUBSHMR+-LCET \t\r\n0129afo{}");

test("random bytes never break the parser", (t) => {
  const random = announcedRandom(t);
  for (let round = 0; round < ROUNDS; round++) {
    const input = new Uint8Array(randomBelow(random, 80));
    if (round % 2 === 0) random.fill(input);
    else input.forEach((_, at) => input[at] = pick(random, ALPHABET));
    chunkingMakesNoDifference(random, input);
  }
});

test("spoilt streams never break the parser", (t) => {
  const random = announcedRandom(t);
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const refusals = chunkingMakesNoDifference(random, spoiltStream(random));
    for (const refusal of refusals) seen.add(refusal);
  }
  assert.deepEqual([...seen].sort(), [
    "",
    "Maximum Control Line Exceeded: maximum control line exceeded",
    "Protocol Violation: ",
    "Protocol Violation: Unknown Protocol Operation",
  ], "every kind of end came up");
});

/** Parses whole and in random chunks, in each dialect; gives the refusals. */
function chunkingMakesNoDifference(
  random: Random,
  input: Uint8Array,
): string[] {
  for (const [fast, slow] of [[FAST_CLIENT, CLIENT], [FAST_ROUTE, ROUTE]]) {
    const wanted = outcomeOf(slow!, [input], CONTROL_LINE_LIMIT);
    for (const mostAgain of [0, 1, Infinity]) {
      assert.deepEqual(
        outcomeOf(fast!, [input], CONTROL_LINE_LIMIT, mostAgain),
        wanted,
        "the fast lane reads nothing else",
      );
    }
  }
  return [...SAMPLES.keys()].map((dialect) => {
    const whole = outcomeOf(dialect, [input], CONTROL_LINE_LIMIT);
    for (let i = 0; i < CUTTINGS_PER_ROUND; i++) {
      const chunks = cutAt(input, randomPlaces(random, input.length));
      const cut = outcomeOf(dialect, chunks, CONTROL_LINE_LIMIT);
      assert.deepEqual(cut, whole, `${dialect.name}: ${describe(chunks)}`);
    }
    return whole.refusal;
  });
}

function spoiltStream(random: Random): Uint8Array {
  const samples = pick(random, [...SAMPLES.values()]);
  // Lines come once or several times in a row.
  const stream = Array.from(
    { length: 5 },
    () => pick(random, samples).wire.repeat(1 + randomBelow(random, 3)),
  );
  const bytes = Array.from(asciiBytes(stream.join("")));
  for (let i = randomBelow(random, 4); i > 0; i--) spoil(random, bytes);
  return Uint8Array.from(bytes);
}

function spoil(random: Random, bytes: number[]): void {
  const at = randomBelow(random, bytes.length);
  const length = randomBelow(random, 8);
  switch (randomBelow(random, 4)) {
    case 0: // a wrong byte
      bytes[at] = pick(random, ALPHABET);
      return;
    case 1: // bytes lost
      bytes.splice(at, length);
      return;
    case 2: // bytes come twice
      bytes.splice(at, 0, ...bytes.slice(at, at + length));
      return;
    default: // bytes nobody sent, at times more than a line can hold
      bytes.splice(
        at,
        0,
        ...new Array(8 * length).fill(pick(random, ALPHABET)),
      );
  }
}

function randomPlaces(random: Random, length: number): number[] {
  const count = 1 + randomBelow(random, 10);
  return Array.from({ length: count }, () => randomBelow(random, length + 1))
    .sort((a, b) => a - b);
}

function pick<T>(random: Random, from: ArrayLike<T>): T {
  return from[randomBelow(random, from.length)]!;
}

function describe(chunks: readonly Uint8Array[]): string {
  return JSON.stringify(chunks.map((chunk) => String.fromCharCode(...chunk)));
}

function announcedRandom(t: TestContext): Random {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  return seededRandom(seed);
}
