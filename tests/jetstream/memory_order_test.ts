/** A stream that takes in what the server itself publishes, such as the answers to its own messages. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { type Answer, asker } from "./request.ts";

for (const storage of ["memory", "file"]) {
  test(`answers that the stream takes in come behind what they answer, ${storage}`, async (t) => {
    const midge = await startMidge(t, {
      jetstream: { ...defaultJetStreamOptions(), storeDir: temporaryFolder(t) },
    });
    const asking = await asker(t, midge.port);
    const peer = await connectPeer({ port: midge.port });
    t.after(() => peer.close());
    await peer.handshake({ headers: true });
    await asking.api("STREAM.CREATE.S", {
      name: "S",
      subjects: ["s.*"],
      storage,
    });
    await asking.api("CONSUMER.DURABLE.CREATE.S.C", {
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "none" },
    });
    peer.send("PUB s.1 s.answer 1\r\nx\r\nPING\r\n");
    await peer.expect("PONG\r\n");
    await new Promise((r) => setTimeout(r, 100));
    const info = await asking.api("CONSUMER.INFO.S.C");
    const st = (await asking.api("STREAM.INFO.S"))["state"] as Answer;
    assert.equal(st["messages"], 2);
    assert.equal(info["num_pending"], 2);
  });
}
