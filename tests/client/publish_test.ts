/** What users may hand in, and how it gets into the outbox. */
import assert from "node:assert/strict";
import {
  InvalidArgumentError,
  InvalidOperationError,
} from "../../src/core/errors.ts";
import { InvalidSubjectError } from "../../src/client/api/errors.ts";
import type { Msg } from "../../src/client/api/message.ts";
import { utf8Length } from "../../src/client/messages/frame.ts";
import { Outgoing } from "../../src/client/messages/outgoing.ts";
import { byteString } from "../../src/core/ascii.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { HeaderError, headers } from "../../src/core/headers.ts";
import { SlabPool } from "../../src/core/slab_pool.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { Scene } from "./scene.ts";

const NO_SUBJECTS = [
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "a b",
  "a\tb",
  "a\r\nb",
  "a\0",
];

const NO_BACKLOG = {
  maxBytes: 0,
  policy: "error",
} as const;

const NO_STATUSES = { tell: () => {} };

const WILDCARDS = ["*", "a.*", "a.>", ">", "*.a.>"];

test("nothing is published to an invalid subject", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  for (const subject of NO_SUBJECTS) {
    assert.throws(() => client.publish(subject), InvalidSubjectError, subject);
    if (subject !== "") {
      assert.throws(
        () => client.publish("a", "", { reply: subject }),
        InvalidSubjectError,
        subject,
      );
    }
  }
  const valid = ["a*", "*a.b", "a>", "größe", "$SYS.x", ...WILDCARDS];
  for (const subject of valid) client.publish(subject);
  client.publish("a", "", { reply: "b.*" });
  await scene.settled(client.flush());
  assert.equal(server.ops.length, valid.length + 1);
});

test("an empty reply subject is none", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  client.publish("a", "", { reply: "" });
  const message: Msg = {
    subject: "b",
    sid: 1,
    reply: "",
    data: Uint8Array.of(120),
    respond: () => false,
    string: () => "x",
    json: <T>(): T => assert.fail("nobody asks"),
  };
  assert.equal(client.respondMessage(message), false);
  client.publishMessage(message);
  await scene.settled(client.flush());
  assert.deepEqual(
    server.ops.filter((op) => op.startsWith("PUB")),
    ["PUB a 0\r\n", "PUB b 1\r\nx"],
  );
});

test("a pedantic client publishes to no subject with wildcards", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server], { pedantic: true });
  for (const subject of WILDCARDS) {
    assert.throws(() => client.publish(subject), InvalidSubjectError, subject);
    assert.throws(
      () => client.publish("a", "", { reply: subject }),
      InvalidSubjectError,
      subject,
    );
  }
  client.publish("a*");
  await scene.settled(client.flush());
  assert.equal(server.ops.length, 1);
});

test("a subscription to an invalid subject or queue is refused", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  for (const subject of [...NO_SUBJECTS, ">.a", "a.>.b"]) {
    assert.throws(
      () => client.subscribe(subject),
      InvalidSubjectError,
      subject,
    );
  }
  for (const queue of [" ", "a b", "a\r\n"]) {
    assert.throws(() => client.subscribe("a", { queue }), InvalidSubjectError);
  }
  await scene.settled(client.flush());
  assert.deepEqual(server.ops, []);
});

test("an empty queue name is none", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const subscription = client.subscribe("a", { queue: "" });
  await scene.settled(client.flush());
  assert.deepEqual(server.ops, ["SUB a 1"]);
  assert.equal(subscription.getQueue(), undefined);
});

test("requests are checked like publishes", async (t) => {
  const scene = new Scene(t);
  const client = await scene.connect([await scene.server()]);
  await scene.clock.advance(100);
  const timers = scene.clock.pendingTimers;
  for (const noMux of [false, true]) {
    const error = await scene.failure(client.request("a b", "", { noMux }));
    assert.ok(error instanceof InvalidSubjectError);
  }
  const error = await scene.failure(client.request("a", "", { reply: "b" }));
  assert.ok(error instanceof InvalidArgumentError);
  await scene.clock.advance(100);
  assert.equal(scene.clock.pendingTimers, timers, "no request is pending");
});

test("headers cannot smuggle lines", () => {
  const block = headers();
  assert.throws(() => block.set("A", "b\r\nPUB x 0"), HeaderError);
  assert.throws(() => block.set("A: x\r\nB", "b"), HeaderError);
});

test("a subscription with a callback is no iterator", async (t) => {
  const scene = new Scene(t);
  const client = await scene.connect([await scene.server()]);
  const subscription = client.subscribe("a", { callback: () => {} });
  assert.throws(
    () => subscription[Symbol.asyncIterator](),
    InvalidOperationError,
  );
});

test("what is published in one turn leaves as one write", async () => {
  const writes: string[] = [];
  const outgoing = new Outgoing(new SlabPool(), NO_BACKLOG, NO_STATUSES);
  outgoing.attach({
    pendingBytes: 0,
    write: (bytes) => {
      writes.push(byteString(bytes));
      return true;
    },
  }, "");
  for (let i = 0; i < 3; i++) outgoing.publish("a", "", undefined, `${i}`);
  outgoing.subscribe(7, "b", "");
  assert.deepEqual(writes, []);
  await Promise.resolve();
  const expected =
    "PUB a 1\r\n0\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nSUB b 7\r\n";
  assert.deepEqual(writes, [expected]);
  outgoing.publish("a", "", undefined, "");
  outgoing.ping();
  assert.deepEqual(writes.slice(1), ["PUB a 0\r\n\r\nPING\r\n"]);
  await Promise.resolve();
  assert.equal(writes.length, 2);
});

test("the payload belongs to the caller again at once", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const client = await scene.connect([server]);
  const payload = new Uint8Array(300).fill(65);
  client.publish("a", payload);
  payload.fill(66);
  await scene.settled(client.flush());
  assert.equal(server.ops[0], `PUB a 300\r\n${"A".repeat(300)}`);
});

test("texts are encoded as TextEncoder encodes them", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const units = [
    0x41,
    0x7f,
    0x80,
    0x7ff,
    0x800,
    0xd800,
    0xdbff,
    0xdc00,
    0xdfff,
    0xffff,
  ];
  for (let round = 0; round < 3000; round++) {
    const length = randomBelow(random, round % 100);
    const text = Array.from(
      { length },
      () => units[randomBelow(random, units.length)]!,
    )
      .map((unit) => String.fromCharCode(unit)).join("");
    const bytes = new TextEncoder().encode(text);
    const what = `seed ${seed}: ${JSON.stringify(text)}`;
    assert.equal(utf8Length(text), bytes.length, what);
    assert.equal(
      published(text),
      `PUB a ${bytes.length}\r\n${byteString(bytes)}\r\n`,
      what,
    );
  }
});

function published(text: string): string {
  let written = "";
  const outgoing = new Outgoing(new SlabPool(), NO_BACKLOG, NO_STATUSES);
  outgoing.attach({
    pendingBytes: 0,
    write: (bytes) => {
      written += byteString(bytes);
      return true;
    },
  }, "");
  outgoing.publish("a", "", undefined, text);
  outgoing.detach();
  return written;
}
