/** Commands of the shell: what goes in, what comes out, and how they end. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runShell, type ShellEnd } from "../../src/runtime/process/shell.ts";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

function run(
  line: string,
  input: string = "",
  outputBytesMax: number = 1e6,
): Promise<ShellEnd> {
  return runShell({
    line,
    input: new TextEncoder().encode(input),
    environment: { MIDGE_TEST_WORD: "blue" },
    outputBytesMax,
  });
}

function text({ output }: ShellEnd): string {
  return new TextDecoder().decode(output);
}

test("a command reads its input and knows its environment", async () => {
  const end = await run('cat; echo " $MIDGE_TEST_WORD"', "hé");
  assert.equal(text(end), "hé blue\n");
  assert.deepEqual([end.code, end.signal], [0, null]);
});

test("a command need not read its input, nor say anything", async () => {
  const end = await run("exit 3", "x".repeat(1_000_000));
  assert.deepEqual([end.code, text(end)], [3, ""]);
});

test("large data passes whole", async () => {
  const input = "0123456789".repeat(50_000);
  assert.equal(text(await run("cat", input)), input);
});

test("a command that a signal ends says so", async () => {
  const { code, signal } = await run("kill -TERM $$");
  assert.ok(signal === "SIGTERM" || code === 143, `${signal} ${code}`);
});

test("a command that says too much is ended with all that it started", async (t) => {
  const file = join(temporaryFolder(t), "pid");
  await assert.rejects(
    run(`sleep 600 & echo $! > '${file}'; cat; wait`, "x".repeat(2000), 1000),
    { message: "the command said more than 1000 bytes" },
  );
  const pid = readFileSync(file, "utf8").trim();
  await until("the end of what it started", () => !lives(pid));
});

test("a command ends with the program that runs it", async (t) => {
  const file = join(temporaryFolder(t), "pid");
  const script = join(temporaryFolder(t), "program.ts");
  const shell = new URL("../../src/runtime/process/shell.ts", import.meta.url);
  writeFileSync(
    script,
    `import { runShell } from ${JSON.stringify(shell.href)};
    import process from "node:process";
    process.stdin.once("data", () => process.exit(0));
    await runShell({
      line: "echo $$ > '${file}'; exec sleep 600",
      input: new Uint8Array(0),
      environment: {},
      outputBytesMax: 1000,
    });`,
  );
  const program = spawnProgram(currentRuntime(), script);
  t.after(() => program.stop());
  const written = (): boolean =>
    existsSync(file) && readFileSync(file, "utf8").endsWith("\n");
  await until("the start of the command", written);
  const pid = readFileSync(file, "utf8").trim();
  assert.ok(lives(pid));
  program.input("end\n");
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  await until("the end of the command", () => !lives(pid));
});

test("many commands at the same time are nothing to warn of", async (t) => {
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", note);
  t.after(() => process.off("warning", note));
  const listeners = process.listenerCount("exit");
  const ends = await Promise.all(
    Array.from({ length: 16 }, (_, at) => run(`echo ${at}`)),
  );
  assert.deepEqual(ends.map(text), ends.map((_, at) => `${at}\n`));
  assert.deepEqual(warnings, []);
  assert.equal(process.listenerCount("exit"), listeners);
});

/** A dead process may still stand in the list until its parent asks for it. */
function lives(pid: string): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", pid], {
    encoding: "utf8",
  });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}
