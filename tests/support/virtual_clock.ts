/** The test kit's virtual clock, on this runtime's event loop. */
import { nextTurn } from "../../src/runtime/turn.ts";
import { VirtualClock as BareVirtualClock } from "../../src/testkit/virtual_clock.ts";

export class VirtualClock extends BareVirtualClock {
  constructor(startMs?: number) {
    super(nextTurn, startMs);
  }
}
