/** The numbers at the end of `npm test` come from these. */
import assert from "node:assert/strict";
import { countBun, countDeno, countNode } from "../../scripts/test_counts.ts";
import { test } from "../support/test.ts";

test("Deno's report counts members, and not their groups", () => {
  const report = `<testsuites name="deno test" tests="6" failures="2">
    <testcase name="flat" classname="./a_test.ts">
    </testcase>
    <testcase name="group" classname="./a_test.ts">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="left out"><skipped/></testcase>
    <testcase name="group &gt; inner"></testcase>
    <testcase name="group &gt; inner &gt; one"></testcase>
    <testcase name="group &gt; bad"><failure message="no">no</failure></testcase>
  </testsuites>`;
  assert.deepEqual(countDeno(report), { passed: 2, failed: 1, skipped: 1 });
  assert.deepEqual(countDeno(""), { passed: 0, failed: 0, skipped: 0 });
});

test("Bun's last lines are counted, and not what a test printed", () => {
  const output = `
 999 pass
(pass) flat [0.85ms]

 6 pass
 8 skip
 2 todo
 1 fail
 1 error
Ran 17 tests across 3 files. [31.00ms]
`;
  assert.deepEqual(countBun(output), { passed: 6, failed: 1, skipped: 10 });
});

test("Node's last lines are counted, with either sign", () => {
  const lines = ["pass 6", "fail 1", "cancelled 1", "skipped 3", "todo 1"];
  const expected = { passed: 6, failed: 2, skipped: 4 };
  for (const sign of ["ℹ", "#"]) {
    const output = lines.map((line) => `${sign} ${line}\n`).join("");
    assert.deepEqual(countNode(output), expected);
  }
});

test("Node's files in which no test ran are none", () => {
  const output = [
    "✔ ../some/of_test.ts (108.03ms)",
    "✔ it has a_test.ts in its title (1.5ms)",
    "ℹ pass 2",
    "ℹ fail 0",
  ].join("\n");
  assert.deepEqual(countNode(output), { passed: 1, failed: 0, skipped: 0 });
});

test("with a name, Deno's report counts the tests that have it", () => {
  const report = `
    <testcase name="a &quot;quoted&quot; name"></testcase>
    <testcase name="another"><skipped/></testcase>`;
  const counts = { passed: 1, failed: 0, skipped: 0 };
  assert.deepEqual(countDeno(report, 'a "quoted"'), counts);
});
