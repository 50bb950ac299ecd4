/** JSON by lines, out of pieces. */
import assert from "node:assert/strict";
import { jsonLines } from "../../src/discovery/sources/json_lines.ts";
import { test } from "../support/test.ts";

const LIMIT = 64;

async function valuesOf(...chunks: readonly Uint8Array[]): Promise<unknown[]> {
  return await Array.fromAsync(jsonLines(ReadableStream.from(chunks), LIMIT));
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

test("lines are found wherever the pieces end", async () => {
  const whole = bytes('{"name":"mücke"}\n\n7\r\n[1,\t2]\n"🦟"');
  for (let cut = 0; cut <= whole.length; cut++) {
    const values = await valuesOf(whole.subarray(0, cut), whole.subarray(cut));
    assert.deepEqual(values, [{ name: "mücke" }, 7, [1, 2], "🦟"]);
  }
  const single = [...whole].map((byte) => Uint8Array.of(byte));
  assert.equal((await valuesOf(...single)).length, 4);
});

test("a line may be as long as the limit, and no longer", async () => {
  const longest = JSON.stringify("x".repeat(LIMIT - 2));
  const lines = bytes(`${longest}\n${longest}\n`);
  assert.equal((await valuesOf(lines)).length, 2);
  const tooLong = bytes(` ${longest}`);
  await assert.rejects(valuesOf(tooLong), /longer than 64 bytes$/);
  const halves = [tooLong.subarray(0, 40), tooLong.subarray(40)];
  await assert.rejects(valuesOf(...halves), /longer than 64 bytes$/);
});

test("a line that is no JSON is an error", async () => {
  await assert.rejects(valuesOf(bytes('{"a":\n1}')), /not JSON$/);
  await assert.rejects(valuesOf(bytes("1\n{")), /not JSON$/);
});
