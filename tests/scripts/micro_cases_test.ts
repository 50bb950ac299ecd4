/** The pieces that `scripts/bench_micro.ts` measures do what they are there for. */
import { modulesOf } from "../../scripts/micro_case.ts";
import { MICRO_CASES } from "../../scripts/micro_cases.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

for (const { name, make } of MICRO_CASES) {
  test(`${name}: runs again and again`, async () => {
    const piece = await make(modulesOf(PROJECT_FOLDER));
    try {
      for (let round = 0; round < 3; round++) await piece.run();
    } finally {
      await piece.end?.();
    }
  });
}
