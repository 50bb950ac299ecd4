/**
 * Files of a stream with flipped bits, emptied pages and cut ends: what stands in
 * the pages that are whole is read, the rest is named, and nothing is removed.
 */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { FileStore } from "../../src/jetstream/store/file_store.ts";
import { PAGE_SIZE, strayRows } from "../../src/jetstream/store/pages.ts";
import {
  type StoredMessage,
  StoreError,
} from "../../src/jetstream/store/stream_store.ts";
import type { Storage } from "../../src/platform/storage.ts";
import { platform } from "../../src/runtime/mod.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { test } from "../support/test.ts";

const real = loadStorage();
/** Waits for no disk: nothing here ends a process. */
const storage: Storage = {
  ...real,
  open(path) {
    const database = real.open(path);
    database.execute("PRAGMA synchronous = OFF");
    return database;
  },
};
const PLACES = 200;
const FEWER_PLACES = 50;
const MESSAGES = 400;
const REMOVED = 7;
const LONG = 50;
const FILES = ["stream.db", "stream.db-wal", "acknowledged"] as const;
const NO_BYTES = new Uint8Array(0);

/** The files of a store as bytes. */
type Files = Partial<Record<typeof FILES[number], Uint8Array>>;

function messageOf(seq: number): StoredMessage {
  const length = seq % LONG === 0 ? 3 * PAGE_SIZE : seq % 100;
  return {
    seq,
    timeUs: 1_795_966_290_709_496 + seq,
    subject: `subject.${seq % 17}`,
    headers: seq % 3 === 0 ? asciiBytes("NATS/1.0\r\nA: b\r\n\r\n") : NO_BYTES,
    payload: asciiBytes(String(seq).repeat(length).slice(0, length)),
  };
}

const VALUES: readonly (readonly [string, string])[] = [
  ["consumer/C", "c".repeat(300)],
  ...Array.from(
    { length: 60 },
    (_, i) => [`pending/C/${i}`, `waiting ${i}`] as const,
  ),
  ["stream", "s".repeat(500)],
];

function isVital(name: string): boolean {
  return name === "stream" || name.startsWith("consumer/");
}

function open(folder: string): FileStore {
  return new FileStore(folder, storage, platform.runSoon);
}

/** A store with messages in several commits; gives what stood in its files before and after it was closed. */
async function filled(folder: string): Promise<[Files, Files]> {
  const store = open(folder);
  for (const [name, value] of VALUES) store.put(name, value, isVital(name));
  for (let seq = 1; seq <= MESSAGES; seq++) {
    store.append(messageOf(seq));
    if (seq % 40 === 0) await synced(store);
  }
  for (let seq = 1; seq <= MESSAGES; seq += REMOVED) store.remove(seq, false);
  await synced(store);
  const running = filesIn(folder);
  await store.close();
  return [running, filesIn(folder)];
}

function synced(store: FileStore): Promise<void> {
  return new Promise((resolve, reject) =>
    store.sync((error) => error === undefined ? resolve() : reject(error))
  );
}

function filesIn(folder: string): Files {
  return Object.fromEntries(
    FILES.filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

/** What a store gives of its messages. */
interface Reading {
  readonly messages: ReadonlySet<number>;
  readonly damage: string;
  readonly values: ReadonlyMap<string, string>;
  readonly lastSeq: number;
}

/** Opens a store with these files and reads all; undefined: it is refused. */
async function read(folder: string, files: Files): Promise<Reading | string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(folder, name), bytes);
  }
  let store: FileStore;
  try {
    store = open(folder);
  } catch (error) {
    assert(error instanceof StoreError, String(error));
    // The log, where there is one, goes into the file when that is closed.
    if (files["stream.db-wal"] === undefined) {
      assert.deepEqual(filesIn(folder)["stream.db"], files["stream.db"]);
    }
    return error.message;
  }
  const messages = new Set<number>();
  const damage: string[] = [];
  finishSteps(store.replay((message) => {
    const text = byteString(message.payload, 0, message.payload.length);
    const { payload } = messageOf(message.seq);
    assert.equal(text, byteString(payload, 0, payload.length));
    messages.add(message.seq);
  }, ({ text }) => damage.push(text)));
  const { lastSeq } = store;
  for (const seq of messages) assert.equal(store.load(seq)?.seq, seq);
  // It works as a store, and keeps what it is given.
  store.append(messageOf(lastSeq + 1));
  await synced(store);
  assert.equal(store.load(lastSeq + 1)?.seq, lastSeq + 1);
  const values = new Map(store.values(""));
  await store.close();
  return { messages, damage: damage.join("\n"), values, lastSeq };
}

