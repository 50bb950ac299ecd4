/**
 * The garbage collector, told once behind a start. What a start has left behind
 * is not given back by itself as long as a server has little to do. V8 keeps
 * room for as many new objects as there were at the busiest moment, 32 MB in
 * Node after a file with 10,000 accounts.
 */

import { builtInModule } from "./built_in.ts";

/** V8's own function, in a context that is made while its flag is set. */
type Collect = (how: { type: "major"; flavor: "last-resort" }) => void;

/** What is used of `node:v8` and `node:vm`, which only this loads. */
interface V8 {
  setFlagsFromString(flag: string): void;
}

interface Vm {
  runInNewContext(code: string): Collect;
}

/**
 * From now on the room for new objects does not grow any more. V8 doubles it, to
 * 48 MB, whenever as much as it holds outlives a collection, and keeps it: 3,000
 * clients that come are enough, or 200,000 subjects. A message makes next to
 * nothing, so that a server has no use for more than its own start has needed.
 * On other runtimes nothing happens: Deno does not let itself be told.
 */
export function keepRoomForNew(): void {
  try {
    const v8 = builtInModule<V8>("node:v8");
    v8.setFlagsFromString("--semi-space-growth-factor=1");
  } catch {
    // A runtime without V8.
  }
}

/** Gives back what it can, which takes about 10 ms. Where it cannot, nothing happens. */
export function collectGarbage(): void {
  const { Bun } = globalThis as {
    readonly Bun?: { gc(isWaitedFor: boolean): void };
  };
  if (Bun !== undefined) return Bun.gc(true);
  try {
    const v8 = builtInModule<V8>("node:v8");
    const vm = builtInModule<Vm>("node:vm");
    v8.setFlagsFromString("--expose-gc");
    const collect = vm.runInNewContext("gc");
    v8.setFlagsFromString("--no-expose-gc");
    collect({ type: "major", flavor: "last-resort" });
  } catch {
    // A runtime that does not let itself be asked collects when it likes.
  }
}
