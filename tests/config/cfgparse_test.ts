/** `cfgparse.ts` as a library and as a program, on each runtime that is there. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, parseConfig, toPlain } from "../../cfgparse.ts";
import { spawnProgram } from "../support/process.ts";
import { type Runtime, runtimes } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function cfgparse(
  runtime: Runtime,
  cwd: string,
  ...args: string[]
): Promise<Outcome> {
  const env = { MIDGE_TEST_SIZE: "5mb" };
  await using program = spawnProgram(runtime, "cfgparse.ts", args, {
    cwd,
    env,
  });
  const { code } = await program.exited;
  const { stdout, stderr } = program;
  return { code, stdout, stderr };
}

for (const runtime of runtimes()) {
  test(`cfgparse on ${runtime.name} prints a good file as JSON`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(
      join(folder, "a.cfg"),
      "max_payload: $MIDGE_TEST_SIZE\ninclude 'b.cfg'\nping_interval: 5",
    );
    writeFileSync(join(folder, "b.cfg"), "authorization { token: hunter2 }");
    writeFileSync(join(folder, "c.toml"), "[cluster]\nport = 1");
    const { code, stdout, stderr } = await cfgparse(
      runtime,
      folder,
      "a.cfg",
      "c.toml",
    );
    const a = {
      max_payload: 5_242_880,
      authorization: { token: "[REDACTED]" },
      ping_interval: 5,
    };
    const printed = [a, { cluster: { port: 1 } }]
      .map((tree) => `${JSON.stringify(tree, undefined, 2)}\n`);
    assert.equal(stdout, printed.join(""));
    assert.equal(
      stderr,
      'warning: a.cfg:3:1: invalid use of field "ping_interval": ' +
        "ping_interval should be converted to a duration\n" +
        "  ping_interval: 5\n  ^\n",
    );
    assert.equal(code, 0);
  });

  test(`cfgparse on ${runtime.name} says what is wrong with a file`, async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, "bad.cfg"), "port: x\nfoo: 1\n");
    const bad = await cfgparse(runtime, folder, "bad.cfg");
    assert.deepEqual(bad, {
      code: 1,
      stdout: "",
      stderr: "bad.cfg:1:1: port must be an integer, got a string\n" +
        "  port: x\n  ^\n" +
        'bad.cfg:2:1: unknown field "foo"\n  foo: 1\n  ^\n',
    });
    const missing = await cfgparse(runtime, folder, "no.cfg");
    assert.deepEqual(missing, {
      code: 1,
      stdout: "",
      stderr: "open no.cfg: no such file or directory\n",
    });
  });

  test(`cfgparse on ${runtime.name} explains itself`, async (t) => {
    const folder = temporaryFolder(t);
    const [help, none, zork] = await Promise.all(
      [["-h"], [], ["-zork"]].map((args) => cfgparse(runtime, folder, ...args)),
    );
    assert.equal(help?.code, 0);
    assert.match(help.stdout, /^\nUsage: cfgparse /);
    assert.equal(none?.code, 2);
    assert.match(none.stderr, /^cfgparse: a file must be named\n\nUsage/);
    assert.equal(zork?.code, 2);
    assert.match(
      zork.stderr,
      /^cfgparse: flag provided but not defined: -zork\n/,
    );
  });
}

test("the library reads texts with the runtime's files and environment", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "a.cfg");
  writeFileSync(file, "port: 4222, debug: yes");
  const { root, warnings } = parseConfig("include a.cfg\npath: $PATH_OF_NONE", {
    file: join(folder, "none.cfg"),
    env: (name) => `'${name.toLowerCase()}'`,
  });
  assert.deepEqual({ ...Object(toPlain(root)) }, {
    port: 4222,
    debug: true,
    path: "path_of_none",
  });
  assert.deepEqual(warnings, []);
  assert.equal(root.entries.get("debug")?.at.column, 13);
  assert.equal(root.entries.get("debug")?.at.source.file, file);
  const loaded = await loadConfig(file);
  assert.equal(loaded.root.entries.get("port")?.at.line, 1);
});