/** The messages that stand, at least in part, in each page. */
function messagesByPage(file: Uint8Array): ReadonlyMap<number, Set<number>> {
  const found = new Map<number, Set<number>>();
  const count = file.length / PAGE_SIZE;
  const without = (missing: number): Set<number> => {
    const rows = strayRows({
      count,
      read: (page) =>
        page === missing || page < 1 || page > count
          ? undefined
          : file.subarray((page - 1) * PAGE_SIZE, page * PAGE_SIZE),
    }, new Set([1]));
    return new Set(
      [...rows].filter(({ length }) => length === 6).map(([seq]) =>
        Number(seq)
      ),
    );
  };
  const all = without(0);
  for (let page = 1; page <= count; page++) {
    found.set(page, all.difference(without(page)));
  }
  return found;
}

function remaining(): Set<number> {
  const seqs = Array.from({ length: MESSAGES }, (_, i) => i + 1);
  return new Set(seqs.filter((seq) => (seq - 1) % REMOVED !== 0));
}

/** All but what stood in `pages` is there, or all is refused; what is not there is told of. */
function check(
  reading: Reading | string,
  mayMiss: ReadonlySet<number>,
  what: string,
): void {
  if (typeof reading === "string") {
    return assert.match(reading, /stream\.db/, what);
  }
  const { messages, damage, values, lastSeq } = reading;
  const missing = remaining().difference(messages);
  assert.deepEqual([...missing.difference(mayMiss)], [], `${what}: ${damage}`);
  const extra = messages.difference(remaining());
  assert.deepEqual([...extra], [], `${what}: ${damage}`);
  assert.equal(lastSeq, MESSAGES, what);
  for (const seq of missing) {
    assert(isNamed(seq, damage), `${what}: ${seq} is not in: ${damage}`);
  }
  for (const [name, value] of VALUES) {
    const found = values.get(name);
    if (found !== undefined) assert.equal(found, value, what);
    else {
      assert(!isVital(name), `${what}: ${name} is lost`);
      assert.match(damage, /stream\.db/, `${what}: ${name}`);
    }
  }
}

function isNamed(seq: number, damage: string): boolean {
  for (const [, first, last] of damage.matchAll(/(\d+) to (\d+)/g)) {
    if (Number(first) <= seq && seq <= Number(last)) return true;
  }
  return new RegExp(`message ${seq}\\b`).test(damage);
}

function flipped(file: Uint8Array, at: number, bit: number): Uint8Array {
  const copy = file.slice();
  copy[at]! ^= 1 << bit;
  return copy;
}

interface Case {
  readonly folder: string;
  readonly running: Files;
  readonly closed: Files;
  readonly random: () => number;
}

async function caseOf(
  t: Cleanup & { diagnostic(text: string): void },
): Promise<Case> {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const folder = join(temporaryFolder(t), "store");
  const [running, closed] = await filled(folder);
  const random = seededRandom(seed);
  return { folder, running, closed, random: () => random.next() };
}

const TABLES: readonly (readonly [string, (kind: number) => boolean])[] = [
  ["messages", (kind) => kind !== 2 && kind !== 10],
  ["values", (kind) => kind === 2 || kind === 10],
];

for (const [table, isMeant] of TABLES) {
  test(`a flipped bit among the ${table} takes no more than its page`, async (t) => {
    const { folder, closed, random } = await caseOf(t);
    const file = closed["stream.db"]!;
    const byPage = messagesByPage(file);
    const pages = [...byPage.keys()].filter((page) =>
      page > 1 && isMeant(file[(page - 1) * PAGE_SIZE]!)
    );
    assert(pages.length > 1);
    for (let i = 0; i < PLACES; i++) {
      const page = pages[Math.floor(random() * pages.length)]!;
      // Every other one near the beginning, where a page says what it is.
      const reach = i % 2 === 0 ? PAGE_SIZE : 40;
      const at = (page - 1) * PAGE_SIZE + Math.floor(random() * reach);
      const bit = Math.floor(random() * 8);
      const files = { ...closed, "stream.db": flipped(file, at, bit) };
      const mayMiss = byPage.get(page)!;
      check(await read(folder, files), mayMiss, `byte ${at}, bit ${bit}`);
    }
  });
}

test("pages that the root of the messages does not tell of any more are found", async (t) => {
  const { folder, closed } = await caseOf(t);
  const file = closed["stream.db"]!.slice();
  // SQLite's file format: behind its kind and a place, how many cells a page has.
  const countAt = PAGE_SIZE + 4;
  assert.ok(file[countAt]! > 2);
  file[countAt]! -= 2;
  const reading = await read(folder, { ...closed, "stream.db": file });
  assert.ok(typeof reading !== "string");
  check(reading, new Set(), "two cells less");
});

test("a flipped bit in the first page takes nothing", async (t) => {
  const { folder, closed, random } = await caseOf(t);
  const file = closed["stream.db"]!;
  for (let i = 0; i < FEWER_PLACES; i++) {
    const at = Math.floor(random() * (i % 2 === 0 ? PAGE_SIZE : 110));
    const bit = Math.floor(random() * 8);
    const files = { ...closed, "stream.db": flipped(file, at, bit) };
    const reading = await read(folder, files);
    assert.notEqual(typeof reading, "string", `byte ${at}: ${reading}`);
    check(reading, new Set(), `byte ${at}, bit ${bit}`);
  }
});

