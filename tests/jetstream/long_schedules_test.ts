/** Thousands of messages are due at one time, and come in many turns of the event loop. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { asker } from "./request.ts";
import { countedTurns, watchedStores } from "./turns.ts";

const MESSAGES = 2000;
const PART_MAX = 256;

test("messages that are due at one time are published in parts", async (t) => {
  const turns = countedTurns();
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  }, {
    ...turns.platform,
    overStores: watchedStores((store) => {
      const append = store.append.bind(store);
      store.append = (message) => {
        if (message.subject.startsWith("s.now.")) turns.count();
        append(message);
      };
    }),
  });
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    storage: "memory",
    allow_msg_schedules: true,
  });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB a 1\r\n");
  // On a machine that takes longer for them, some are due already.
  const at = new Date(Date.now() + 2000).toISOString();
  const lines: string[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const block = `NATS/1.0\r\nNats-Schedule: @at ${at}\r\n` +
      `Nats-Schedule-Target: s.now.${i}\r\n\r\n`;
    const { length } = block;
    lines.push(`HPUB s.plan.${i} a ${length} ${length}\r\n${block}\r\n`);
  }
  peer.send(lines.join(""));
  let due = 0;
  while (due < MESSAGES) {
    const { state } = await asking.api("STREAM.INFO.S", {
      subjects_filter: "s.now.*",
    });
    const { subjects = {} } = state as { readonly subjects?: object };
    due = Object.keys(subjects).length;
  }
  const most = turns.most();
  assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
});
