/**
 * The article's worker and publisher as processes beside one Midge server:
 * what they print, to the letter, how they end, and how the workers of a group
 * share their messages.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../client.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { spawnProgram, type TestProcess } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const TIME = String.raw`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`;
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const MESSAGES = 60;

function start(t: Cleanup, script: string, ...args: string[]): TestProcess {
  const program = spawnProgram(currentRuntime(), script, args);
  t.after(() => program.stop());
  return program;
}

/** Resolves once the server has this number of subscriptions. */
async function subscribed(
  { server: { broker } }: TestServer,
  wanted: number,
): Promise<void> {
  await until(`${wanted} subscriptions`, () => {
    const sizes = [...broker.host.accounts].map(({ sublist }) => sublist.size);
    return sizes.reduce((sum, size) => sum + size, 0) === wanted;
  });
}

async function stopped(program: TestProcess): Promise<void> {
  sendSignal(program.pid, "SIGTERM");
  assert.deepEqual(await program.exited, { code: 0, signal: null });
}

test("publisher and worker print what the article's programs print", async (t) => {
  const midge = await startMidge(t);
  const url = `nats://127.0.0.1:${midge.port}`;
  const subject = ["-subj", "greet.joe"];
  const worker = start(t, "scripts/worker.ts", "-s", url, ...subject);
  await subscribed(midge, 1);

  const ids: string[] = [];
  for (const script of ["client.ts", "scripts/publisher.ts"]) {
    const publisher = start(t, script, "-s", `127.0.0.1:1,${url}`, ...subject);
    assert.deepEqual(await publisher.exited, { code: 0, signal: null });
    const said = new RegExp(`^${TIME} greet\\.joe\n${TIME} (${UUID})\n$`);
    assert.match(publisher.stderr, said);
    assert.equal(publisher.stdout, "");
    ids.push(said.exec(publisher.stderr)![1]!);
    await worker.waitFor(`${ids.at(-1)} Midge 0\n`);
  }

  await stopped(worker);
  assert.equal(worker.stdout, 'Connection closed. Reason: ""\n');
  const received = ids.map((id) =>
    `${TIME} y worker1 Received a message From Async :  ${id} Midge 0\n`
  );
  assert.match(
    worker.stderr,
    new RegExp(`^${TIME} y  greet\\.joe\n${received.join("")}$`),
  );
});

test("workers of a group share the messages, and plain workers get them all", async (t) => {
  const midge = await startMidge(t);
  const url = `nats://127.0.0.1:${midge.port}`;
  const worker = (name: string, ...group: string[]): TestProcess =>
    start(
      t,
      "scripts/worker.ts",
      ...["-s", url, "-subj", "jobs", "-servername", name, ...group],
    );
  const plain = ["p1", "p2"].map((name) => worker(name));
  const crew = ["c1", "c2", "c3"].map((name) => worker(name, "-group", "crew"));
  await subscribed(midge, plain.length + crew.length);

  const connection = await connect({ servers: url });
  t.after(() => connection.close());
  const jobs = Array.from({ length: MESSAGES }, (_, at) => `job ${at}.`);
  for (const job of jobs) connection.publish("jobs", job);
  await connection.flush();
  // A worker that is told to stop prints what has arrived first.
  await Promise.all([...plain, ...crew].map(stopped));

  const done = ({ stderr }: TestProcess): string[] =>
    [
      ...stderr.matchAll(/From Async : {2}(job \d+\.)$/gm),
    ].map(([, job]) => job!);
  for (const each of plain) assert.deepEqual(done(each), jobs);
  for (const each of crew) assert.notEqual(done(each).length, 0);
  const shared = crew.flatMap(done);
  assert.deepEqual(shared.toSorted(), jobs.toSorted());
  assert.match(crew[0]!.stderr, new RegExp(`^${TIME} c1 crew jobs\n`));
});

