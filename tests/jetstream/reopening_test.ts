/** Streams that could not be opened are tried again when the configuration is read again. */
import assert from "node:assert/strict";
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type ReloadableServer, startReloadable } from "../app/reloading.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { checkWhole, MESSAGES, start, streamOf, written } from "./lives.ts";
import { type Asker, asker, errorIn } from "./request.ts";

/** What is done to the folder of stream `A`; gives what mends it. */
type Harm = (folder: string) => () => void;

const HARMS: readonly (readonly [string, Harm])[] = [
  ["a folder in the place of its journal", (folder) => {
    const journal = join(folder, "stream.db-journal");
    mkdirSync(journal);
    return () => rmSync(journal, { recursive: true });
  }],
  ["a database beyond reading", (folder) => {
    const path = join(folder, "stream.db");
    const whole = readFileSync(path);
    writeFileSync(path, whole.map((byte) => byte ^ 0xff));
    return () => writeFileSync(path, whole);
  }],
  ["no database", (folder) => {
    const path = join(folder, "stream.db");
    renameSync(path, `${folder}.away`);
    return () => renameSync(`${folder}.away`, path);
  }],
];

interface Reloaded {
  readonly asking: Asker;
  readonly midge: ReloadableServer;
  /** Has the server read its configuration again. */
  reload(): Promise<void>;
  /** What `/healthz` says is wrong. */
  health(): Promise<string>;
}

async function reloadable(
  t: TestContext,
  storeDir: string,
): Promise<Reloaded> {
  const text = `http: "127.0.0.1:-1"\njetstream { store_dir: "${storeDir}" }`;
  const midge = await startReloadable(t, text);
  return {
    midge,
    asking: await asker(t, midge.server.address!.port),
    reload: () => midge.reload(text),
    async health() {
      const { port } = midge.server.monitorAddress!;
      const page = await fetch(`http://127.0.0.1:${port}/healthz`);
      const { error = "" } = await page.json() as { error?: string };
      return error;
    },
  };
}

for (const [what, harm] of HARMS) {
  test(`a stream with ${what} is opened by a reload once its files are mended`, async (t) => {
    const storeDir = temporaryFolder(t);
    const mend = harm(await written(t, storeDir));
    const { asking, midge, reload, health } = await reloadable(t, storeDir);
    const failures = (): number =>
      midge.told.filter((line) => line.startsWith("Stream A is not opened: "))
        .length;
    assert.equal(failures(), 1);
    await asking.publish("B", "meanwhile");
    await reload();
    // It is told of again, and others are as they were.
    assert.equal(failures(), 2);
    assert.match(await health(), /stream "A"/);
    mend();
    await reload();
    assert.equal(failures(), 2);
    assert.equal(await health(), "");
    assert.ok(
      midge.told.includes("Stream A is opened, which could not be before"),
    );
    await checkWhole({ asking });
    const { seq } = await asking.publish("A", "more");
    assert.equal(seq, MESSAGES + 1);
    const { state } = await asking.api("STREAM.INFO.B");
    assert.equal((state as Record<string, unknown>)["messages"], 1);
    await reload();
    assert.equal(
      midge.told.filter((line) => line.includes("is opened")).length,
      1,
    );
  });
}

test("streams of an account whose folder could not be read are opened by a reload", async (t) => {
  const storeDir = temporaryFolder(t);
  const streams = dirname(await written(t, storeDir));
  renameSync(streams, `${streams}.away`);
  writeFileSync(streams, "");
  const { asking, midge, reload, health } = await reloadable(t, storeDir);
  const made = { ...streamOf("M"), storage: "memory" };
  assert.equal(errorIn(await asking.api("STREAM.CREATE.M", made)), undefined);
  await reload();
  assert.match(await health(), /no stream of .* is opened/);
  rmSync(streams);
  renameSync(`${streams}.away`, streams);
  await reload();
  assert.equal(await health(), "");
  await checkWhole({ asking });
  assert.deepEqual(
    (await asking.api("STREAM.NAMES"))["streams"],
    ["A", "B", "M"],
  );
  assert.ok(
    midge.told.includes("Stream B is opened, which could not be before"),
  );
});

test("a stream whose files have gone is missed no more behind a reload", async (t) => {
  const storeDir = temporaryFolder(t);
  const folder = await written(t, storeDir);
  writeFileSync(join(folder, "stream.db"), "hello");
  const { asking, midge, reload, health } = await reloadable(t, storeDir);
  rmSync(folder, { recursive: true });
  await reload();
  assert.equal(await health(), "");
  assert.ok(midge.told.includes("Stream A has no files any more"));
  const made = await asking.api("STREAM.CREATE.A", streamOf("A"));
  assert.equal(errorIn(made), undefined);
  await midge.server.stop();
  assert.equal((await start(t, storeDir)).health, "");
});
