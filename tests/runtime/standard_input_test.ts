/** Standard input as one piece of data, read by a program of its own. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** Reads `input` with a limit of 1000 bytes; gives what the program said. */
async function read(t: Cleanup, input: Uint8Array): Promise<string> {
  const source = new URL(
    "../../src/runtime/process/standard_input.ts",
    import.meta.url,
  );
  const script = join(temporaryFolder(t), "reader.ts");
  writeFileSync(
    script,
    `import { readStandardInput } from ${JSON.stringify(source.href)};
    try {
      const bytes = await readStandardInput(1000);
      console.log(bytes.length, bytes.join(" "));
    } catch (error) {
      console.log(error.message);
    }`,
  );
  const program = spawnProgram(currentRuntime(), script);
  t.after(() => program.stop());
  program.endInput(input);
  await program.waitFor("\n");
  return program.stdout;
}

test("all bytes of standard input are read", async (t) => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
  assert.equal(await read(t, bytes), `1000 ${bytes.join(" ")}\n`);
  assert.equal(await read(t, new Uint8Array(0)), "0 \n");
});

test("more than the limit is refused", async (t) => {
  const said = await read(t, new Uint8Array(1001));
  assert.equal(said, "standard input is longer than 1000 bytes\n");
});
