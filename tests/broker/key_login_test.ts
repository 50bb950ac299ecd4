/** Logins by key, over real sockets: the nonce, the signature, and what log and monitoring tell. */
import assert from "node:assert/strict";
import { fromSeed } from "@nats-io/nkeys";
import { base64Url } from "../../src/core/base64.ts";
import type { UserOptions } from "../../src/options/options.ts";
import { accountOptions } from "../accounts/account_options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

const SEED = "SUAEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRCEIRB4QE";
const KEY = "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF";
const VIOLATION = "-ERR 'Authorization Violation'\r\n";

const BY_KEY: UserOptions = { user: "", password: "", nkey: KEY };
const ANN: UserOptions = { user: "ann", password: "right" };

function signed(nonce: string): string {
  const text = new TextEncoder();
  return base64Url(fromSeed(text.encode(SEED)).sign(text.encode(nonce)));
}

interface Newcomer {
  readonly peer: Peer;
  readonly nonce: string | undefined;
  readonly asked: boolean | undefined;
}

async function comes(t: TestContext, port: number): Promise<Newcomer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  const info = JSON.parse((await peer.expectLine()).slice("INFO ".length));
  return { peer, nonce: info.nonce, asked: info.auth_required };
}

function connect(fields: Readonly<Record<string, unknown>>): string {
  const all = { verbose: false, pedantic: false, ...fields };
  return `CONNECT ${JSON.stringify(all)}\r\n`;
}

function withUsers(t: TestContext, noAuthUser = ""): Promise<TestServer> {
  return startMidge(t, {
    authorization: { users: [BY_KEY, ANN], timeoutMs: 2000 },
    noAuthUser,
  });
}

test("a client that signs its nonce comes in, and is known by its key", async (t) => {
  const { port, server } = await startMidge(t, {
    accounts: [accountOptions("B", { users: [BY_KEY, ANN] })],
  });
  const { peer, nonce = "", asked } = await comes(t, port);
  assert.match(nonce, /^[\w-]{15}$/);
  assert.equal(asked, true);
  peer.send(
    `${connect({ nkey: KEY, sig: signed(nonce), protocol: 1 })}PING\r\n`,
  );
  await peer.expect("PONG\r\n");
  const info = JSON.parse((await peer.expectLine()).slice("INFO ".length));
  assert.equal(info.remote_account, "B");
  assert.equal(info.nonce, undefined);
  const [row] = server.connz({ auth: true }).connections;
  assert.equal(row?.authorized_user, KEY);
  assert.equal(row?.account, "B");
  // NATS monitoring: a key of the configuration is vouched for by its account.
  assert.equal(row?.issuer_key, "B");
  assert.equal(row?.name_tag, "B");
  assert.equal(server.connz().connections[0]?.issuer_key, undefined);
});

test("a signature lets in once: the next connection has another nonce", async (t) => {
  const { port, log } = await withUsers(t);
  const first = await comes(t, port);
  const sig = signed(first.nonce ?? "");
  first.peer.send(`${connect({ nkey: KEY, sig })}PING\r\n`);
  await first.peer.expect("PONG\r\n");
  const second = await comes(t, port);
  assert.notEqual(second.nonce, first.nonce);
  second.peer.send(connect({ nkey: KEY, sig }));
  assert.equal(await second.peer.expect(VIOLATION), VIOLATION);
  await second.peer.expectClosed();
  const lines = log.lines.map((line) => line.replace(/\S+ - cid:\d+ - /, ""));
  const at = lines.indexOf("DBG Signature not verified");
  assert.equal(lines[at + 1], `ERR authentication error - Nkey "${KEY}"`);
});

test("a refused peer is named in the log by what decided", async (t) => {
  const { port, log } = await withUsers(t);
  const rows: readonly [fields: object, name: string][] = [
    [{}, ""],
    [{ pass: "x" }, ""],
    [{ user: "eve" }, ' - User "eve"'],
    [{ user: "eve", auth_token: "x" }, ' - User "eve"'],
    [{ auth_token: "x" }, ' - Token "[REDACTED]"'],
    [{ nkey: KEY, user: "ann", pass: "right" }, ` - Nkey "${KEY}"`],
    [{ nkey: SEED }, ' - Nkey "[REDACTED]"'],
    [{ nkey: "x" }, ' - Nkey "[REDACTED]"'],
  ];
  for (const [fields, name] of rows) {
    log.lines.length = 0;
    const { peer } = await comes(t, port);
    peer.send(connect({ ...fields }));
    await peer.expect(VIOLATION);
    await peer.expectClosed();
    const errors = log.lines.filter((line) => line.startsWith("ERR"));
    assert.equal(errors.length, 1);
    assert.ok(
      errors[0]!.endsWith(`- authentication error${name}`),
      errors[0],
    );
  }
});

test("a user by key that needs no credentials still has to send CONNECT", async (t) => {
  const { port } = await withUsers(t, KEY);
  const early = await comes(t, port);
  assert.equal(early.asked, undefined);
  assert.match(early.nonce ?? "", /^[\w-]{15}$/);
  early.peer.send("PING\r\n");
  await early.peer.expect(VIOLATION);
  await early.peer.expectClosed();
  const polite = await comes(t, port);
  polite.peer.send(`${connect({})}PING\r\n`);
  assert.equal(await polite.peer.expect("\r\n"), "PONG\r\n");
});

test("a user by name that needs no credentials publishes before CONNECT, with its own account", async (t) => {
  const { port, server } = await startMidge(t, {
    accounts: [accountOptions("B", { users: [ANN] })],
    noAuthUser: "ann",
  });
  const { peer } = await comes(t, port);
  peer.send("SUB a 1\r\nPUB a 2\r\nhi\r\nPING\r\n");
  assert.match(await peer.expect("PONG\r\n"), /MSG a 1 2\r\nhi\r\n/);
  const [row] = server.connz({ auth: true }).connections;
  assert.deepEqual([row?.authorized_user, row?.account], ["ann", "B"]);
});

test("a client of this process comes by a kind of connection of its own", async (t) => {
  const { server, port } = await startMidge(t, {
    authorization: {
      users: [{ ...ANN, connectionTypes: ["IN_PROCESS"] }],
      timeoutMs: 2000,
    },
  });
  const inside = await server.connect({ user: "ann", pass: "right" });
  await inside.flush();
  await inside.close();
  const { peer } = await comes(t, port);
  peer.send(connect({ user: "ann", pass: "right" }));
  await peer.expect(VIOLATION);
});
