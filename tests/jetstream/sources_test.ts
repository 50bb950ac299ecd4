/** Streams that take in others, on a virtual clock. */
import assert from "node:assert/strict";
import { type Answer, copiesScene, type Kept, texts } from "./copies_scene.ts";
import { test } from "../support/test.ts";

const SECOND = 1000;

/** What each message says of its origin, without the name that this has given itself. */
function origins(all: readonly Kept[]): string[] {
  return all.map(({ lines }) =>
    lines.join("|").replace(/ [0-9A-Za-z]{8}$/, " ID")
  );
}

test("a stream takes in others, and each message says where it is from", async (t) => {
  const { make, publish, kept, info, advance } = await copiesScene(t);
  await make("A", { subjects: ["a.>"] });
  await make("B", { subjects: ["b.>"] });
  await publish("a.1", "one");
  await publish("b.1", "two");
  await advance(SECOND);
  await make("S", {
    subjects: ["s"],
    sources: [{ name: "A" }, { name: "B", filter_subject: "b.*" }],
  });
  await advance(SECOND);
  await publish("s", "three");
  await publish("a.2", "four");
  await advance(1);
  const all = await kept("S");
  assert.deepEqual(texts(all), [
    "1 a.1 one",
    "2 b.1 two",
    "3 s three",
    "4 a.2 four",
  ]);
  assert.deepEqual(origins(all), [
    "Nats-Stream-Source: A 1 > > a.1 ID",
    "Nats-Stream-Source: B 1 b.* > b.1 ID",
    "",
    "Nats-Stream-Source: A 2 > > a.2 ID",
  ]);
  const { sources } = await info("S") as { sources: Answer[] };
  assert.deepEqual(
    sources.map(({ active: _, ...told }) => told),
    [
      { name: "A", lag: 0, seq: 2 },
      { name: "B", lag: 0, seq: 1, filter_subject: "b.*" },
    ],
  );
});

