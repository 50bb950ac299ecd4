/** The article's programs, as processes, against the real nats-server. */
import assert from "node:assert/strict";
import { closeBcrypt, compareBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { spawnProgram, type TestProcess } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

const skip = natsServerMissing;
const TIME = String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`;
const UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";

function start(t: Cleanup, script: string, ...args: string[]): TestProcess {
  const program = spawnProgram(currentRuntime(), script, args);
  t.after(() => program.stop());
  return program;
}

test("the publisher's message reaches the worker", { skip }, async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const url = `nats://127.0.0.1:${server.port}`;
  const worker = start(t, "scripts/worker.ts", "-s", url, "-servername", "w");
  await worker.waitFor(new RegExp(`^${TIME} w  abc\n`));

  for (const script of ["client.ts", "scripts/publisher.ts"]) {
    const publisher = start(t, script, "-s", `127.0.0.1:1,${url}`);
    assert.deepEqual(await publisher.exited, { code: 0, signal: null });
    const lines = new RegExp(`^${TIME} abc\n${TIME} (${UUID})\n$`);
    const id = lines.exec(publisher.stderr)?.[1];
    assert.ok(id !== undefined, publisher.stderr);
    assert.equal(publisher.stdout, "");
    const line = "w worker1 Received a message From Async : ";
    await worker.waitFor(new RegExp(`${TIME} ${line} ${id} Midge 0\n`));
  }

  sendSignal(worker.pid, "SIGTERM");
  assert.deepEqual(await worker.exited, { code: 0, signal: null });
  assert.equal(worker.stdout, 'Connection closed. Reason: ""\n');
});

test("workers of one group share the messages", { skip }, async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const url = `nats://127.0.0.1:${server.port}`;
  const args = ["-s", url, "-group", "crew", "-subj", "jobs"];
  const workers = [
    start(t, "scripts/worker.ts", ...args),
    start(t, "scripts/worker.ts", ...args),
  ];
  await Promise.all(workers.map((worker) => worker.waitFor("y crew jobs\n")));
  const publisher = start(t, "client.ts", "-s", url, "-subj", "jobs");
  assert.equal((await publisher.exited).code, 0);
  await Promise.race(workers.map((worker) => worker.waitFor("Midge 0")));
  for (const worker of workers) sendSignal(worker.pid, "SIGINT");
  await Promise.all(workers.map((worker) => worker.exited));
  const texts = workers.map(({ stderr }) => stderr).join("");
  assert.equal(texts.split("Midge 0").length - 1, 1);
});

test("the worker moves to a node that joined later", { skip }, async (t) => {
  const first = await startNatsServer({ routes: [] });
  t.after(() => first.stop());
  const worker = start(
    t,
    "scripts/worker.ts",
    "-s",
    `nats://127.0.0.1:${first.port}`,
  );
  await worker.waitFor("y  abc");
  const second = await startNatsServer({ routes: [first.clusterPort] });
  t.after(() => second.stop());
  await worker.waitFor(
    `Got Discover Server nats://127.0.0.1:${first.port}!\n`,
  );
  await first.stop();
  await worker.waitFor(
    `Got disconnected!\nGot reconnected to nats://127.0.0.1:${second.port}!\n`,
  );
  const url = `nats://127.0.0.1:${second.port}`;
  const publisher = start(t, "client.ts", "-s", url);
  assert.equal((await publisher.exited).code, 0);
  await worker.waitFor("Midge 0");
});

test("a worker that is refused ends with an error", { skip }, async (t) => {
  const server = await startNatsServer();
  t.after(() => server.stop());
  const url = `nats://127.0.0.1:${server.port}`;
  const worker = start(t, "scripts/worker.ts", "-s", url);
  await worker.waitFor("y  abc");
  await server.stop();
  await worker.waitFor("Got disconnected!\n");
  const strict = await startNatsServer({
    port: server.port,
    config: "authorization { token: t0p }",
  });
  t.after(() => strict.stop());
  await worker.waitFor(
    'Connection closed. Reason: "Authorization Violation"\n',
  );
  assert.deepEqual(await worker.exited, { code: 1, signal: null });

  for (
    const access of [["-token", "t0p"], ["-s", `nats://t0p@${url.slice(7)}`]]
  ) {
    const publisher = start(t, "client.ts", "-s", url, ...access);
    assert.equal((await publisher.exited).code, 0, publisher.stderr);
  }
  const refused = start(t, "client.ts", "-s", url, "-user", "u", "-pass", "p");
  assert.equal((await refused.exited).code, 1);
  assert.match(refused.stderr, /error: Authorization Violation\n$/);
});

test("a publisher that may not publish fails", { skip }, async (t) => {
  const server = await startNatsServer({
    config: "authorization { default_permissions: { publish: { deny: abc } }," +
      " users: [{ user: u, password: p }] }",
  });
  t.after(() => server.stop());
  const url = `nats://u:p@127.0.0.1:${server.port}`;
  const publisher = start(t, "client.ts", "-s", url);
  assert.equal((await publisher.exited).code, 1);
  assert.match(
    publisher.stderr,
    /error: Permissions Violation for Publish to "abc"\n$/,
  );
});

test("without a server the programs fail clearly", async (t) => {
  for (const script of ["client.ts", "scripts/worker.ts"]) {
    const program = start(t, script, "-s", "127.0.0.1:1");
    assert.equal((await program.exited).code, 1);
    assert.match(
      program.stderr,
      /error: Cannot connect to 127\.0\.0\.1:1: .*connection refused\n$/,
    );
  }
});

test("the programs explain their flags", async (t) => {
  for (
    const script of ["client.ts", "scripts/worker.ts", "scripts/mkpasswd.ts"]
  ) {
    const helped = start(t, script, "-h");
    assert.deepEqual(await helped.exited, { code: 0, signal: null });
    assert.match(helped.stdout, /^Usage: /);
    const confused = start(t, script, "-nonsense");
    assert.equal((await confused.exited).code, 2);
    assert.match(confused.stderr, /flag provided but not defined: -nonsense/);
  }
});

test("mkpasswd hashes what it is given, told or makes up", async (t) => {
  t.after(closeBcrypt);
  const hashIn = async (program: TestProcess): Promise<string> => {
    assert.equal((await program.exited).code, 0, program.stderr);
    return /bcrypt hash: (\$2[ab]\$04\$.{53})\n$/.exec(program.stdout)![1]!;
  };
  const script = "scripts/mkpasswd.ts";
  const given = start(t, script, "-p", "T0pS3cr3t", "-c", "4");
  assert.ok(await compareBcrypt("T0pS3cr3t", await hashIn(given)));

  const asked = start(t, script, "-c", "4", "-p");
  asked.input("from a pipe\nnot this\n");
  assert.ok(await compareBcrypt("from a pipe", await hashIn(asked)));

  const made = start(t, script, "-c", "4");
  const hash = await hashIn(made);
  const password = /^pass: ([A-Za-z0-9]{22})\n/.exec(made.stdout)![1]!;
  assert.ok(await compareBcrypt(password, hash));
});

test("mkpasswd refuses what would not work", async (t) => {
  const mistakes: readonly [number, RegExp, ...string[]][] = [
    [2, /cost must be 4 to 31/, "-c", "3"],
    [2, /unexpected argument/, "word"],
    [2, /unexpected argument/, "-p", "a", "b"],
    [1, /longer than 72 bytes/, "-p", "ü".repeat(37)],
  ];
  for (const [code, text, ...args] of mistakes) {
    const program = start(t, "scripts/mkpasswd.ts", ...args);
    assert.equal((await program.exited).code, code);
    assert.match(program.stderr, text);
  }
});
