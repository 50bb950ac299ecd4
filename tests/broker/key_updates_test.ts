/** Clients that update the keys of TLS 1.3, as they may, and those that do nothing else. */
import assert from "node:assert/strict";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { spawnCommand, type TestProcess } from "../support/process.ts";
import { executableOf } from "../support/runtimes.ts";
import { test, type TestContext } from "../support/test.ts";
import { connectTlsPeer, tlsSettings } from "../support/tls_peer.ts";
import { until } from "../support/until.ts";

const node = executableOf("node");
const skip = opensslMissing ||
  node === undefined && "there is no Node that runs TypeScript";

const CONNECT = 'CONNECT {"protocol":1,"verbose":false}\r\n';
/** More than any runtime takes at once; about 10 MB. */
const FLOOD = 400_000;

interface Scene extends TestServer {
  /** A client that updates its keys `count` times. */
  updating(count: number): TestProcess;
  /** Has a PING answered, on a connection of its own. */
  ping(): Promise<void>;
}

async function scene(t: TestContext): Promise<Scene> {
  const certificates = makeCertificates(t);
  const midge = await startMidge(t, { tls: tlsSettings(certificates) });
  const { peer } = await connectTlsPeer(midge.port, certificates);
  t.after(() => peer.close());
  peer.send(`${CONNECT}PING\r\n`);
  await peer.expect("PONG\r\n");
  return {
    ...midge,
    updating(count) {
      const program = "tests/broker/key_updates_program.ts";
      const words = [node!, "--no-warnings", program];
      const client = spawnCommand([...words, `${midge.port}`, `${count}`]);
      t.after(() => client.stop());
      return client;
    },
    async ping() {
      peer.send("PING\r\n");
      await peer.expect("PONG\r\n");
    },
  };
}

test("a client may update its keys", { skip }, async (t) => {
  const { updating } = await scene(t);
  const client = updating(10);
  await client.exited;
  assert.equal(client.stdout, "logged in\nanswered PONG\n");
});

test(
  "who does nothing but update keys is let go of, while others are served",
  { skip },
  async (t) => {
    const { updating, ping, server } = await scene(t);
    const client = updating(FLOOD);
    await client.waitFor("logged in\n");
    let isOver = false;
    const over = client.exited.then(() => isOver = true);
    for (let answered = 0; answered < 3 || !isOver; answered++) await ping();
    await over;
    assert.equal(client.stdout, "logged in\nlet go of\n");
    await until("it is gone", () => server.connz().num_connections === 1);
    await ping();
    const [gone] = server.connz({ state: "closed" }).connections;
    assert.equal(gone?.reason, "Read Error");
  },
);
