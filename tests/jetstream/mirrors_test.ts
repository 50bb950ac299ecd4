/** Streams that are mirrors of others, on a virtual clock. */
import assert from "node:assert/strict";
import { type Answer, copiesScene, type Kept, texts } from "./copies_scene.ts";
import { test } from "../support/test.ts";

const SECOND = 1000;

/** Sequences and times. */
function places(all: readonly Kept[]): string[] {
  return all.map(({ seq, time }) => `${seq} ${time}`);
}

test("a mirror has what its origin has, under the same sequences and times", async (t) => {
  const { ask, make, publish, kept, info, origin, advance } = await copiesScene(
    t,
  );
  await make("O", { subjects: ["o.>"] });
  await publish("o.1", "a", "b", "c", "d", "e", "f");
  await ask("STREAM.PURGE.O", { seq: 3 });
  await ask("STREAM.MSG.DELETE.O", { seq: 5 });
  const made = await make("M", { mirror: { name: "O" } });
  assert.deepEqual(made["mirror"], { name: "O", lag: 0, active: -1 });
  await advance(SECOND);
  const copies = await kept("M");
  assert.deepEqual(texts(copies), ["3 o.1 c", "4 o.1 d", "6 o.1 f"]);
  assert.deepEqual(places(copies), places(await kept("O")));
  const { state } = await info("M") as { state: Answer };
  assert.deepEqual(
    [state["first_seq"], state["last_seq"], state["deleted"]],
    [3, 6, [5]],
  );
  await publish("o.2", "g");
  await advance(1);
  assert.deepEqual(texts(await kept("M")).at(-1), "7 o.2 g");
  const { active, ...told } = await origin("M");
  assert.deepEqual(told, { name: "O", lag: 0 });
  assert.ok(Number(active) < 1e9, `${active}`);
});

