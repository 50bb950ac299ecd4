/**
 * A broker and clients in a test with fake timers go on, whichever was first.
 * `tests/package/tools/` tries it with jest, vitest and sinon's.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnCommand, spawnProgram } from "../support/process.ts";
import { currentRuntime, PROJECT_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const PROGRAM = "tests/runtime/fake_timers_program.ts";

for (const when of ["before", "after"]) {
  test(`a broker that is started ${when} the timers are faked goes on`, async (t) => {
    const program = spawnProgram(currentRuntime(), PROGRAM, [when]);
    t.after(() => program.stop());
    const end = await program.exited;
    assert.equal(program.stdout + program.stderr, "all went on\n");
    assert.deepEqual(end, { code: 0, signal: null });
  });
}

/** A user's test file on the fake timers of the runtime's own runner. */
interface UserFile {
  readonly command: readonly string[];
  readonly imports: string;
  readonly fake: string;
  readonly real: string;
  /** Whether time goes on for Midge: Bun stops the clock below all programs. */
  readonly hasTime: boolean;
}

const USER_FILES: Readonly<Record<string, UserFile>> = {
  node: {
    command: ["--test"],
    imports: 'import { mock, test } from "node:test";',
    fake: "mock.timers.enable()",
    real: "mock.timers.reset()",
    hasTime: true,
  },
  bun: {
    command: ["test"],
    imports: 'import { jest, test } from "bun:test";',
    fake: "jest.useFakeTimers()",
    real: "jest.useRealTimers()",
    hasTime: false,
  },
};

function textOf({ imports, fake, real, hasTime }: UserFile): string {
  const faces = JSON.stringify(`${PROJECT_FOLDER}src/faces/mod.ts`);
  return `${imports}
import { connect, startServer } from ${faces};

test("messages go on", async () => {
  const early = await startServer({ host: "127.0.0.1", port: 0 });
  const first = await connect({ servers: early.url });
  ${fake};
  const late = await startServer({ host: "127.0.0.1", port: 0 });
  const second = await connect({ servers: late.url });
  const third = await early.connect();
  for (const client of [first, second, third]) {
    client.subscribe("ask", {
      max: 1,
      callback: (_error, message) => void message.respond("yes"),
    });
    const answer = await client.request("ask");
    if (answer.string() !== "yes") throw new Error("no answer");
    ${
    hasTime
      ? `client.subscribe("silent");
    const silent = client.request("silent", "", { timeout: 50 });
    const isLate = await silent.then(() => false, () => true);
    if (!isLate) throw new Error("an answer");`
      : ""
  }
    await client.drain();
  }
  await late.stop();
  await early.stop();
  ${real};
});
`;
}

const runtime = currentRuntime();
const userFile = USER_FILES[runtime.name];
const skip = userFile === undefined && `${runtime.name} has no fake timers`;

test(
  "messages go on under the fake timers of the runtime's own test runner",
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "fake_test.ts"), textOf(userFile!));
    // Node's runner does not run within itself.
    const program = spawnCommand([
      ...["env", "-u", "NODE_TEST_CONTEXT"],
      ...runtime.command,
      ...userFile!.command,
      "./fake_test.ts",
    ], { cwd: folder });
    t.after(() => program.stop());
    const { code } = await program.exited;
    assert.equal(code, 0, program.stdout + program.stderr);
    assert.match(program.stdout + program.stderr, /\bpass 1\b|\b1 pass\b/);
  },
);
