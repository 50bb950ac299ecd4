/** Nodes that announce themselves in a folder. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { DiscoveryError } from "../../src/discovery/discovery.ts";
import type { Registrar, Registration } from "../../src/discovery/registrar.ts";
import { fileList } from "../../src/discovery/providers/file_list.ts";
import { fileRegistrar } from "../../src/discovery/announcing/file_registrar.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import { platform } from "../../src/runtime/mod.ts";
import { seededRandom } from "../support/random.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ask, startWatch, testNode, urlsOf } from "./suite.ts";

const TTL_MS = 15_000;

interface Scene {
  readonly path: string;
  readonly clock: VirtualClock;
  readonly registrar: Registrar;
  readonly errors: DiscoveryError[];
  /** Announces a node that is withdrawn with the test. */
  announce(node?: NodeRecord): Promise<Registration>;
}

function scene(t: TestContext): Scene {
  const path = `${temporaryFolder(t)}/`;
  const clock = new VirtualClock(Date.now());
  const errors: DiscoveryError[] = [];
  const registrar = fileRegistrar({ path }, { ...platform, clock });
  return {
    path,
    clock,
    registrar,
    errors,
    async announce(node = testNode(1)): Promise<Registration> {
      const registration = await registrar.register(node, {
        ttlMs: TTL_MS,
        signal: new AbortController().signal,
        onError: (error) => errors.push(error),
      });
      t.after(() => registration.close());
      return registration;
    },
  };
}

test("who reads the folder sees a node come, change and go", async (t) => {
  const { path, announce } = scene(t);
  const provider = fileList({ path }, platform, "client");
  const watcher = startWatch(t, provider);
  await watcher.sees([]);
  const registration = await announce();
  await watcher.sees(testNode(1).urls);
  await registration.update({ ...testNode(1), urls: ["nats://127.0.0.1:9"] });
  await watcher.sees(["nats://127.0.0.1:9"]);
  await registration.close();
  await watcher.sees([]);
  assert.deepEqual(readdirSync(path), []);
});

test("what is announced is written as a whole, for others to read", async (t) => {
  const { path, announce } = scene(t);
  await announce({ ...testNode(1), lameDuck: true });
  const file = join(path, "NODE1.json");
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
    id: "NODE1",
    name: "n1",
    cluster: "test",
    urls: ["nats://127.0.0.1:4001"],
    routes: ["nats-route://127.0.0.1:6001"],
    lameDuck: true,
    ttlMs: TTL_MS,
  });
  assert.equal(statSync(file).mode & 0o033, 0);
  assert.deepEqual(readdirSync(path), ["NODE1.json"]);
});

test("an id that could be a path is refused", async (t) => {
  const { path, announce } = scene(t);
  const ids = ["", "../x", "a/b", "/etc/x", ".", "..", "a\0b", "a b", "é"];
  for (const id of [...ids, "x".repeat(65)]) {
    await assert.rejects(announce({ ...testNode(1), id }), {
      name: "DiscoveryError",
      message: `Cannot announce at "file://${path}": ` +
        "the server's id is no name for a file",
    });
  }
  assert.deepEqual(readdirSync(path), []);
});

test("a node that lives touches its file several times a TTL", async (t) => {
  const path = `${temporaryFolder(t)}/`;
  const clock = new VirtualClock();
  const touched: string[] = [];
  const files = {
    ...platform.files,
    touch(file: string): Promise<void> {
      touched.push(file);
      return Promise.resolve();
    },
  };
  const machine = { clock, files, random: seededRandom(1) };
  const registration = await fileRegistrar({ path }, machine)
    .register(testNode(1), {
      ttlMs: TTL_MS,
      signal: new AbortController().signal,
      onError: assert.fail,
    });
  await clock.advance(2 * TTL_MS);
  assert.ok(touched.length >= 6 && touched.length <= 8, `${touched.length}`);
  assert.deepEqual(new Set(touched), new Set([join(path, "NODE1.json")]));
  await registration.close();
});

test("a file that was removed is written anew", async (t) => {
  const { path, clock, announce, errors } = scene(t);
  await announce();
  rmSync(join(path, "NODE1.json"));
  await clock.advance(TTL_MS / 3 + 1);
  await until("the file", () => existsSync(join(path, "NODE1.json")));
  const provider = fileList({ path }, platform, "client");
  assert.deepEqual(
    urlsOf((await ask(provider)).endpoints),
    testNode(1).urls,
  );
  assert.deepEqual(errors, []);
});

test("a folder that is gone is told of, and tried again", async (t) => {
  const { path, clock, announce, errors } = scene(t);
  await announce();
  rmSync(path, { recursive: true });
  for (const count of [1, 2]) {
    await until("the error", async () => {
      await clock.advance(1000);
      return errors.length >= count;
    });
  }
  assert.match(
    errors[0]!.message,
    /^Cannot announce at "file:\/\/.*no such file or directory$/,
  );
});

test("a folder that does not exist refuses the first announcement", async (t) => {
  const { path, clock, announce } = scene(t);
  rmSync(path, { recursive: true });
  await assert.rejects(announce(), { name: "DiscoveryError" });
  await until("the withdrawal", () => clock.pendingTimers === 0);
});

test("an update that could not be written is written later", async (t) => {
  const { path, clock, announce } = scene(t);
  const registration = await announce();
  const moved = { ...testNode(1), urls: ["nats://127.0.0.1:9"] };
  rmSync(path, { recursive: true });
  await assert.rejects(registration.update(moved), { name: "DiscoveryError" });
  mkdirSync(path);
  await clock.advance(TTL_MS / 3 + 1);
  const provider = fileList({ path }, platform, "client");
  await until("the update", async () => {
    const { endpoints } = await ask(provider);
    return endpoints[0]?.url === "nats://127.0.0.1:9";
  });
});

test("a withdrawn node stays withdrawn", async (t) => {
  const { path, clock, announce, errors } = scene(t);
  const registration = await announce();
  await registration.close();
  await registration.close();
  assert.equal(clock.pendingTimers, 0);
  await assert.rejects(registration.update(testNode(1)), {
    name: "DiscoveryError",
  });
  await clock.advance(2 * TTL_MS);
  assert.deepEqual(readdirSync(path), []);
  assert.deepEqual(errors, []);
});

test("an announcement that was given up leaves no file behind", async (t) => {
  const { path, clock, registrar } = scene(t);
  const why = new Error("given up");
  const aborter = new AbortController();
  const asked = registrar.register(testNode(1), {
    ttlMs: TTL_MS,
    signal: aborter.signal,
    onError: assert.fail,
  });
  aborter.abort(why);
  await assert.rejects(asked, why);
  // At once: the process may end now.
  assert.deepEqual(readdirSync(path), []);
  assert.equal(clock.pendingTimers, 0);
});
