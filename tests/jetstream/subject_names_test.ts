/** Subjects whose names are not ASCII alone. */
import assert from "node:assert/strict";
import { utf8ByteString } from "../../src/core/ascii.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { asker } from "./request.ts";

test("a consumer is about the subjects that its filter names, in any script", async (t) => {
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    storage: "memory",
  });
  for (const name of ["grün", "grün.hell", "rot"]) {
    await asking.publish(utf8ByteString(`s.${name}`), "hi");
  }
  for (const [filter_subject, expected] of [["s.grün", 1], ["s.grün.>", 1]]) {
    const config = { filter_subject, ack_policy: "none" };
    const body = JSON.stringify({ stream_name: "S", config });
    const made = await asking.api("CONSUMER.CREATE.S", utf8ByteString(body));
    assert.equal(made["num_pending"], expected);
  }
});
