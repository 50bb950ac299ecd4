/**
 * What a server inside a program means for its process: alive as long as the
 * server runs, over by itself afterwards, and nothing else.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { closeBcrypt, hashBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { connectPeer } from "../support/peer.ts";
import {
  spawnCommand,
  spawnProgram,
  type TestProcess,
} from "../support/process.ts";
import {
  currentRuntime,
  executableOf,
  PROJECT_FOLDER,
} from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";

const PROGRAM = "tests/support/embedded_program.ts";
const FILE = join(PROJECT_FOLDER, PROGRAM);

function start(t: TestContext, ...args: readonly string[]): TestProcess {
  const started = spawnProgram(currentRuntime(), PROGRAM, args);
  t.after(() => started.stop());
  return started;
}

/** Waits for a process that ends by itself, as it should, and without complaint. */
async function ended(started: TestProcess): Promise<string[]> {
  const { code, signal } = await started.exited;
  assert.deepEqual([code, signal, started.stderr], [0, null, ""]);
  return started.stdout.trim().split("\n");
}

test("a process whose server has stopped ends by itself, and no file is there", async (t) => {
  const hash = await hashBcrypt("s3cret", 4);
  await closeBcrypt();
  const folder = temporaryFolder(t);
  const started = spawnCommand(
    [...currentRuntime().command, FILE, "stop", hash],
    { cwd: folder, env: { TMPDIR: folder } },
  );
  t.after(() => started.stop());
  assert.deepEqual(await ended(started), ["stopped"]);
  assert.deepEqual(readdirSync(folder), []);
});

test("a process with a running server stays alive, and its server serves", async (t) => {
  const started = start(t, "run");
  const [, port] = await started.waitFor(/running nats:\/\/127\.0\.0\.1:(\d+)/);
  const peer = await connectPeer({ port: Number(port) });
  t.after(() => peer.close());
  await peer.handshake();
  // Nobody catches signals for the server: this one ends the process.
  started.kill("SIGTERM");
  const { code, signal } = await started.exited;
  assert.ok(signal === "SIGTERM" || code === 143, `${code} ${signal}`);
  assert.equal(started.stderr, "");
});

test("a server without any port keeps its process, too", async (t) => {
  assert.deepEqual(await ended(start(t, "hidden")), ["stopped"]);
});

test("a process lives until lame duck mode is over", async (t) => {
  assert.deepEqual(await ended(start(t, "lameduck")), ["stopped"]);
});

test("a server that could not start leaves nothing that keeps the process", async (t) => {
  assert.deepEqual(await ended(start(t, "fail")), [
    "NetworkError EADDRINUSE",
    "ConfigError",
    "stopped",
  ]);
});

const deno = executableOf("deno");
const skip = currentRuntime().name === "deno" && deno !== undefined
  ? false
  : "only Deno has permissions for each variable and each file";

test(
  "a server without a port needs no permission at all",
  { skip },
  async (t) => {
    const flags = ["run", "--quiet", "--no-prompt", "--cached-only"];
    const started = spawnCommand([deno!, ...flags, FILE, "sandbox"]);
    t.after(() => started.stop());
    assert.deepEqual(await ended(started), ["1 1"]);
  },
);

test("a server with ports needs the network alone", { skip }, async (t) => {
  const flags = ["run", "--quiet", "--no-prompt", "--cached-only"];
  const allowed = "--allow-net=127.0.0.1";
  const started = spawnCommand([deno!, ...flags, allowed, FILE, "lameduck"]);
  t.after(() => started.stop());
  assert.deepEqual(await ended(started), ["stopped"]);
});