test("a worker comes back to a server that was away", async (t) => {
  const first = await startMidge(t);
  const url = `nats://127.0.0.1:${first.port}`;
  const worker = start(t, "scripts/worker.ts", "-s", url);
  await subscribed(first, 1);
  await first.server.stop();
  await worker.waitFor("Got disconnected!\n");
  const second = await startMidge(t, { port: first.port });
  await worker.waitFor(`Got reconnected to nats://127.0.0.1:${first.port}!\n`);
  await subscribed(second, 1);
  assert.equal((await start(t, "client.ts", "-s", url).exited).code, 0);
  await worker.waitFor("Midge 0\n");
});

test("the programs log in by flags and by URL, or say that they are refused", async (t) => {
  const { port } = await startMidge(t, {
    authorization: {
      ...defaultAuthorizationOptions(),
      user: "ann",
      password: "s3cret",
    },
  });
  const address = `127.0.0.1:${port}`;
  const accepted = [
    ["-s", address, "-user", "ann", "-pass", "s3cret"],
    ["-s", `nats://ann:s3cret@${address}`],
  ];
  for (const args of accepted) {
    const publisher = start(t, "client.ts", ...args);
    assert.equal((await publisher.exited).code, 0, publisher.stderr);
  }
  const refused = [
    ["-s", address],
    ["-s", address, "-user", "ann", "-pass", "wrong"],
    ["-s", address, "-token", "s3cret"],
  ];
  for (const script of ["client.ts", "scripts/worker.ts"]) {
    for (const args of refused) {
      const program = start(t, script, ...args);
      assert.deepEqual(await program.exited, { code: 1, signal: null });
      assert.match(
        program.stderr,
        new RegExp(`^${TIME} error: Authorization Violation\n$`),
      );
      assert.equal(program.stdout, "");
    }
  }
});

test("the programs name their flags, and refuse what they do not know", async (t) => {
  const flags: readonly [string, readonly string[]][] = [
    ["client.ts", ["-subj", "-s", "-user", "-pass", "-token", "-h"]],
    ["scripts/worker.ts", ["-servername", "-group", "-subj", "-s", "-h"]],
  ];
  for (const [script, names] of flags) {
    const help = start(t, script, "-h");
    assert.deepEqual(await help.exited, { code: 0, signal: null });
    for (const name of names) {
      assert.match(help.stdout, new RegExp(`^ +${name}\\b`, "m"));
    }
    assert.equal(help.stderr, "");

    for (const args of [["-zork"], ["-subj"], ["word"]]) {
      const refused = start(t, script, ...args);
      assert.deepEqual(await refused.exited, { code: 2, signal: null });
      assert.notEqual(refused.stderr, "");
      assert.doesNotMatch(refused.stderr, /^ +at /m);
    }
  }
});

test("a server takes the hashes that mkpasswd makes", async (t) => {
  const password = "T0pS3cr3t";
  const maker = start(t, "scripts/mkpasswd.ts", "-p", password);
  assert.equal((await maker.exited).code, 0, maker.stderr);
  const hash = /^bcrypt hash: (\$2[ab]\$11\$\S{53})\n$/.exec(maker.stdout)![1]!;
  const folder = temporaryFolder(t);
  const file = join(folder, "hashed.cfg");
  writeFileSync(
    file,
    "listen: 127.0.0.1:-1\n" +
      `authorization { user: yasenagat, password: ${hash}, timeout: 10 }\n`,
  );
  const server = start(t, "server.ts", "-c", file);
  const [, port] = await server.waitFor(/client connections on \S+:(\d+)/);
  const logIn = async (pass: string): Promise<number | null> => {
    const flags = ["-s", `127.0.0.1:${port}`, "-user", "yasenagat"];
    const publisher = start(t, "client.ts", ...flags, "-pass", pass);
    return (await publisher.exited).code;
  };
  assert.equal(await logIn(password), 0);
  assert.equal(await logIn("t0pS3cr3t"), 1);
  assert.equal(await logIn(hash), 1);
});