test("a page of zeros takes no more than what stood in it", async (t) => {
  const { folder, closed } = await caseOf(t);
  const file = closed["stream.db"]!;
  for (const [page, messages] of messagesByPage(file)) {
    const copy = file.slice();
    copy.fill(0, (page - 1) * PAGE_SIZE, page * PAGE_SIZE);
    const reading = await read(folder, { ...closed, "stream.db": copy });
    assert.notEqual(typeof reading, "string", `page ${page}: ${reading}`);
    check(reading, messages, `page ${page}`);
  }
});

test("a flipped bit in the file of the last sequence is told of, and counts for nothing", async (t) => {
  const { folder, closed, random } = await caseOf(t);
  const file = closed["acknowledged"]!;
  for (let i = 0; i < FEWER_PLACES; i++) {
    const at = i % file.length;
    const bit = Math.floor(random() * 8);
    const files = { ...closed, "acknowledged": flipped(file, at, bit) };
    const reading = await read(folder, files);
    const what = `byte ${at}, bit ${bit}`;
    assert.notEqual(typeof reading, "string", `${what}: ${reading}`);
    check(reading, new Set(), what);
    const { damage } = reading as Reading;
    assert.match(damage, /acknowledged is damaged .*its checksum/, what);
  }
  const cut = { ...closed, "acknowledged": file.slice(0, 20) };
  const reading = await read(folder, cut) as Reading;
  check(reading, new Set(), "cut");
  assert.match(reading.damage, /acknowledged is damaged/);
});

test("a file that was cut takes no more than what stood behind", async (t) => {
  const { folder, closed } = await caseOf(t);
  const file = closed["stream.db"]!;
  const byPage = messagesByPage(file);
  for (let length = 0; length < file.length; length += PAGE_SIZE / 2 + 100) {
    const lost = new Set<number>();
    for (const [page, messages] of byPage) {
      if (page * PAGE_SIZE <= length) continue;
      for (const seq of messages) lost.add(seq);
    }
    const files = { ...closed, "stream.db": file.slice(0, length) };
    const reading = await read(folder, files);
    // The tables of values begin with the pages 3 and 4.
    if (typeof reading !== "string" && length < 4 * PAGE_SIZE) {
      assert.match(reading.damage, /stream\.db was damaged/);
    } else check(reading, lost, `cut at ${length}`);
  }
});

test("a damaged file is kept as it was", async (t) => {
  const { folder, closed } = await caseOf(t);
  const file = closed["stream.db"]!.slice();
  file.fill(0, PAGE_SIZE, 2 * PAGE_SIZE);
  const reading = await read(folder, { ...closed, "stream.db": file });
  assert.notEqual(typeof reading, "string");
  const kept = readdirSync(folder).filter((name) => /damaged/.test(name));
  assert.deepEqual(kept, ["stream.db.damaged-1"]);
  assert.deepEqual(
    new Uint8Array(readFileSync(join(folder, kept[0]!))),
    new Uint8Array(file),
  );
  // It is told of at later starts as well.
  const again = open(folder);
  t.after(() => again.close());
  const texts: string[] = [];
  finishSteps(again.replay(() => {}, ({ text }) => texts.push(text)));
  assert.match(texts.join("\n"), /was damaged [^]* is .*stream\.db\.damaged-1/);
});

test("a log that was cut is told of, with the sequences that it had", async (t) => {
  const { folder, running } = await caseOf(t);
  const log = running["stream.db-wal"]!;
  for (let part = 1; part < 20; part++) {
    const length = Math.floor(log.length * part / 20);
    const files = { ...running, "stream.db-wal": log.slice(0, length) };
    const reading = await read(folder, files);
    if (typeof reading === "string") {
      assert.match(reading, /stream\.db/);
      continue;
    }
    const { messages, damage, lastSeq } = reading;
    assert.equal(lastSeq, MESSAGES);
    for (const seq of remaining().difference(messages)) {
      assert(isNamed(seq, damage), `cut at ${length}: ${seq}: ${damage}`);
    }
  }
});

test("a flipped bit in the log does not take the commits behind it", async (t) => {
  const { folder, running, random } = await caseOf(t);
  const log = running["stream.db-wal"]!;
  const all = remaining().size;
  for (let i = 0; i < FEWER_PLACES; i++) {
    const at = Math.floor(random() * log.length * 0.8);
    const bit = Math.floor(random() * 8);
    const files = { ...running, "stream.db-wal": flipped(log, at, bit) };
    const reading = await read(folder, files);
    const what = `byte ${at}, bit ${bit}`;
    assert.notEqual(typeof reading, "string", `${what}: ${reading}`);
    const { messages, damage } = reading as Reading;
    assert(messages.size > all / 2, `${what}: ${messages.size}: ${damage}`);
    for (const seq of remaining().difference(messages)) {
      assert(isNamed(seq, damage), `${what}: ${seq}: ${damage}`);
    }
  }
});
