/** What natscli shows of JetStream, asked of Midge. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/app/start_server.ts";
import { spawnCommand } from "../support/process.ts";
import { PROJECT_FOLDER } from "../support/runtimes.ts";
import { test, type TestContext } from "../support/test.ts";
import { asker } from "../jetstream/request.ts";

const NATS = join(PROJECT_FOLDER, ".tools/go/nats");
const skip = existsSync(NATS) ? false : `there is no ${NATS}`;

/** What natscli prints, without its frames. */
async function natscli(
  t: TestContext,
  port: number,
  user: string,
  words: string,
): Promise<string> {
  const login = `-s 127.0.0.1:${port} --user ${user} --password p`;
  const program = spawnCommand([NATS, ...`${login} ${words}`.split(" ")]);
  t.after(() => program.stop());
  await program.exited;
  return program.stdout.replaceAll(/[│ ]+/g, " ");
}

test("natscli reports and checks JetStream of Midge", { skip }, async (t) => {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    server_name: "n1",
    jetstream: true,
    system_account: "S",
    accounts: {
      A: {
        users: [{ user: "a", password: "p" }],
        jetstream: { max_memory: 1000, max_streams: 5 },
      },
      S: { users: [{ user: "s", password: "p" }] },
    },
  });
  t.after(() => server.stop());
  const { port } = server.address!;
  const client = await asker(t, port, { user: "a", pass: "p" });
  const config = { name: "S", subjects: ["s"], storage: "memory" };
  await client.api("STREAM.CREATE.S", config);
  await client.publish("s", "hello");
  const report = await natscli(t, port, "s", "server report jetstream");
  assert.match(report, /\n n1 1 0 1 22 B 22 B 0 B 1 /);
  const account = await natscli(t, port, "a", "account info");
  assert.match(account, /Memory: 22 B of 1000 B/);
  assert.match(account, /Streams: 1 of 5/);
  const check = await natscli(t, port, "a", "server check jetstream");
  assert.match(check, /^OK JetStream \| memory=22B memory_pct=2%/);
  const health = await natscli(t, port, "s", "server report health");
  assert.match(health, / n1 ok \(200\)/);
});
