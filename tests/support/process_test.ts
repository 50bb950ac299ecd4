/** The helpers that other tests lean on: a wait that never ends would hide a failure. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand, spawnProgram } from "./process.ts";
import { seededRandom } from "./random.ts";
import { currentRuntime } from "./runtimes.ts";
import { temporaryFolder } from "./temp.ts";
import { test } from "./test.ts";

const TALKER = `
import process from "node:process";
console.log("ready " + process.argv[2] + process.env["COLOUR"]);
console.error("on the other stream");
process.stdin.once("data", () => process.exit(7));
`;

test("a program's output is waited for, and its end is seen", async (t) => {
  const script = join(temporaryFolder(t), "talker.ts");
  writeFileSync(script, TALKER);
  const env = { COLOUR: "blue" };
  const program = spawnProgram(currentRuntime(), script, ["sky"], { env });
  t.after(() => program.stop());
  const [, word] = await program.waitFor(/ready (\w+)/);
  assert.equal(word, "skyblue");
  await program.waitFor("on the other stream");
  program.input("go\n");
  assert.deepEqual(await program.exited, { code: 7, signal: null });
});

test("a wait for words that never come ends with the process", async (t) => {
  const script = join(temporaryFolder(t), "talker.ts");
  writeFileSync(script, TALKER);
  const program = spawnProgram(currentRuntime(), script);
  t.after(() => program.stop());
  const never = assert.rejects(
    program.waitFor("never"),
    /without saying never:[^]*other stream/,
  );
  await program.waitFor("other stream");
  program.kill("SIGKILL");
  await never;
});

test("a command that cannot start rejects the wait", async () => {
  const program = spawnCommand(["/no/such/program"]);
  await assert.rejects(program.waitFor("hello"), /ENOENT/);
});

test("a seed repeats its numbers and its bytes", () => {
  const [one, same, other] = [7, 7, 8].map((seed) => {
    const random = seededRandom(seed);
    const bytes = new Uint8Array(16);
    random.fill(bytes);
    return [random.next(), ...bytes];
  });
  assert.deepEqual(one, same);
  assert.notDeepEqual(one, other);
});
