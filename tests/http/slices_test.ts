/** Work in slices: all at once, or no more than one slice in a turn. */
import assert from "node:assert/strict";
import {
  atOnce,
  finishNow,
  SliceBudget,
  type SlicedWork,
  SliceQueue,
  type TextPieces,
} from "../../src/http/slices.ts";
import { test } from "../support/test.ts";

/** Turns of an event loop that the test makes. */
class Turns {
  readonly #due: (() => void)[] = [];

  readonly runSoon = (run: () => void): void => void this.#due.push(run);

  /** One turn, and all that it sets off. */
  async next(): Promise<void> {
    for (const run of this.#due.splice(0)) run();
    await settled();
  }
}

/** Lets all promises run that can. */
async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await Promise.resolve();
}

/** Work of `slices` slices, noted in `done` one by one. */
function* work(
  name: string,
  slices: number,
  done: string[],
): SlicedWork<string> {
  for (let slice = 1; slice <= slices; slice++) {
    done.push(`${name}${slice}`);
    if (slice < slices) yield;
  }
  return name;
}

test("work that is finished now has all its slices in one go", () => {
  const done: string[] = [];
  assert.equal(finishNow(work("a", 3, done)), "a");
  assert.deepEqual(done, ["a1", "a2", "a3"]);
  assert.equal(finishNow(atOnce(7)), 7);
});

test("a budget tells after each slice that it is done", () => {
  const budget = new SliceBudget(3);
  const told = [1, 1, 1, 2, 5, 1].map((cost) => budget.spend(cost));
  assert.deepEqual(told, [false, false, true, false, true, false]);
});

test("a turn has one whole slice, and those that wait take turns", async () => {
  const turns = new Turns();
  const queue = new SliceQueue(turns.runSoon);
  const done: string[] = [];
  const results = ["a", "b"].map((name) => queue.finish(work(name, 3, done)));
  const perTurn: string[][] = [];
  for (let turn = 0; turn < 8; turn++) {
    await settled();
    perTurn.push(done.splice(0));
    await turns.next();
  }
  // The last slice of a piece of work is a short one: another has room beside it.
  assert.deepEqual(
    perTurn.filter((slices) => slices.length > 0),
    [["a1"], ["b1"], ["a2"], ["b2"], ["a3", "b3"]],
  );
  assert.deepEqual(await Promise.all(results), ["a", "b"]);
});

test("short work is done at once, up to a number in one turn", async () => {
  const turns = new Turns();
  const queue = new SliceQueue(turns.runSoon);
  const done: string[] = [];
  for (let count = 0; count < 40; count++) {
    void queue.finish(work("x", 1, done));
  }
  await settled();
  assert.equal(done.length, 16);
  await turns.next();
  assert.equal(done.length, 32);
  await turns.next();
  assert.equal(done.length, 40);
});

test("work that fails rejects, and the rest goes on", async () => {
  const turns = new Turns();
  const queue = new SliceQueue(turns.runSoon);
  function* failing(): SlicedWork<string> {
    yield;
    throw new Error("on purpose");
  }
  const failed = assert.rejects(queue.finish(failing()), /on purpose/);
  const done: string[] = [];
  const other = queue.finish(work("a", 2, done));
  for (let turn = 0; turn < 4; turn++) await turns.next();
  await failed;
  assert.equal(await other, "a");
});

test("work for a client that is gone ends with its slice", async () => {
  const turns = new Turns();
  const queue = new SliceQueue(turns.runSoon);
  const gone = new AbortController();
  const done: string[] = [];
  const ended = assert.rejects(queue.finish(work("a", 9, done), gone.signal));
  await turns.next();
  gone.abort();
  for (let turn = 0; turn < 4; turn++) await turns.next();
  await ended;
  assert.ok(done.length < 4, `${done.length} slices`);
});

test("a text of one piece is printed whole, a longer one as it is asked for", async () => {
  const turns = new Turns();
  const queue = new SliceQueue(turns.runSoon);
  let made = 0;
  function* text(pieces: number): TextPieces {
    for (made = 1; made < pieces; made++) yield `${made} `;
    return "end";
  }
  assert.equal(await queue.print(text(1)), "end");
  const printed = await queue.print(text(3));
  assert.ok(typeof printed !== "string");
  assert.equal(made, 1, "nothing is made ahead");
  const parts: string[] = [];
  const read = (async () => {
    for await (const part of printed) parts.push(part);
  })();
  for (let turn = 0; turn < 4; turn++) await turns.next();
  await read;
  assert.deepEqual(parts, ["1 ", "2 ", "end"]);
});
