/** What every store of a stream's messages must do. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import type {
  StoredMessage,
  StreamStore,
} from "../../src/jetstream/store/stream_store.ts";
import type { Cleanup } from "../support/temp.ts";
import { finishSteps } from "../../src/core/steps.ts";
import { test } from "../support/test.ts";

/** Makes stores for one test. */
export interface StoreMaker {
  readonly name: string;
  /** What was kept is there again when a store is closed and opened. */
  readonly isKept: boolean;
  /** Opens the one store of the test, again or for the first time. */
  opener(t: Cleanup): Promise<() => StreamStore>;
}

const NO_BYTES = new Uint8Array(0);

function message(seq: number, subject: string, payload: string): StoredMessage {
  return {
    seq,
    timeUs: 1_795_966_290_709_496 + seq,
    subject,
    headers: seq % 2 === 0 ? asciiBytes("NATS/1.0\r\nA: b\r\n\r\n") : NO_BYTES,
    payload: asciiBytes(payload),
  };
}

function synced(store: StreamStore): Promise<void> {
  return new Promise((resolve, reject) =>
    store.sync((error) => error === undefined ? resolve() : reject(error))
  );
}

function plain({ headers, payload, ...facts }: StoredMessage): object {
  return { ...facts, headers: [...headers], payload: [...payload] };
}

export function testStore(maker: StoreMaker): void {
  const { name } = maker;

  test(`${name}: a message is given back as it came`, async (t) => {
    const store = (await maker.opener(t))();
    const messages = [
      message(1, "a.b", "one"),
      message(2, "a.\xc3\xa4", "\0\xff"),
      message(3, "a.\xff\xfe", ""),
    ];
    for (const one of messages) store.append(one);
    await synced(store);
    assert.equal(store.lastSeq, 3);
    for (const one of messages) {
      assert.deepEqual(plain(store.load(one.seq)!), plain(one));
    }
    assert.equal(store.load(4), undefined);
  });

  test(`${name}: the bytes of a message are borrowed`, async (t) => {
    const store = (await maker.opener(t))();
    const given = message(2, "a", "given");
    const expected = plain(given);
    store.append(given);
    given.headers.fill(0);
    given.payload.fill(0);
    await synced(store);
    assert.deepEqual(plain(store.load(2)!), expected);
  });

  test(`${name}: few of many messages are left`, async (t) => {
    const store = (await maker.opener(t))();
    const seqs = Array.from({ length: 2000 }, (_, i) => i + 1);
    const of = (seq: number): StoredMessage =>
      message(seq, `a.${seq % 7}`, "x".repeat(seq % 400 === 0 ? 9000 : seq));
    const isLeft = (seq: number): boolean => seq % 100 === 0 || seq > 1990;
    for (const seq of seqs) {
      store.append(of(seq));
      // Some go while more come.
      if (seq > 300 && !isLeft(seq - 300)) store.remove(seq - 300, false);
    }
    for (const seq of seqs.slice(-300)) {
      if (!isLeft(seq)) store.remove(seq, false);
    }
    await synced(store);
    for (const seq of seqs) {
      const found = store.load(seq);
      assert.deepEqual(
        found && plain(found),
        isLeft(seq) ? plain(of(seq)) : undefined,
      );
    }
  });

  test(`${name}: what is not kept for good yet is read and removed`, async (t) => {
    const store = (await maker.opener(t))();
    const sizes = [0, 1, 900, 5000, 20_000, 70_000, 300, 4000];
    const of = (seq: number): StoredMessage =>
      message(seq, `a.${seq % 3}`, "x".repeat(sizes[seq % sizes.length]!));
    const isLeft = (seq: number): boolean => seq % 5 !== 0;
    for (let seq = 1; seq <= 100; seq++) {
      store.append(of(seq));
      if (seq % 7 > 0) continue;
      // The last one, and one that came before others.
      for (const read of [seq, seq - 3]) {
        assert.deepEqual(plain(store.load(read)!), plain(of(read)));
      }
    }
    for (let seq = 100; seq > 0; seq--) {
      if (!isLeft(seq)) store.remove(seq, false);
    }
    await synced(store);
    for (let seq = 1; seq <= 100; seq++) {
      const found = store.load(seq);
      assert.deepEqual(
        found && plain(found),
        isLeft(seq) ? plain(of(seq)) : undefined,
      );
    }
  });

  test(`${name}: a message that is removed is not there`, async (t) => {
    const store = (await maker.opener(t))();
    for (const seq of [1, 2, 3]) store.append(message(seq, "a", `${seq}`));
    store.remove(2, false);
    store.remove(3, true);
    store.remove(9, false);
    await synced(store);
    assert.equal(store.load(2), undefined);
    assert.equal(store.load(3), undefined);
    assert.equal(store.load(1)?.seq, 1);
    assert.equal(store.lastSeq, 3);
  });

  test(`${name}: values by name, and those of a prefix`, async (t) => {
    const store = (await maker.opener(t))();
    store.put("c/b", "2");
    store.put("c/a", "1");
    store.put("d", "3");
    store.put("c/a", "4");
    store.put("c/x", "5");
    store.put("c/x", undefined);
    await synced(store);
    assert.deepEqual([...store.values("c/")], [["c/a", "4"], ["c/b", "2"]]);
    assert.deepEqual([...store.values("e")], []);
  });

  test(`${name}: those who wait are called in their order`, async (t) => {
    const store = (await maker.opener(t))();
    const order: string[] = [];
    store.append(message(1, "a", "x"));
    store.sync(() => order.push("first"));
    store.append(message(2, "a", "x"));
    store.sync(() => order.push("second"));
    await synced(store);
    assert.deepEqual(order, ["first", "second"]);
  });

  if (!maker.isKept) return;

  test(`${name}: what was kept is there again`, async (t) => {
    const open = await maker.opener(t);
    const before = open();
    for (const seq of [1, 2, 5]) before.append(message(seq, "a", `${seq}`));
    before.remove(2, false);
    before.skipTo(9);
    before.put("name", "value");
    await synced(before);
    await before.close();
    const after = open();
    const seqs: number[] = [];
    finishSteps(
      after.replay(
        ({ seq }) => seqs.push(seq),
        ({ text }) => assert.fail(text),
      ),
    );
    assert.deepEqual(seqs, [1, 5]);
    assert.equal(after.lastSeq, 9);
    assert.deepEqual([...after.values("")].filter(([key]) => key === "name"), [
      ["name", "value"],
    ]);
    await after.close();
  });

  test(`${name}: what is removed while it is read is not missing`, async (t) => {
    const open = await maker.opener(t);
    const before = open();
    for (const seq of [1, 2, 3]) before.append(message(seq, "a", `${seq}`));
    await synced(before);
    await before.close();
    const between = open();
    finishSteps(between.replay(
      ({ seq }) => seq === 3 && between.remove(1, false),
      ({ text }) => assert.fail(text),
    ));
    await synced(between);
    await between.close();
    const after = open();
    const seqs: number[] = [];
    finishSteps(
      after.replay(
        ({ seq }) => seqs.push(seq),
        ({ text }) => assert.fail(text),
      ),
    );
    assert.deepEqual(seqs, [2, 3]);
    await after.close();
  });

  test(`${name}: what is destroyed is gone`, async (t) => {
    const open = await maker.opener(t);
    const before = open();
    before.append(message(1, "a", "x"));
    await synced(before);
    await before.destroy();
    const after = open();
    finishSteps(
      after.replay(() => assert.fail("A message"), () => assert.fail("Damage")),
    );
    assert.equal(after.lastSeq, 0);
    await after.close();
  });
}