test("what goes from the origin stays in its mirror, and sequences without a message stay free", async (t) => {
  const { ask, make, publish, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("M", { mirror: { name: "O" } });
  await publish("o", "a", "b");
  await advance(1);
  await ask("STREAM.PURGE.O", { seq: 20 });
  await publish("o", "c");
  await advance(1);
  assert.deepEqual(texts(await kept("M")), ["1 o a", "2 o b", "20 o c"]);
});

test("a mirror begins where it is told to, and at what its filter means", async (t) => {
  const { make, publish, kept, info, advance } = await copiesScene(t);
  await make("O", { subjects: ["o.>"] });
  await publish("o.1", "a");
  await publish("o.2", "b");
  await advance(SECOND);
  const opt_start_time = (await info("O"))["ts"];
  await publish("o.1", "c");
  await publish("o.2", "d");
  const wanted: readonly (readonly [object, readonly string[]])[] = [
    [{ opt_start_seq: 3 }, ["3 o.1 c", "4 o.2 d"]],
    [{ opt_start_time }, ["3 o.1 c", "4 o.2 d"]],
    [{ filter_subject: "o.2" }, ["2 o.2 b", "4 o.2 d"]],
    [{ filter_subject: "*.1", opt_start_seq: 2 }, ["3 o.1 c"]],
    [{ subject_transforms: [{ src: "o.1", dest: "x" }] }, ["1 x a", "3 x c"]],
    [{ subject_transforms: [{ src: "o.*", dest: "y.{{wildcard(1)}}" }] }, [
      "1 y.1 a",
      "2 y.2 b",
      "3 y.1 c",
      "4 y.2 d",
    ]],
    [{
      subject_transforms: [
        { src: "o.1", dest: "" },
        { src: "o.2", dest: "z" },
      ],
    }, ["1 o.1 a", "2 z b", "3 o.1 c", "4 z d"]],
  ];
  for (const [i, [mirror]] of wanted.entries()) {
    await make(`M${i}`, { mirror: { name: "O", ...mirror } });
  }
  await advance(SECOND);
  for (const [i, [, all]] of wanted.entries()) {
    assert.deepEqual(texts(await kept(`M${i}`)), all);
  }
});

test("a mirror takes nothing from clients, and what was said to the origin alone is left out", async (t) => {
  const { connection, make, publishWith, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"], allow_msg_ttl: true });
  await make("M", { mirror: { name: "O" } });
  await publishWith("o", "a", {
    "Nats-Expected-Last-Sequence": "0",
    "Nats-Msg-Id": "one",
    "Nats-TTL": "1h",
    "Mine": "x",
  });
  await publishWith("o", "b", { "Nats-Expected-Stream": "O" });
  await advance(1);
  assert.deepEqual((await kept("M")).map(({ lines }) => lines), [
    ["Nats-Msg-Id: one", "Nats-TTL: 1h", "Mine: x"],
    [],
  ]);
  await assert.rejects(connection.request("M", "x"), /Nobody subscribes/);
});

test("a mirror whose origin is not there says so, and begins once it comes", async (t) => {
  const { ask, make, publish, kept, origin, advance } = await copiesScene(t);
  await make("M", { mirror: { name: "O" } });
  await advance(SECOND);
  assert.deepEqual(await origin("M"), {
    name: "O",
    lag: 0,
    active: -1,
    error: { code: 404, err_code: 10059, description: "stream not found" },
  });
  await make("O", { subjects: ["o"] });
  await publish("o", "a");
  await advance(1);
  assert.deepEqual(texts(await kept("M")), ["1 o a"]);
  await ask("STREAM.DELETE.O");
  await advance(30 * SECOND);
  assert.equal((await origin("M"))["error"] !== undefined, true);
  await make("O", { subjects: ["o"], first_seq: 2 });
  await publish("o", "b");
  await advance(1);
  assert.deepEqual(texts(await kept("M")), ["1 o a", "2 o b"]);
  assert.equal((await origin("M"))["error"], undefined);
});

test("an origin that is not there is asked less and less often", async (t) => {
  const { connection, make, advance } = await copiesScene(t);
  let asked = 0;
  connection.subscribe("$JS.API.CONSUMER.CREATE.O", {
    callback: () => void asked++,
  });
  await connection.flush();
  await make("M", { mirror: { name: "O" } });
  await advance(60 * SECOND);
  const first = asked;
  assert.ok(first >= 5 && first <= 8, `${first} times in the first minute`);
  await advance(60 * SECOND);
  assert.ok(asked - first <= 2, `${asked - first} times in the second`);
});

test("a mirror that has no room loses nothing: it goes on when there is some", async (t) => {
  const { ask, make, publish, kept, origin, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("M", { mirror: { name: "O" }, max_msgs: 2, discard: "new" });
  await publish("o", "a", "b", "c", "d");
  await advance(SECOND);
  assert.deepEqual(texts(await kept("M")), ["1 o a", "2 o b"]);
  const { error } = await origin("M") as { error: Answer };
  assert.equal(error["err_code"], 10077);
  await ask("STREAM.PURGE.M");
  await advance(60 * SECOND);
  assert.deepEqual(texts(await kept("M")), ["3 o c", "4 o d"]);
});

test("a mirror of a work queue takes its messages out once it has them", async (t) => {
  const { ask, make, publish, kept, info, advance } = await copiesScene(t);
  await make("W", { subjects: ["w"], retention: "workqueue" });
  await publish("w", "a", "b");
  await make("M", { mirror: { name: "W" } });
  await advance(100);
  assert.deepEqual(texts(await kept("M")), ["1 w a", "2 w b"]);
  assert.deepEqual(texts(await kept("W")), ["1 w a", "2 w b"]);
  await advance(2 * SECOND);
  assert.deepEqual(texts(await kept("W")), []);
  const { consumers } = await ask("CONSUMER.LIST.W") as {
    consumers: Answer[];
  };
  const [{ name, config, ack_floor }] = consumers as [Answer];
  assert.match(String(name), /^JS_MIRROR_[0-9A-Za-z]{8}$/);
  assert.equal((config as Answer)["ack_policy"], "flow_control");
  assert.equal((ack_floor as Answer)["stream_seq"], 2);
  await ask("STREAM.DELETE.M");
  await advance(1);
  const { state } = await info("W") as { state: Answer };
  assert.equal(state["consumer_count"], 0);
});

test("the consumer of a mirror is nobody else's", async (t) => {
  const { ask, make, info, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("M", { mirror: { name: "O" } });
  await advance(SECOND);
  const { state } = await info("O") as { state: Answer };
  assert.equal(state["consumer_count"], 0);
  assert.deepEqual((await ask("CONSUMER.NAMES.O"))["consumers"], []);
  assert.equal((await ask("INFO"))["consumers"], 1);
});

test("a mirror may be read by a consumer that its user has made for it", async (t) => {
  const { ask, make, publish, kept, info, origin, advance } = await copiesScene(
    t,
  );
  await make("O", { subjects: ["o"], retention: "interest" });
  const config = {
    durable_name: "mine",
    deliver_subject: "to.mine",
    ack_policy: "flow_control",
    flow_control: true,
    idle_heartbeat: 1e9,
    max_ack_pending: 2,
  };
  await ask("CONSUMER.CREATE.O.mine", { stream_name: "O", config });
  await publish("o", "a", "b", "c", "d", "e");
  const consumer = { name: "mine", deliver_subject: "to.mine" };
  await make("M", { mirror: { name: "O", consumer } });
  await advance(3 * SECOND);
  assert.equal((await kept("M")).length, 5);
  const { state } = await info("O") as { state: Answer };
  assert.equal(state["messages"], 0);
  await publish("o", "f");
  await ask("CONSUMER.RESET.O.mine");
  await advance(SECOND);
  assert.deepEqual(texts(await kept("M")).at(-1), "6 o f");
  const other = { ...config, durable_name: "other", ack_policy: "explicit" };
  await ask("CONSUMER.CREATE.O.other", { stream_name: "O", config: other });
  const wrong = { name: "other", deliver_subject: "to.mine" };
  await make("N", { mirror: { name: "O", consumer: wrong } });
  await advance(SECOND);
  const { error } = await origin("N") as { error: Answer };
  assert.equal(error["err_code"], 10214);
});

test("a mirror that is none any more is a stream like others", async (t) => {
  const { ask, make, publish, kept, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"] });
  await make("M", { mirror: { name: "O" } });
  await publish("o", "a");
  await advance(SECOND);
  const mirror = { name: "O", filter_subject: "o" };
  const config = { name: "M", storage: "memory" };
  const { error } = await ask("STREAM.UPDATE.M", { ...config, mirror });
  assert.equal((error as Answer)["err_code"], 10055);
  const promoted = { ...config, subjects: ["m"] };
  const told = await ask("STREAM.UPDATE.M", promoted);
  assert.equal(told["mirror"], undefined);
  await publish("o", "b");
  await publish("m", "c");
  await advance(SECOND);
  assert.deepEqual(texts(await kept("M")), ["1 o a", "2 m c"]);
});

test("an origin of the same account answers for itself, whose mirror may lag", async (t) => {
  const { connection, make, publish, advance } = await copiesScene(t);
  await make("O", { subjects: ["o"], allow_direct: true });
  const { config } = await make("M", { mirror: { name: "O" } }) as {
    config: Answer;
  };
  assert.equal(config["mirror_direct"], true);
  await publish("o", "a");
  await advance(SECOND);
  for (let i = 0; i < 10; i++) {
    const answer = connection.request("$JS.API.DIRECT.GET.O", '{"seq":1}');
    await advance(10);
    assert.equal((await answer).headers?.get("Nats-Stream"), "O");
  }
});
