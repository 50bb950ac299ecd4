/** Streams that count: sums of any size, and what is left of them after a restart or damage. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers as officialHeaders } from "@nats-io/transport-node";
import { randomBelow } from "../../src/platform/clock.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { CLIENTS, codeOf, stage } from "./stage.ts";

const CONFIG = { name: "C", subjects: ["c.>"], allow_msg_counter: true };

test("a counter is the sum of what was added, whatever its size", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { publish } = await stage(t, CONFIG);
  const sums = new Map<string, bigint>();
  for (let i = 0; i < 200; i++) {
    const subject = `c.${randomBelow(random, 5)}`;
    const digits = 1 + randomBelow(random, 40);
    const amount = Array.from(
      { length: digits },
      () => randomBelow(random, 10),
    ).join("");
    const sign = ["", "+", "-"][randomBelow(random, 3)];
    const increment = `${sign}${amount}`;
    const added = BigInt(amount) * (sign === "-" ? -1n : 1n);
    const sum = (sums.get(subject) ?? 0n) + added;
    sums.set(subject, sum);
    const { val, seq } = await publish(subject, "", { "Nats-Incr": increment });
    assert.deepEqual([val, seq], [String(sum), i + 1], increment);
  }
});

test("a counter goes on after a restart", async (t) => {
  const folder = temporaryFolder(t);
  const before = await stage(t, CONFIG, folder);
  await before.publish("c.a", "", { "Nats-Incr": "5" });
  await before.publish("c.a", "", { "Nats-Incr": "-7" });
  await before.end();
  const after = await stage(t, CONFIG, folder);
  assert.deepEqual(await after.publish("c.a", "", { "Nats-Incr": "1" }), {
    stream: "C",
    seq: 3,
    val: "-1",
  });
  assert.deepEqual(await after.messages(), [
    { seq: 1, subject: "c.a", headers: "Nats-Incr: 5", body: '{"val":"5"}' },
    { seq: 2, subject: "c.a", headers: "Nats-Incr: -7", body: '{"val":"-2"}' },
    { seq: 3, subject: "c.a", headers: "Nats-Incr: 1", body: '{"val":"-1"}' },
  ]);
});

test("a counter whose last message is damaged is not begun again", async (t) => {
  const folder = temporaryFolder(t);
  let lies = 0;
  const lie = (bytes: Uint8Array): number => bytes.length + lies;
  const { publish, log } = await stage(t, CONFIG, folder, {
    loadStorage: () => {
      const real = loadStorage();
      // All that is read of the disk has other bytes than were written.
      return { ...real, checksum: (bytes, before) => lie(bytes) + before };
    },
  });
  await publish("c.a", "", { "Nats-Incr": "5" });
  lies = 1;
  const refused = await publish("c.a", "", { "Nats-Incr": "1" });
  assert.equal(codeOf(refused), 10172);
  const path = join(folder, "$G", "streams", "C", "stream.db");
  assert.ok(
    log.lines.some((line) => line.includes(`message 1 of ${path} is damaged`)),
    log.lines.join("\n"),
  );
});

test("counters of other streams are summed up by what was added there", async (t) => {
  const here = await stage(t, { ...CONFIG, name: "ES", subjects: ["es.>"] });
  const { publish, ask } = here;
  const more = { storage: "memory", allow_msg_counter: true };
  await ask("STREAM.CREATE.PT", { name: "PT", subjects: ["pt.>"], ...more });
  await ask("STREAM.CREATE.N", {
    name: "N",
    subjects: ["n"],
    storage: "memory",
  });
  await publish("n", "no counter");
  const rename = (name: string, src: string, dest: string) => ({
    name,
    subject_transforms: [{ src, dest }],
  });
  await ask("STREAM.CREATE.EU", {
    name: "EU",
    subjects: ["eu.>"],
    ...more,
    sources: [
      rename("ES", "es.>", "eu.>"),
      rename("PT", "pt.>", "eu.>"),
      rename("N", "n", "eu.h"),
    ],
  });
  const value = async (): Promise<unknown> => {
    const { message } = await ask("STREAM.MSG.GET.EU", {
      last_by_subj: "eu.h",
    });
    const { data = "" } = (message ?? {}) as Record<string, string>;
    return data === "" ? undefined : JSON.parse(atob(data)).val;
  };
  const add = async (subject: string, by: string, sum: string) => {
    await publish(subject, "", { "Nats-Incr": by });
    await until(`${subject} ${by}`, async () => await value() === sum);
  };
  await add("es.h", "5", "5");
  await add("pt.h", "2", "7");
  await add("es.h", "-1", "6");
  await add("eu.h", "100", "106");
  // What is left there says more than what was added.
  await ask("STREAM.PURGE.ES");
  await add("es.h", "9", "111");
  const { message } = await ask("STREAM.MSG.GET.EU", { last_by_subj: "eu.h" });
  const { hdrs, seq } = message as { hdrs: string; seq: number };
  assert.equal(seq, 5);
  const lines = atob(hdrs).trimEnd().split("\r\n").filter((line) =>
    !line.startsWith("Nats-Stream-Source")
  );
  assert.deepEqual(lines, [
    "NATS/1.0",
    "Nats-Incr: 5",
    'Nats-Counter-Sources: {"ES":{"es.h":"9"},"PT":{"pt.h":"2"}}',
  ]);
});

for (const [title, connect] of CLIENTS) {
  test(`${title}: a counter is added to and read`, async (t) => {
    const { port } = await stage(t, { ...CONFIG, allow_direct: true });
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    t.after(() => connection.close());
    const headers = officialHeaders();
    headers.set("Nats-Incr", "+3");
    const client = jetstream(connection);
    for (const [seq, val] of [[1, "3"], [2, "6"]]) {
      const ack: object = await client.publish("c.a", "", { headers });
      assert.deepEqual({ ...ack, duplicate: false }, {
        stream: "C",
        seq,
        val,
        duplicate: false,
      });
    }
    const manager = await jetstreamManager(connection);
    const message = await manager.direct.getMessage("C", {
      last_by_subj: "c.a",
    });
    assert.deepEqual(message?.json(), { val: "6" });
  });
}
