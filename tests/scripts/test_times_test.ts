/** The times that `-slow` lists come from what the runners print. */
import assert from "node:assert/strict";
import { slowestTests } from "../../scripts/test_times.ts";
import { test } from "../support/test.ts";

test("the slowest tests of each runner are found, the slowest first", () => {
  const deno = `
../groups/02_routes_test.ts => two, or three ... ok (302ms)
./tests/wire/args_test.ts => a minute ... ok (1m2s)
./tests/wire/args_test.ts => left out ... ignored (0ms)
./tests/wire/args_test.ts => a second ... ok (1s)
`;
  assert.deepEqual(slowestTests(deno, 2), [
    { title: "a minute", seconds: 62 },
    { title: "a second", seconds: 1 },
  ]);
  const bun = `
(pass) of (many) [20.50ms]
(fail) bad [900.00ms]
(pass) slow [2047.00ms]
`;
  assert.deepEqual(slowestTests(bun, 9), [
    { title: "slow", seconds: 2.047 },
    { title: "of (many)", seconds: 0.0205 },
  ]);
  const node = "✔ one (4000.5ms)\n✖ bad (9000ms)\n";
  assert.deepEqual(slowestTests(node, 9), [{ title: "one", seconds: 4.0005 }]);
});
