/** Older messages that went for newer ones do not come back, whenever a server is killed. */
import assert from "node:assert/strict";
import { startCluster } from "../../src/faces/cluster.ts";
import { headers } from "../../src/faces/client.ts";
import { test } from "../support/test.ts";
import type { Answer } from "./stage.ts";

/** What a stream is told to be, what its last message asks for, and what is left of five. */
const ROWS: readonly (readonly [object, string, readonly string[]])[] = [
  [{ max_msgs: 2 }, "", ["s.b 4", "s.a 5"]],
  [{ max_bytes: 160 }, "", ["s.a 3", "s.b 4", "s.a 5"]],
  [{ max_msgs_per_subject: 1 }, "", ["s.b 4", "s.a 5"]],
  [{ allow_rollup_hdrs: true }, "sub", ["s.b 2", "s.b 4", "s.a 5"]],
  [{ allow_rollup_hdrs: true }, "ALL", ["s.a 5"]],
];

for (const [config, rollup, left] of ROWS) {
  const title = `${JSON.stringify(config)} ${rollup}`.trimEnd();
  test(`a kill behind the acknowledgement brings nothing back: ${title}`, async (t) => {
    const cluster = await startCluster({
      size: 1,
      network: "memory",
      clock: "virtual",
      node: () => ({ jetstream: true }),
    });
    t.after(() => cluster.stop());
    let connection = await cluster.connect();
    const ask = async (subject: string, body: object): Promise<Answer> => {
      const text = JSON.stringify(body);
      const answer = await cluster.run(
        connection.request(`$JS.API.${subject}`, text),
      );
      return answer.json<Answer>();
    };
    const messages = async (): Promise<string[]> => {
      const found: string[] = [];
      for (let seq = 1; seq <= 5; seq++) {
        const { message } = await ask("STREAM.MSG.GET.S", { seq });
        if (message === undefined) continue;
        const { subject, data } = message as Record<string, string>;
        found.push(`${subject} ${atob(data!)}`);
      }
      return found;
    };
    await ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"], ...config });
    for (let i = 1; i <= 5; i++) {
      const block = headers();
      if (i === 5 && rollup !== "") block.set("Nats-Rollup", rollup);
      const subject = i % 2 === 1 ? "s.a" : "s.b";
      await cluster.run(
        connection.request(subject, String(i), { headers: block }),
      );
    }
    await connection.close();
    await cluster.kill(0);
    await cluster.restart(0);
    connection = await cluster.connect();
    assert.deepEqual(await messages(), left);
    const { state } = await ask("STREAM.INFO.S", {});
    assert.equal((state as Answer)["messages"], left.length);
  });
}