test("one origin may come in several times, each with a filter or transforms of its own", async (t) => {
  const { make, publish, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o.>"] });
  await make("S", {
    sources: [
      { name: "O", filter_subject: "o.1" },
      {
        name: "O",
        subject_transforms: [
          { src: "o.2", dest: "x.2" },
          { src: "o.3", dest: "x.3" },
        ],
      },
      { name: "O", subject_transforms: [{ src: "o.*", dest: "all.$1" }] },
    ],
  });
  await advance(SECOND);
  for (const i of [1, 2, 3]) await publish(`o.${i}`, `${i}`);
  await advance(1);
  const all = await kept("S");
  assert.deepEqual(
    all.map(({ subject, text }) => `${subject} ${text}`).sort(),
    ["all.1 1", "all.2 2", "all.3 3", "o.1 1", "x.2 2", "x.3 3"],
  );
  assert.deepEqual(origins(all).sort(), [
    "Nats-Stream-Source: O 1 o.* all.$1 o.1 ID",
    "Nats-Stream-Source: O 1 o.1 > o.1 ID",
    "Nats-Stream-Source: O 2 o.* all.$1 o.2 ID",
    "Nats-Stream-Source: O 2 o.2\fo.3 x.2\fx.3 o.2 ID",
    "Nats-Stream-Source: O 3 o.* all.$1 o.3 ID",
    "Nats-Stream-Source: O 3 o.2\fo.3 x.2\fx.3 o.3 ID",
  ]);
});

test("a source of a source tells of its own origin alone, and only streams tell of origins", async (t) => {
  const { make, publishWith, kept, advance } = await copiesScene(t);
  await make("A", { subjects: ["a"] });
  await make("B", { sources: [{ name: "A" }] });
  await make("C", { subjects: ["c"], sources: [{ name: "B" }] });
  await publishWith("a", "one", {
    "Nats-Expected-Stream": "A",
    "Nats-Msg-Id": "m",
  });
  await advance(SECOND);
  assert.deepEqual(origins(await kept("C")), [
    "Nats-Msg-Id: m|Nats-Stream-Source: B 1 > > a ID",
  ]);
  const { error } = await publishWith("c", "x", {
    "Nats-Stream-Source": "B 1 > > a",
  });
  assert.equal((error as Answer)["err_code"], 10227);
});

test("message ids of a source count like others, and rollups where the stream allows them", async (t) => {
  const { make, publish, publishWith, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"], allow_rollup_hdrs: true });
  const sources = [{ name: "O" }];
  await make("D", { subjects: ["d"], sources, duplicate_window: 60e9 });
  await make("R", { sources, allow_rollup_hdrs: true });
  await publishWith("o", "one", { "Nats-Msg-Id": "m" });
  await advance(SECOND);
  const again = await publishWith("d", "again", { "Nats-Msg-Id": "m" });
  assert.deepEqual(again, { stream: "D", seq: 1, duplicate: true });
  await publish("o", "two");
  await publishWith("o", "all", { "Nats-Rollup": "sub" });
  await advance(1);
  assert.deepEqual(texts(await kept("D")), ["1 o one", "2 o two", "3 o all"]);
  assert.deepEqual(texts(await kept("R")), ["3 o all"]);
});

test("an origin that is made anew is taken in from its first message on", async (t) => {
  const { ask, make, publish, kept, origin, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("S", { sources: [{ name: "O" }] });
  await publish("o", "a", "b");
  await advance(SECOND);
  await ask("STREAM.DELETE.O");
  await make("O", { subjects: ["o"] });
  await publish("o", "c");
  await advance(SECOND);
  assert.deepEqual(texts(await kept("S")), ["1 o a", "2 o b", "3 o c"]);
  assert.equal((await origin("S"))["seq"], 1);
});

test("a source that is taken out and put back goes on where it was", async (t) => {
  const { ask, make, publish, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  const config = { name: "S", storage: "memory", subjects: ["s"] };
  const sources = [{ name: "O" }];
  await make("S", { ...config, sources });
  await publish("o", "a");
  await advance(SECOND);
  await ask("STREAM.UPDATE.S", config);
  await publish("o", "b");
  await advance(SECOND);
  assert.deepEqual(texts(await kept("S")), ["1 o a"]);
  await ask("STREAM.PURGE.S");
  await ask("STREAM.UPDATE.S", { ...config, sources });
  await advance(SECOND);
  assert.deepEqual(texts(await kept("S")), ["2 o b"]);
});

test("a stream without room takes a source in once there is some, and nothing twice", async (t) => {
  const { ask, make, publish, kept, origin, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("S", { sources: [{ name: "O" }], max_msgs: 2, discard: "new" });
  await publish("o", "a", "b", "c", "d");
  await advance(SECOND);
  const { error } = await origin("S") as { error: Answer };
  assert.equal(error["err_code"], 10077);
  await ask("STREAM.PURGE.S");
  await advance(60 * SECOND);
  assert.deepEqual(texts(await kept("S")), ["3 o c", "4 o d"]);
  assert.equal((await origin("S"))["error"], undefined);
});

test("several streams may share a work queue by filters, and each takes its part out", async (t) => {
  const { ask, make, publish, kept, info, origin, advance } = await copiesScene(
    t,
  );
  await make("W", { subjects: ["w.*"], retention: "workqueue" });
  await publish("w.1", "a");
  await publish("w.2", "b");
  const filtered = (filter_subject: string): object => ({
    sources: [{ name: "W", filter_subject }],
  });
  await make("S", filtered("w.1"));
  await make("T", filtered("w.2"));
  await advance(3 * SECOND);
  assert.deepEqual(texts(await kept("S")), ["1 w.1 a"]);
  assert.deepEqual(texts(await kept("T")), ["1 w.2 b"]);
  const { state } = await info("W") as { state: Answer };
  assert.deepEqual([state["messages"], state["consumer_count"]], [0, 2]);
  await make("U", filtered("w.*"));
  await advance(SECOND);
  const { error } = await origin("U") as { error: Answer };
  assert.equal(error["err_code"], 10100);
  await ask("STREAM.DELETE.S");
  await ask("STREAM.DELETE.T");
  await publish("w.3", "c");
  await advance(60 * SECOND);
  assert.deepEqual(texts(await kept("U")), ["1 w.3 c"]);
});

test("streams that would send messages in a ring are refused", async (t) => {
  const { ask, make } = await copiesScene(t);
  const source = (name: string): object => ({ sources: [{ name }] });
  await make("A", { subjects: ["a"] });
  await make("B", source("A"));
  await make("C", { mirror: { name: "B" } });
  for (const name of ["A", "B", "C"]) {
    const config = {
      name: "A",
      subjects: ["a"],
      storage: "memory",
      ...source(name),
    };
    const { error } = await ask("STREAM.UPDATE.A", config);
    assert.equal((error as Answer)["description"], "detected cycle");
  }
});
