/** Lists of nodes in files and folders: the suite, and what only files do. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import type { FilePlatform } from "../../src/discovery/sources/node_files.ts";
import { fileList } from "../../src/discovery/providers/file_list.ts";
import { nodeToJson } from "../../src/discovery/node_record.ts";
import { platform } from "../../src/runtime/mod.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import {
  ask,
  describeDiscovery,
  type DiscoveryStage,
  startWatch,
  testNode,
  urlsOf,
} from "./suite.ts";

const LACKS = {
  stall: "a file is read at once or not at all",
  secret: "a path holds no secret",
} as const;

const GARBAGE = [
  "<html> 502 </html>",
  '{"nodes":',
  "{}",
  '{"nodes":7}',
  "{7}",
  "",
  "\n",
];

describeDiscovery("a file", {
  whenEmpty: "empty",
  garbage: [...GARBAGE, "[".repeat(100_000), "# this\nis no URL"],
  lacks: LACKS,
}, (t) => Promise.resolve(fileStage(t)));

function fileStage(t: TestContext): DiscoveryStage {
  const path = join(temporaryFolder(t), "nodes.json");
  const write = (text: string): void => writeFileSync(path, text);
  write("[]");
  return {
    provider: (wanted) => fileList({ path }, platform, wanted),
    put: (nodes) => write(JSON.stringify({ nodes: nodes.map(nodeToJson) })),
    putRaw: (items) => write(JSON.stringify(items)),
    speak: write,
    cut: () => unlinkSync(path),
    mend: () => write("[]"),
  };
}

describeDiscovery("a folder", {
  whenEmpty: "empty",
  whenGarbage: "empty",
  whenTooLong: "empty",
  lacks: LACKS,
}, (t) => Promise.resolve(folderStage(t)));

function folderStage(t: TestContext): DiscoveryStage {
  const path = `${temporaryFolder(t)}/nodes/`;
  const empty = (): void => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  };
  const replace = (items: readonly (readonly [string, unknown])[]): void => {
    empty();
    for (const [id, item] of items) {
      writeFileSync(`${path}${id}.json`, JSON.stringify(item));
    }
  };
  empty();
  return {
    provider: (wanted) => fileList({ path }, platform, wanted),
    put: (nodes) => replace(nodes.map((node) => [node.id, nodeToJson(node)])),
    putRaw: (items) => replace(items.map((item, at) => [`f${at}`, item])),
    speak: (text) => writeFileSync(`${path}N1.json`, text),
    cut: () => rmSync(path, { recursive: true }),
    mend: empty,
  };
}

/** A file that the test writes, and a provider that knows no change but by looking. */
function scene(
  t: TestContext,
): { path: string; clock: VirtualClock; blind: FilePlatform } {
  const path = join(temporaryFolder(t), "nodes.json");
  const clock = new VirtualClock();
  const files = { ...platform.files, watch: () => () => {} };
  return { path, clock, blind: { clock, files } };
}

test("a file may hold a URL per line, with comments", async (t) => {
  const { path } = scene(t);
  writeFileSync(
    path,
    "# those of the article\r\nnats://127.0.0.1:4222\r\n\n" +
      "  127.0.0.1:5222  # the second\nnats-route://127.0.0.1:4248\n",
  );
  const clients = await ask(fileList({ path }, platform, "client"));
  const routes = await ask(fileList({ path }, platform, "route"));
  assert.deepEqual(urlsOf(clients.endpoints), [
    "nats://127.0.0.1:4222",
    "nats://127.0.0.1:5222",
  ]);
  assert.deepEqual(urlsOf(routes.endpoints), ["nats-route://127.0.0.1:4248"]);
});

test("a file of comments is an empty list", async (t) => {
  const { path } = scene(t);
  writeFileSync(path, "# nobody yet\n");
  const answer = await ask(fileList({ path }, platform, "client"));
  assert.deepEqual(answer, { endpoints: [], authoritative: true });
});

