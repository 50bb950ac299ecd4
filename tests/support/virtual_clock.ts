/** The test kit's virtual clock, on this runtime's event loop. */
import { nextTurn } from "../../src/runtime/process/turn.ts";
import { ManualClock } from "../../src/testkit/time/manual_clock.ts";

export class VirtualClock extends ManualClock {
  constructor(startMs?: number) {
    super(nextTurn, startMs);
  }
}
