/** What `npm test` says at its end of the tests that failed. */
import assert from "node:assert/strict";
import {
  failuresOnBun,
  failuresOnDeno,
  failuresOnNode,
  shownFailure,
} from "../../scripts/test_failures.ts";
import { test } from "../support/test.ts";

test("Deno's report tells of failures as the tests wrote them", () => {
  const report = `<testsuites name="deno test" tests="2" failures="1">
    <testcase name="good" classname="./a_test.ts"></testcase>
    <testcase name="bad &amp; &lt;x&gt;" classname="./a_test.ts">
      <failure message="Uncaught Error: no">Error: &quot;no&quot;
    at a_test.ts:4:41</failure>
    </testcase>
  </testsuites>`;
  const text = 'Error: "no"\n    at a_test.ts:4:41';
  assert.deepEqual(failuresOnDeno(report), [{ name: "bad & <x>", text }]);
  assert.deepEqual(failuresOnDeno(""), []);
});

test("Bun's output tells of a failure in front of its line", () => {
  const output = `
tests/a_test.ts:
(pass) good [3.66ms]
error: no
      at a_test.ts:4:41
(fail) bad [x] [2.11ms]
(skip) later
(fail) worse

1 tests skipped:
(skip) later

2 tests failed:
(fail) bad [x] [2.11ms]
(fail) worse
`;
  assert.deepEqual(failuresOnBun(output), [
    { name: "bad [x]", text: "error: no\n      at a_test.ts:4:41" },
    { name: "worse", text: "" },
  ]);
});

test("Node's output repeats failures at its end", () => {
  const output = `✔ good (10.03ms)
✖ bad (2.00ms)
ℹ fail 2

✖ failing tests:

test at tests/support/test.ts:52:10
✖ bad (2.00ms)
  Error: no

test at tests/support/test.ts:52:10
✖ worse (of two) (1.85ms)
  Error: never
`;
  assert.deepEqual(failuresOnNode(output), [
    { name: "bad", text: "  Error: no\n\n" },
    { name: "worse (of two)", text: "  Error: never\n" },
  ]);
  assert.deepEqual(failuresOnNode("✔ good (10.03ms)\n"), []);
});

test("a long failure is shown with the number of the lines left out", () => {
  const text = Array.from({ length: 65 }, (_, at) => `line ${at}`).join("\n\n");
  const lines = shownFailure({ name: "bad", text }, "bun").split("\n");
  assert.equal(lines[0], "failed on bun: bad");
  assert.equal(lines[1], "  line 0");
  assert.equal(lines.at(-1), "  (5 more lines)");
  assert.equal(lines.length, 62);
  assert.equal(
    shownFailure({ name: "wide", text: "x".repeat(500) }, "node"),
    `failed on node: wide\n  ${"x".repeat(400)}`,
  );
});
