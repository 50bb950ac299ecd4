/** Streams of one node, used by clients of another. */
import assert from "node:assert/strict";
import { createInbox } from "../../src/faces/client.ts";
import { startCluster } from "../../src/faces/cluster.ts";
import { test } from "../support/test.ts";

test("clients of every node reach the streams of one", async (t) => {
  const cluster = await startCluster({
    size: 2,
    node: (index) => index === 0 ? { jetstream: true } : {},
  });
  t.after(() => cluster.stop());
  const connection = await cluster.connect({ node: 1 });
  const ask = async (subject: string, body?: object): Promise<unknown> => {
    const text = body === undefined ? "" : JSON.stringify(body);
    return (await connection.request(`$JS.API.${subject}`, text)).json();
  };
  await cluster.settled();
  await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  await cluster.settled();
  const ack = await connection.request("s.1", "hello");
  assert.deepEqual(ack.json(), { stream: "S", seq: 1 });
  const config = { durable_name: "C", ack_policy: "explicit" };
  await ask("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  const inbox = createInbox();
  const subscription = connection.subscribe(inbox, { max: 1 });
  await connection.flush();
  await cluster.settled();
  connection.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "1", { reply: inbox });
  for await (const message of subscription) {
    assert.equal(message.subject, "s.1");
    assert.match(message.reply!, /^\$JS\.ACK\.S\.C\.1\.1\.1\.\d{19}\.0$/);
    await connection.request(message.reply!, "+ACK");
  }
  const told = await ask("CONSUMER.INFO.S.C") as Record<string, unknown>;
  assert.equal(told["num_ack_pending"], 0);
  assert.equal((told["ack_floor"] as Record<string, unknown>)["stream_seq"], 1);
});
