/** `midge` as one program: how words find their commands, and how runs end. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/commands/commands.ts";
import { isMistake } from "../../src/commands/midge.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { runCommand, startCommand } from "./run.ts";

test("help lists the commands, and tells of each", async (t) => {
  const [list, page, same, inner] = await Promise.all([
    runCommand(t, ["help"]),
    runCommand(t, ["help", "pub"]),
    runCommand(t, ["pub", "--help"]),
    runCommand(t, ["help", "config", "check"]),
  ]);
  for (const { code, stderr } of [list, page, same, inner]) {
    assert.deepEqual([code, stderr], [0, ""]);
  }
  assert.match(list.stdout, /^ {2}pub +Publish a message$/m);
  assert.match(page.stdout, /^Usage: midge pub \[flags\] SUBJECT \[TEXT\]$/m);
  assert.equal(page.stdout, same.stdout);
  assert.match(
    inner.stdout,
    /^Usage: midge config check \[flags\] FILE\.\.\.$/m,
  );
});

test("the flags of the server need no command", async (t) => {
  const [help, own, version, word, json] = await Promise.all([
    runCommand(t, ["-h"]),
    runCommand(t, ["server", "-help"]),
    runCommand(t, ["-v"]),
    runCommand(t, ["VERSION"]),
    runCommand(t, ["version", "--json"]),
  ]);
  assert.match(help.stdout, /^Usage: midge \[flags\]$/m);
  assert.match(help.stdout, /^ {2}-p, -port <port> /m);
  assert.match(help.stdout, /^Commands:\n {2}server +Run the broker$/m);
  assert.match(own.stdout, /^Usage: midge server \[flags\]$/m);
  assert.match(version.stdout, /^midge \d+\.\d+\.\d+ .*nats-server.*\n$/);
  assert.equal(word.stdout, version.stdout);
  assert.deepEqual(
    Object.keys(JSON.parse(json.stdout)),
    ["version", "nats", "runtime"],
  );
  for (const { code, stderr } of [help, own, version, word, json]) {
    assert.deepEqual([code, stderr], [0, ""]);
  }
});

test("a command line that makes no sense ends with 2 and says where help is", async (t) => {
  const rows: readonly (readonly [string, string, ...string[]])[] = [
    [
      'midge: unknown command "pubb"; did you mean "pub"?',
      "midge help",
      "pubb",
    ],
    [
      'midge config: unknown command "chek"; did you mean "check"?',
      "midge config --help",
      ...["config", "chek"],
    ],
    ["midge pub: SUBJECT is missing", "midge pub --help", "pub"],
    [
      'midge pub: Invalid header name "a b"',
      "midge pub --help",
      ...["pub", "a", "b", "-H", "a b: c"],
    ],
    [
      'midge request: Server "***@h:x" is no host:port and no URL',
      "midge request --help",
      ...["request", "a", "b", "-s", "u:T0pS3cr3t@h:x"],
    ],
    [
      'midge request: Server "nats://u:***" is no host:port and no URL',
      "midge request --help",
      ...["request", "a", "b", "-s", "nats://u:T0pS3cr3t,T0pS3cr3t@h:1"],
    ],
    [
      "midge worker: flag provided but not defined: -zork",
      "midge worker --help",
      ...["worker", "-zork"],
    ],
    ["flag provided but not defined: -zork", "midge --help", "-zork"],
    [
      'invalid value "x" for flag -p: parse error',
      "midge server --help",
      ...["server", "-p", "x"],
    ],
  ];
  await Promise.all(rows.map(async ([why, see, ...args]) => {
    const { code, stdout, stderr } = await runCommand(t, args);
    assert.deepEqual(
      [code, stdout, stderr],
      [2, "", `${why}\nSee "${see}"\n`],
      args.join(" "),
    );
  }));
});

test("flags and words that make no sense are refused before anything begins", async () => {
  const rows: readonly (readonly [string, string, ...string[]])[] = [
    ["config", "COMMAND is missing"],
    ["help", 'unknown command "sbu"; did you mean "sub"?', "sbu"],
    ["help", 'unknown command "zork"', "zork"],
    ["help", 'unknown command "prnt"; did you mean "print"?', "config", "prnt"],
    ["sub", 'Invalid subject: "a..b"', "a..b"],
    ["sub", 'Invalid queue name: ""', "a", "-queue", ""],
    ["pub", 'Invalid subject: "a.*"', "a.*", "x"],
    ["pub", 'Invalid reply subject: "a b"', "a", "x", "-reply", "a b"],
    ["request", 'Invalid subject: ">"', ">", "x"],
    [
      "pub",
      'invalid value "x" for flag -header: it must be like "name: value"',
      ...["a", "b", "-H", "x"],
    ],
    [
      "sub",
      'invalid value "0" for flag -count: it must be 1 or more',
      ...["a", "-count", "0"],
    ],
    [
      "request",
      'invalid value "-1" for flag -replies: it must be 0 or more',
      ...["a", "b", "-replies", "-1"],
    ],
    ["sub", "-raw and -json exclude each other", "a", "-raw", "-json"],
    ["reply", "give one of TEXT, -echo and -command", "a"],
    ["reply", "give one of TEXT, -echo and -command", "a", "text", "-echo"],
    ["mkpasswd", "cost must be 4 to 31: 3", "-c", "3"],
    ["cluster", "-n takes a number from 1 to 60", "-n", "0"],
  ];
  for (const [name, message, ...args] of rows) {
    const command = COMMANDS.find((one) => one.name === name)!;
    const run = async (): Promise<unknown> => await command.run(args);
    await assert.rejects(run, (error) => {
      assert.ok(isMistake(error), name);
      assert.equal(error.message, message);
      return true;
    });
  }
});

test("a text with a dash is told where it belongs", async (t) => {
  const { code, stderr } = await runCommand(t, ["pub", "a", "-5"]);
  assert.equal(code, 2);
  assert.match(stderr, /^midge pub: .*: -5\n.*"--"\nSee "midge pub --help"\n$/);
});

test("it stands in for nats-server", async (t) => {
  const folder = temporaryFolder(t);
  const pidFile = join(folder, "midge.pid");
  writeFileSync(join(folder, "a.cfg"), "listen: '127.0.0.1:-1'\n");
  const checked = await runCommand(t, ["-t", "-c", "a.cfg"], { cwd: folder });
  assert.deepEqual(checked, { ...checked, code: 0, stdout: "" });
  assert.match(
    checked.stderr,
    /^midge: configuration file a\.cfg is valid \(sha256:\w{64}\)\n$/,
  );
  const args = ["-c", "a.cfg", "-P", pidFile, "-DV"];
  const server = startCommand(t, args, { cwd: folder });
  await server.waitFor("Server is ready\n");
  const number = String(server.pid);
  await until(
    "the process's number",
    () => existsSync(pidFile) && readFileSync(pidFile, "utf8") === number,
  );
  const told = await runCommand(t, ["-sl", `quit=${pidFile}`]);
  assert.deepEqual(told, { code: 0, stdout: "", stderr: "" });
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("config check says that files are valid, or all that is wrong", async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, "good.cfg"), "port: 4222\n");
  writeFileSync(join(cwd, "odd.cfg"), "ping_interval: 5\n");
  writeFileSync(join(cwd, "bad.cfg"), "port: x\nfoo: 1\n");
  const run = (...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(t, ["config", "check", ...args], { cwd });
  const [good, bad, odd, strict, json] = await Promise.all([
    run("good.cfg"),
    run("bad.cfg", "no.cfg", "good.cfg"),
    run("odd.cfg"),
    run("odd.cfg", "--strict"),
    run("--json", "good.cfg", "bad.cfg", "no.cfg"),
  ]);
  assert.deepEqual(good, { code: 0, stdout: "good.cfg: valid\n", stderr: "" });
  assert.deepEqual(bad, {
    code: 1,
    stdout: "good.cfg: valid\n",
    stderr: "bad.cfg:1:1: port must be an integer, got a string\n" +
      "  port: x\n  ^\n" +
      'bad.cfg:2:1: unknown field "foo"\n  foo: 1\n  ^\n' +
      "open no.cfg: no such file or directory\n",
  });
  assert.deepEqual([odd.code, odd.stdout], [0, "odd.cfg: valid\n"]);
  assert.match(odd.stderr, /^warning: odd\.cfg:1:1: /);
  assert.deepEqual([strict.code, strict.stdout], [1, ""]);
  assert.equal(json.code, 1);
  assert.deepEqual(
    json.stdout.trim().split("\n").map((line) => JSON.parse(line)),
    [
      { file: "good.cfg", valid: true, errors: [], warnings: [] },
      {
        file: "bad.cfg",
        valid: false,
        errors: [
          {
            file: "bad.cfg",
            line: 1,
            column: 1,
            message: "port must be an integer, got a string",
          },
          {
            file: "bad.cfg",
            line: 2,
            column: 1,
            message: 'unknown field "foo"',
          },
        ],
        warnings: [],
      },
      {
        file: "no.cfg",
        valid: false,
        errors: [{
          file: "no.cfg",
          message: "open no.cfg: no such file or directory",
        }],
        warnings: [],
      },
    ],
  );
});

test("config print shows files as JSON, without their secrets", async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(
    join(cwd, "a.cfg"),
    "max_payload: 1kb\nauthorization { token: hunter2 }\n",
  );
  const tree = { max_payload: 1024, authorization: { token: "[REDACTED]" } };
  const [wide, narrow] = await Promise.all([
    runCommand(t, ["config", "print", "a.cfg"], { cwd }),
    runCommand(t, ["config", "print", "a.cfg", "no.cfg", "--json"], { cwd }),
  ]);
  assert.deepEqual(wide, {
    code: 0,
    stdout: `${JSON.stringify(tree, undefined, 2)}\n`,
    stderr: "",
  });
  assert.deepEqual(narrow, {
    code: 1,
    stdout: `${JSON.stringify(tree)}\n`,
    stderr: "open no.cfg: no such file or directory\n",
  });
});

test("the other programs are commands, too", async (t) => {
  const [hash, help] = await Promise.all([
    runCommand(t, ["mkpasswd", "-p", "T0pS3cr3t", "-c", "4"]),
    runCommand(t, ["worker", "-h"]),
  ]);
  assert.equal(hash.code, 0, hash.stderr);
  assert.match(hash.stdout, /^bcrypt hash: \$2[ab]\$04\$.{53}\n$/);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: midge worker \[flags\]$/m);
});
