/** The two ways in which messages reach a program. */
import assert from "node:assert/strict";
import type { Msg } from "../../src/client/api/message.ts";
import type { Status } from "../../src/client/api/status.ts";
import type {
  MsgCallback,
  Subscription,
} from "../../src/client/api/subscription.ts";
import {
  CallbackHandover,
  QueueHandover,
} from "../../src/client/messages/handover.ts";
import { ReceivedMsg } from "../../src/client/messages/received_msg.ts";
import { Message } from "../../src/wire/message.ts";
import { test } from "../support/test.ts";

const PUBLISHER = { publish: () => {} };

function message(): Msg {
  return new ReceivedMsg("a", 1, new Message(), PUBLISHER);
}

function handover(
  callback: MsgCallback,
): { handover: CallbackHandover; told: Status[] } {
  const told: Status[] = [];
  const statuses = { tell: (status: Status) => told.push(status) };
  return { handover: new CallbackHandover(callback, statuses, message), told };
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
  const errors = told.map((status) => status.type === "error" && status.error);
  assert.deepEqual(errors, [thrown, new Error("no error"), rejected]);
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

test("a queue that lags is told again only after it has caught up", async () => {
  const told: number[] = [];
  const sub = { unsubscribe: () => {} } as Subscription;
  const queue = new QueueHandover(sub, 1, {
    tell: (status) => {
      if (status.type === "slowConsumer") told.push(status.pending);
    },
  });
  for (let i = 0; i < 3; i++) queue.take(message());
  assert.deepEqual(told, [2]);
  for (let i = 0; i < 3; i++) await queue.messages.next();
  queue.take(message());
  queue.take(message());
  assert.deepEqual(told, [2, 2]);
  assert.deepEqual([queue.processed, queue.pending], [3, 2]);
});
