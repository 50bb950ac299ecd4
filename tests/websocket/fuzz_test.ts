/** Random frames and requests: a small share of what `scripts/fuzz_websocket.ts` tries. */
import assert from "node:assert/strict";
import type { Random } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { tryRequest, tryStream, tryWrites } from "./fuzz.ts";

const ROUNDS = 10_000;

/** Tries many, and gives how they ended. */
function tryMany(
  name: string,
  tryOne: (random: Random) => string,
): ReadonlySet<string> {
  const seed = freshSeed();
  console.log(`${name} seed ${seed}`);
  const random = seededRandom(seed);
  const ends = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) ends.add(tryOne(random));
  return ends;
}

test("frames say the same however they are cut, and what a naive reader reads", () => {
  assert.deepEqual([...tryMany("frames", tryStream)].sort(), [
    "RSV2 and RSV3 must be clear",
    "close frame payload cannot be 1 byte",
    "closed",
    "compressed frame received without negotiated permessage-deflate",
    "control frame does not have final bit set",
    "control frame length bigger than maximum allowed of 125 bytes",
    "control frame must not be compressed",
    "flate: corrupt input",
    "invalid 64-bit payload length",
    "invalid close status code N",
    "invalid continuation frame",
    "invalid utf8 body in close frame",
    "mask bit missing",
    "mask bit must be clear",
    "maximum payload exceeded",
    "new message started before final frame for previous message was received",
    "open",
    "unknown opcode N",
  ], "every kind of end came up");
});

test("spoilt requests get an answer, the same however they are cut", () => {
  const ends = tryMany("requests", tryRequest);
  for (
    const status of ["101", "400", "404", "405", "307", "417", "501", "505"]
  ) {
    assert.ok([...ends].some((line) => line.includes(` ${status} `)), status);
  }
});

test("what is written comes out of frames again", () => {
  assert.ok(tryMany("writes", tryWrites).size > 3);
});
