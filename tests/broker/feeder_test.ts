/** What the server feeds clients with over many turns. */
import assert from "node:assert/strict";
import { Feeder, type Feeding } from "../../src/broker/connections/feeder.ts";
import { Turn } from "../../src/broker/connections/turn.ts";
import { test } from "../support/test.ts";

/** A turn whose event loop is moved by hand. */
function stage(): { turn: Turn<Feeding>; loop(): void } {
  const soon: (() => void)[] = [];
  const turn = new Turn<Feeding>(
    (run) => void soon.push(run),
    { traceEnabled: false },
    () => 0,
  );
  return {
    turn,
    loop: () => {
      for (const run of soon.splice(0)) run();
    },
  };
}

test("long work is done in parts, one in each turn of the loop", () => {
  const { turn, loop } = stage();
  let parts = 0;
  const feeder = new Feeder(turn, () => ++parts === 3);
  feeder.goOn();
  assert.equal(parts, 0);
  for (const expected of [1, 2, 3, 3, 3]) {
    loop();
    assert.equal(parts, expected);
  }
  feeder.goOn();
  loop();
  assert.equal(parts, 4);
});

test("what a part has written is flushed behind it, in its name", () => {
  const { turn, loop } = stage();
  const owners: unknown[] = [];
  const output = {
    isNoted: false,
    waitingBytes: 0,
    flush(): void {
      this.isNoted = false;
      owners.push(turn.owner);
    },
  };
  let parts = 0;
  const feeder: Feeder = new Feeder(turn, () => {
    turn.note(output);
    return ++parts === 2;
  });
  feeder.goOn();
  loop();
  assert.deepEqual(owners, [feeder]);
  loop();
  assert.deepEqual(owners, [feeder, feeder]);
  assert.equal(turn.owner, undefined);
});

test("long work waits for all consumers that hold it", () => {
  const { turn, loop } = stage();
  let parts = 0;
  const feeder: Feeder = new Feeder(turn, () => ++parts === 3);
  feeder.goOn();
  loop();
  feeder.hold();
  feeder.hold();
  for (let turns = 0; turns < 3; turns++) loop();
  assert.equal(parts, 1);
  feeder.letGo();
  for (let turns = 0; turns < 3; turns++) loop();
  assert.equal(parts, 1);
  feeder.letGo();
  for (let turns = 0; turns < 3; turns++) loop();
  assert.equal(parts, 3);
});

test("a part that throws is the last, and ends the turn", () => {
  const { turn, loop } = stage();
  const feeder = new Feeder(turn, () => {
    throw new Error("broken");
  });
  feeder.goOn();
  assert.throws(loop, /broken/);
  assert.equal(turn.owner, undefined);
  loop();
});
