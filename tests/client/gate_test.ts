/** What may still be begun on a connection, from its beginning to its end. */
import assert from "node:assert/strict";
import {
  ClosedConnectionError,
  DrainingConnectionError,
} from "../../src/client/api/errors.ts";
import { Gate } from "../../src/client/messages/gate.ts";
import { test } from "../support/test.ts";

type Verdict = typeof ClosedConnectionError | typeof DrainingConnectionError;

interface Step {
  readonly step: "drain" | "seal" | "close" | undefined;
  /** What each check throws from then on; undefined: nothing. */
  readonly begin: Verdict | undefined;
  readonly publish: Verdict | undefined;
  readonly open: Verdict | undefined;
}

const Closed = ClosedConnectionError;
const Draining = DrainingConnectionError;

const WELL: readonly Step[] = [
  { step: undefined, begin: undefined, publish: undefined, open: undefined },
  { step: "drain", begin: Draining, publish: undefined, open: undefined },
  { step: "seal", begin: Draining, publish: Draining, open: undefined },
  { step: "close", begin: Closed, publish: Closed, open: Closed },
];

const AT_ONCE: readonly Step[] = [
  { step: "close", begin: Closed, publish: Closed, open: Closed },
];

function verdictOf(check: () => void): unknown {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.constructor : error;
  }
}

for (
  const [title, steps] of [["a drain", WELL], ["a close", AT_ONCE]] as const
) {
  test(`${title} shuts the gate step by step`, () => {
    const gate = new Gate();
    for (const { step, begin, publish, open } of steps) {
      if (step !== undefined) gate[step]();
      assert.equal(verdictOf(() => gate.checkBegin()), begin, step);
      assert.equal(verdictOf(() => gate.checkPublish()), publish, step);
      assert.equal(verdictOf(() => gate.checkOpen()), open, step);
    }
    assert.equal(gate.isClosed, true);
    assert.equal(gate.isDraining, title === "a drain");
  });
}