test("a file that is not there rejects and says so", async (t) => {
  const { path } = scene(t);
  await assert.rejects(ask(fileList({ path }, platform, "client")), {
    name: "DiscoveryError",
    message: `Cannot read "file://${path}": open ${path}: ` +
      "no such file or directory",
  });
});

for (const isBlind of [false, true]) {
  const how = isBlind
    ? "by looking every second"
    : "by the word of the platform";

  test(`a watch survives a file that is renamed over, ${how}`, async (t) => {
    const { path, clock, blind } = scene(t);
    writeFileSync(path, "127.0.0.1:1");
    const provider = fileList({ path }, isBlind ? blind : platform, "client");
    const watcher = startWatch(t, provider);
    await watcher.sees(["nats://127.0.0.1:1"]);
    for (const port of [2, 3]) {
      const seen = watcher.sees([`nats://127.0.0.1:${port}`]);
      writeFileSync(`${path}.new`, `127.0.0.1:${port}`);
      renameSync(`${path}.new`, path);
      await passingTime(clock, seen);
    }
  });

  test(`a watch survives the swap of a link, ${how}`, async (t) => {
    const { path, clock, blind } = scene(t);
    const folder = join(path, "..");
    // As Kubernetes mounts a ConfigMap: nodes.json -> ..data/nodes.json,
    // ..data -> ..1, and a new link is renamed over ..data.
    for (const port of [1, 2, 3]) {
      mkdirSync(join(folder, `..${port}`));
      writeFileSync(
        join(folder, `..${port}`, "nodes.json"),
        `127.0.0.1:${port}`,
      );
    }
    symlinkSync("..1", join(folder, "..data"));
    symlinkSync("..data/nodes.json", path);
    const provider = fileList({ path }, isBlind ? blind : platform, "client");
    const watcher = startWatch(t, provider);
    await watcher.sees(["nats://127.0.0.1:1"]);
    for (const port of [2, 3]) {
      const seen = watcher.sees([`nats://127.0.0.1:${port}`]);
      symlinkSync(`..${port}`, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
      await passingTime(clock, seen);
    }
  });

  test(`a watch survives a time without a file, ${how}`, async (t) => {
    const { path, clock, blind } = scene(t);
    const provider = fileList({ path }, isBlind ? blind : platform, "client");
    const watcher = startWatch(t, provider);
    for (const port of [1, 2]) {
      const seen = watcher.sees([`nats://127.0.0.1:${port}`]);
      await clock.advance(3000);
      writeFileSync(path, `127.0.0.1:${port}`);
      await passingTime(clock, seen);
      unlinkSync(path);
    }
  });
}

/** Lets time pass until what is waited for is there. */
async function passingTime(
  clock: VirtualClock,
  work: Promise<void>,
): Promise<void> {
  let isDone = false;
  const done = work.finally(() => isDone = true);
  while (!isDone) await clock.advance(100);
  await done;
}

test("a watch tells of a file that broke, by an error", async (t) => {
  const { path, clock, blind } = scene(t);
  writeFileSync(path, "127.0.0.1:1");
  const watcher = startWatch(t, fileList({ path }, blind, "client"));
  await watcher.sees(["nats://127.0.0.1:1"]);
  const next = watcher.next();
  writeFileSync(path, "{ broken");
  await passingTime(clock, assert.rejects(next, DiscoveryError));
});

test("a watch waits for the rest of a file that is being written", async (t) => {
  const { path, clock, blind } = scene(t);
  writeFileSync(path, "127.0.0.1:1");
  const watcher = startWatch(t, fileList({ path }, blind, "client"));
  await watcher.sees(["nats://127.0.0.1:1"]);
  const next = watcher.next();
  for (const text of ["", "[", '["127.0.0.1:2"', '["127.0.0.1:2"]']) {
    writeFileSync(path, text);
    await clock.advance(1000);
  }
  const seen = next.then(({ value }) => {
    assert.deepEqual(urlsOf(value.endpoints), ["nats://127.0.0.1:2"]);
  });
  await passingTime(clock, seen);
});

test("a watch that is over leaves nothing behind", async (t) => {
  const { path, clock, blind } = scene(t);
  writeFileSync(path, "127.0.0.1:1");
  let watches = 0;
  const watch = (): () => void => {
    watches++;
    return () => void watches--;
  };
  const files = { ...blind.files, watch };
  const provider = fileList({ path }, { clock, files }, "client");
  const watcher = startWatch(t, provider);
  await watcher.sees(["nats://127.0.0.1:1"]);
  const next = watcher.next();
  await clock.advance(500);
  assert.deepEqual([watches, clock.pendingTimers], [1, 1]);
  watcher.abort();
  assert.equal((await next).done, true);
  assert.deepEqual([watches, clock.pendingTimers], [0, 0]);
});

test("a node whose file is not touched any more is forgotten", async (t) => {
  const path = `${temporaryFolder(t)}/`;
  const clock = new VirtualClock(Date.now());
  const files = { ...platform.files, watch: () => () => {} };
  const provider = fileList({ path }, { clock, files }, "client");
  const nodes = [testNode(1), { ...testNode(2), ttlMs: 5000 }];
  for (const node of nodes) {
    const file = `${path}${node.id}.json`;
    writeFileSync(file, JSON.stringify(node));
    utimesSync(file, clock.now() / 1000, clock.now() / 1000);
  }
  const watcher = startWatch(t, provider);
  await watcher.sees(["nats://127.0.0.1:4001", "nats://127.0.0.1:4002"]);
  for (
    const [waitMs, left] of [
      [4000, ["nats://127.0.0.1:4001", "nats://127.0.0.1:4002"]],
      [2000, ["nats://127.0.0.1:4001"]],
      [22_000, ["nats://127.0.0.1:4001"]],
      [4000, []],
    ] as const
  ) {
    await clock.advance(waitMs);
    const { endpoints } = await ask(provider);
    assert.deepEqual(urlsOf(endpoints), left);
  }
  await passingTime(clock, watcher.sees([]));
});

test("a heartbeat is no news to a watcher", async (t) => {
  const path = `${temporaryFolder(t)}/`;
  writeFileSync(`${path}N1.json`, JSON.stringify(testNode(1)));
  const watcher = startWatch(t, fileList({ path }, platform, "client"));
  await watcher.sees(testNode(1).urls);
  const next = watcher.next();
  const soon = new Date(Date.now() + 1000);
  utimesSync(`${path}N1.json`, soon, soon);
  writeFileSync(`${path}N2.json`, JSON.stringify(testNode(2)));
  const { value } = await next;
  assert.deepEqual(urlsOf(value.endpoints), [
    "nats://127.0.0.1:4001",
    "nats://127.0.0.1:4002",
  ]);
});

test("files of other names in a folder are left alone", async (t) => {
  const path = `${temporaryFolder(t)}/`;
  const text = JSON.stringify(testNode(1));
  const names = [".N1.json", "N1.txt", "N1.json.tmp", "N 1.json", "..json"];
  for (const name of names) writeFileSync(path + name, text);
  mkdirSync(`${path}N2.json`);
  const { endpoints } = await ask(fileList({ path }, platform, "client"));
  assert.deepEqual(endpoints, []);
});

test("a broken file in a folder hides nobody else", async (t) => {
  const path = `${temporaryFolder(t)}/`;
  writeFileSync(`${path}N0.json`, "{ broken");
  writeFileSync(`${path}N1.json`, JSON.stringify(testNode(1)));
  writeFileSync(`${path}N2.json`, "x".repeat(2 * 1024 * 1024));
  symlinkSync("/nowhere", `${path}N3.json`);
  const { endpoints } = await ask(fileList({ path }, platform, "client"));
  assert.deepEqual(urlsOf(endpoints), testNode(1).urls);
});
