/**
 * The garbage collector, asked once: what a start has left behind is not given
 * back by itself as long as a server has little to do. V8 keeps room for as many
 * new objects as there were at the busiest moment, 32 MB in Node after a file
 * with 10,000 accounts.
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
