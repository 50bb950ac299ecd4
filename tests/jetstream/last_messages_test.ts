/** Consumers that begin with the last message of each subject, of which some go before they come. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { type Answer, asker } from "./request.ts";

test("last messages of subjects that go do not come, and count for nothing", async (t) => {
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.L", {
    name: "L",
    subjects: ["l.>"],
    storage: "memory",
  });
  for (const name of ["a", "b", "c", "d", "e", "f"]) {
    await asking.publish(`l.${name}`, name);
  }
  const config = {
    name: "C",
    ack_policy: "none",
    deliver_policy: "last_per_subject",
    filter_subject: "l.>",
  };
  await asking.api("CONSUMER.CREATE.L.C", { stream_name: "L", config });
  const drop = (seq: number): Promise<Answer> =>
    asking.api("STREAM.MSG.DELETE.L", { seq });
  const pending = async (): Promise<unknown> =>
    (await asking.api("CONSUMER.INFO.L.C"))["num_pending"];
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB n 1\r\n");
  const next = async (expected: string): Promise<void> => {
    peer.send("PUB $JS.API.CONSUMER.MSG.NEXT.L.C n 0\r\n\r\n");
    await peer.expect(`MSG ${expected} 1 `);
  };
  // The first, one in the middle, and the last.
  for (const seq of [1, 3, 6]) await drop(seq);
  assert.equal(await pending(), 3);
  await next("l.b");
  // What has come may go, and the next one.
  for (const seq of [2, 4]) await drop(seq);
  assert.equal(await pending(), 1);
  await next("l.e");
  await asking.publish("l.g", "g");
  await next("l.g");
  assert.equal(await pending(), 0);
});
