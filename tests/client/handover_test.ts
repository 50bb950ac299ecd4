/** The two ways in which messages reach a program. */
import assert from "node:assert/strict";
import type { Msg } from "../../src/client/api/message.ts";
import type {
  MsgCallback,
  Subscription,
  SubscriptionOptions,
} from "../../src/client/api/subscription.ts";
import {
  CallbackHandover,
  QueueHandover,
  queueLimits,
} from "../../src/client/messages/handover.ts";
import { Work } from "../../src/client/messages/work.ts";
import { flow } from "../../src/runtime/process/flow.ts";
import { ReceivedMsg } from "../../src/client/messages/received_msg.ts";
import { Message } from "../../src/wire/message.ts";
import { InvalidArgumentError } from "../../src/core/errors.ts";
import { test } from "../support/test.ts";

const PUBLISHER = { publish: () => {} };

function message(size: number = 0): Msg {
  const parts = new Message();
  parts.bodyBuffer = new Uint8Array(size);
  parts.size = size;
  return new ReceivedMsg("a", 1, parts, PUBLISHER);
}

function handover(
  callback: MsgCallback,
): { handover: CallbackHandover; told: unknown[]; work: Work } {
  const told: unknown[] = [];
  const work = new Work(flow);
  const tell = (thrown: unknown): void => void told.push(thrown);
  const handover = new CallbackHandover(callback, work, tell, message);
  return { handover, told, work };
}

test("what a callback throws, or rejects with, is told", async () => {
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  const results: (() => unknown)[] = [
    () => {
      throw thrown;
    },
    () => Promise.reject(rejected),
    () => {
      throw "no error";
    },
    () => "of no interest",
  ];
  const { handover: given, told } = handover(() => results.shift()!());
  for (let i = 0; i < 4; i++) given.take(message());
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  assert.equal(given.processed, 4);
  assert.deepEqual(told, [thrown, "no error", rejected]);
});

test("a callback hears of an end only when an error brings it", () => {
  const heard: (Error | null)[] = [];
  const { handover: given } = handover((error) => heard.push(error));
  given.end(undefined);
  assert.deepEqual(heard, []);
  const error = new Error("refused");
  given.end(error);
  assert.deepEqual(heard, [error]);
});

interface Told {
  readonly pending: number;
  readonly dropped: number;
}

function queueWith(
  options: SubscriptionOptions,
): { queue: QueueHandover; told: Told[] } {
  const told: Told[] = [];
  const sub = { unsubscribe: () => {} } as Subscription;
  const queue = new QueueHandover(sub, new Work(flow), queueLimits(options), {
    tell: (status) => {
      if (status.type !== "slowConsumer") return;
      const { pending, dropped } = status;
      told.push({ pending, dropped });
    },
  });
  return { queue, told };
}

test("a queue that lags is told again only after it has caught up", async () => {
  const { queue, told } = queueWith({ slow: 1 });
  for (let i = 0; i < 3; i++) queue.take(message());
  assert.deepEqual(told, [{ pending: 2, dropped: 0 }]);
  for (let i = 0; i < 3; i++) await queue.messages.next();
  queue.take(message());
  queue.take(message());
  assert.equal(told.length, 2);
  assert.deepEqual(told[1], { pending: 2, dropped: 0 });
  assert.deepEqual([queue.processed, queue.pending], [3, 2]);
});

test("a full queue drops what comes, counts it and tells it once until there is room", async () => {
  const { queue, told } = queueWith({ maxPending: 2 });
  for (let i = 0; i < 5; i++) queue.take(message());
  assert.deepEqual([queue.pending, queue.dropped], [2, 3]);
  assert.deepEqual(told, [{ pending: 2, dropped: 1 }]);
  await queue.messages.next();
  queue.take(message());
  queue.take(message());
  assert.deepEqual([queue.pending, queue.dropped], [2, 4]);
  assert.deepEqual(told.slice(1), [{ pending: 2, dropped: 4 }]);
});

test("a queue is bounded in bytes too, and takes one message of any size", async () => {
  const { queue } = queueWith({ maxPendingBytes: 10 });
  queue.take(message(11));
  queue.take(message(0));
  assert.deepEqual([queue.pending, queue.dropped], [1, 1]);
  await queue.messages.next();
  for (let i = 0; i < 4; i++) queue.take(message(3));
  assert.deepEqual([queue.pending, queue.dropped], [3, 2]);
  await queue.messages.return();
  assert.equal(queue.messages.pendingSize, 0);
});

test("limits of a queue below 1 are refused", () => {
  for (const limits of [{ maxPending: 0 }, { maxPendingBytes: -1 }]) {
    assert.throws(() => queueLimits(limits), InvalidArgumentError);
  }
});
