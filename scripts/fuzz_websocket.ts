/**
 * Tries random WebSocket frames and requests, as many as it is told:
 * `deno run -A scripts/fuzz_websocket.ts 1000000 [seed]`. Half are streams of
 * frames, a quarter requests, a quarter writes. Prints what came of them, and
 * with what seed.
 */
import process from "node:process";
import { seededRandom } from "../tests/support/random.ts";
import { tryRequest, tryStream, tryWrites } from "../tests/websocket/fuzz.ts";

const count = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const random = seededRandom(seed);
const tries = [tryStream, tryRequest, tryStream, tryWrites];
const ends = new Map<string, number>();
const begin = Date.now();
console.log(`seed ${seed}`);
for (let done = 0; done < count; done++) {
  const end = tries[done % tries.length]!(random);
  ends.set(end, (ends.get(end) ?? 0) + 1);
}
const seconds = (Date.now() - begin) / 1000;
for (const [end, times] of [...ends].sort(([, a], [, b]) => b - a)) {
  console.log(`${String(times).padStart(9)}  ${end || "(nothing yet)"}`);
}
console.log(`${count} in ${seconds.toFixed(0)} s`);
