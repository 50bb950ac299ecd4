/** The test kit's virtual clock, on this runtime's event loop. */
import { nextTurn } from "../../src/runtime/process/turn.ts";
import { ManualClock } from "../../src/testkit/time/manual_clock.ts";
import type { Cleanup } from "./temp.ts";

export class VirtualClock extends ManualClock {
  constructor(startMs?: number) {
    super(nextTurn, startMs);
  }
}

/** Lets the virtual time run while the test waits for events. */
export function keepMoving(clock: VirtualClock, t: Cleanup): void {
  let running = true;
  t.after(() => {
    running = false;
  });
  (async () => {
    while (running) await clock.advance(1);
  })();
}
