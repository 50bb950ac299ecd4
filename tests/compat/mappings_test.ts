/**
 * Transforms as nats-server makes them, by way of the mappings of accounts: what
 * Midge's own table says of them holds there too.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { badMappings, transformRows } from "../core/transform_rows.ts";
import {
  modelMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { connectPeer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

/** An account for each row, so that no mapping is looked at after another one. */
function accountOf(
  name: string,
  source: string,
  destination: string,
): string {
  return `${name}: {
    users: [ {user: "${name}", password: x} ]
    mappings: { "${source}": "${destination}" }
  }`;
}

test("nats-server makes of each subject what the table says", {
  skip: modelMissing,
}, async (t) => {
  const accounts = transformRows.map(({ source, destination }, i) =>
    accountOf(`row${i}`, source, destination)
  );
  const server = await startNatsServer({
    command: newestNatsServer,
    config: `accounts: { ${accounts.join("\n")} }`,
  });
  t.after(() => server.stop());
  for (const [i, { source, destination, made }] of transformRows.entries()) {
    const peer = await connectPeer(server);
    t.after(() => peer.close());
    await peer.handshake({ user: `row${i}`, pass: "x" });
    peer.send("SUB > 1\r\nPING\r\n");
    await peer.expect("PONG\r\n");
    for (const [subject, expected] of Object.entries(made)) {
      peer.send(`PUB ${subject} 0\r\n\r\nPING\r\n`);
      const heard = await peer.expect("PONG\r\n");
      const label = `${source} to ${destination}: ${subject}`;
      assert.equal(heard, `MSG ${expected} 1 0\r\n\r\nPONG\r\n`, label);
    }
  }
});

test("nats-server refuses a mapping with the words of the table", {
  skip: modelMissing,
}, (t) => {
  const file = join(temporaryFolder(t), "nats.conf");
  for (const [source, destination, error] of badMappings) {
    const mapping = `mappings: { "${source}": "${destination}" }`;
    writeFileSync(file, `listen: "127.0.0.1:-1"\n${mapping}\n`);
    const { status, stdout, stderr } = spawnSync(
      newestNatsServer,
      ["-t", "-c", file],
      { encoding: "utf8" },
    );
    assert.equal(status, 1, mapping);
    const expected =
      `Error adding mapping for "${source}" to "${destination}" : ${error}`;
    assert.ok(`${stdout}${stderr}`.includes(expected), `${stderr} ${expected}`);
  }
});
