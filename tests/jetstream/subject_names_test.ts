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

test("subjects that are names of JavaScript's own are told as all others", async (t) => {
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  });
  const asking = await asker(t, port);
  const names = ["__proto__", "constructor", "toString"];
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: names,
    storage: "memory",
  });
  for (const name of names) await asking.publish(name, "hi");
  const asked = { subjects_filter: ">" };
  const { state } = await asking.api("STREAM.INFO.S", asked);
  const { subjects } = state as { readonly subjects: object };
  assert.deepEqual(Object.keys(subjects), names);
});
