/** Rounds: what is done between two looks at the sockets, by work and by the clock. */
import assert from "node:assert/strict";
import { LoopRounds } from "../../src/broker/connections/loop_rounds.ts";
import { TURN_WORK_MAX } from "../../src/core/work_meter.ts";
import { test } from "../support/test.ts";

/** An event loop and a clock that the test moves. */
class Loop {
  nowMs = 0;
  readonly rounds = new LoopRounds(
    (run) => this.#soon.push(run),
    () => this.nowMs,
  );
  readonly done: string[] = [];
  #soon: (() => void)[] = [];

  turn(): string[] {
    const runs = this.#soon;
    this.#soon = [];
    for (const run of runs) run();
    return this.done.splice(0);
  }

  /** Something that takes `ms`. */
  taking(ms: number, name: string): () => void {
    return () => {
      this.nowMs += ms;
      this.done.push(name);
    };
  }
}

test("what comes is done at once until the clock says that the round is full", () => {
  const loop = new Loop();
  for (const name of ["a", "b", "c", "d", "e", "f"]) {
    loop.rounds.admit(loop.taking(0.75, name));
  }
  assert.deepEqual(loop.done.splice(0), ["a", "b", "c"]);
  assert.deepEqual(loop.turn(), ["d", "e", "f"]);
  assert.deepEqual(loop.turn(), []);
});

test("a round that is full of work lets others wait, in their order", () => {
  const loop = new Loop();
  loop.rounds.spend(2 * TURN_WORK_MAX, 0);
  assert.equal(loop.rounds.isFull, true);
  for (const name of ["a", "b", "c", "d"]) {
    loop.rounds.admit(loop.taking(1, name));
  }
  assert.deepEqual(loop.turn(), ["a", "b"]);
  loop.rounds.enter(loop.taking(0, "e"));
  assert.deepEqual(loop.turn(), ["c", "d"]);
  assert.deepEqual(loop.turn(), ["e"]);
});

test("what has had its turn comes behind those that had none", () => {
  const loop = new Loop();
  let left = 3;
  const again = (): void => {
    loop.taking(2, "again")();
    loop.rounds.spend(0, 2);
    if (--left > 0) loop.rounds.enter(again);
  };
  loop.rounds.enter(again);
  loop.rounds.enter(loop.taking(0, "once"));
  assert.deepEqual(loop.turn(), ["again"]);
  assert.deepEqual(loop.turn(), ["once", "again"]);
  assert.deepEqual(loop.turn(), ["again"]);
  assert.deepEqual(loop.turn(), []);
});

test("one that fails keeps no other from its turn", () => {
  const loop = new Loop();
  loop.rounds.enter(() => {
    throw new Error("broken");
  });
  loop.rounds.enter(loop.taking(0, "a"));
  assert.throws(() => loop.turn(), /broken/);
  assert.deepEqual(loop.turn(), ["a"]);
});
