/** Prints how many bytes V8 keeps for new objects once many have outlived it. */
import process from "node:process";
import v8 from "node:v8";
import { keepRoomForNew } from "../../src/runtime/process/garbage.ts";
import { nextTurn } from "../../src/runtime/process/turn.ts";

if (!process.argv.includes("grow")) keepRoomForNew();
const kept: unknown[] = [];
for (let turn = 0; turn < 200; turn++) {
  for (let i = 0; i < 5000; i++) kept.push({ turn, i });
  await nextTurn();
}
const room = v8.getHeapSpaceStatistics()
  .find(({ space_name }) => space_name === "new_space");
console.log(kept.length, room?.space_size);
