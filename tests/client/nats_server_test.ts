/** The client library against the real nats-server. */
import assert from "node:assert/strict";
import { connect, PermissionViolationError } from "../../client.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { test } from "../support/test.ts";
import { clientSuite } from "./suite.ts";

clientSuite("nats-server", {
  // The configuration dialect takes JSON.
  start: ({ config = {}, ...options }) =>
    startNatsServer({ ...options, config: JSON.stringify(config) }),
  skip: natsServerMissing,
});

const PERMISSIONS = `authorization {
  users: [{ user: ann, password: x, permissions: {
    publish: { deny: "secret" }, subscribe: { deny: "secret" }
  }}]
}`;

test(
  "nats-server: a refused subject ends its subscription only",
  { skip: natsServerMissing },
  async (t) => {
    const server = await startNatsServer({ config: PERMISSIONS });
    t.after(() => server.stop());
    const servers = `nats://ann:x@127.0.0.1:${server.port}`;
    const client = await connect({ servers });
    t.after(() => client.close());
    const error = await client.subscribe("secret", { queue: "q" }).closed;
    assert.ok(error instanceof PermissionViolationError);
    assert.deepEqual(
      [error.operation, error.subject, error.queue],
      ["subscription", "secret", "q"],
    );
    await assert.rejects(
      client.request("secret", "", { timeout: 60_000 }),
      ({ cause }) => cause instanceof PermissionViolationError,
    );
    await client.flush();
  },
);

test(
  "nats-server: lame duck mode is told",
  { skip: natsServerMissing },
  async (t) => {
    const server = await startNatsServer();
    t.after(() => server.stop());
    const client = await connect({ servers: `127.0.0.1:${server.port}` });
    t.after(() => client.close());
    const status = client.status();
    sendSignal(server.process.pid, "SIGUSR2");
    for await (const event of status) {
      if (event.type !== "ldm") continue;
      assert.equal(event.server, `127.0.0.1:${server.port}`);
      return;
    }
    assert.fail("The connection closed without a warning");
  },
);
