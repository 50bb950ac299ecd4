/** The article, played by the single file, and by the binary on Bun in gnatsd's place. */
import { SCENARIOS } from "../article/scenarios.ts";
import { oneCommandCast, Stage } from "../article/stage.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { test } from "../support/test.ts";
import { type Artefact, bunBinary, place, singleFile } from "./artefacts.ts";

const skip = currentRuntime().name === "bun"
  ? false
  : "a binary is the same on every runtime: the run on Bun has it";

const ACTORS: readonly Artefact[] = [singleFile, { ...bunBinary, skip }];

for (const artefact of ACTORS) {
  const { name, skip } = artefact;
  for (const { title, play } of SCENARIOS) {
    test(`${name}: ${title}`, { skip }, async (t) => {
      const { command } = await place(t, artefact);
      await play(await Stage.enter(t, oneCommandCast(command)), t);
    });
  }
}
