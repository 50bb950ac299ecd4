/** What a server is told to do by requests: reload, kick, send away. */
import assert from "node:assert/strict";
import { connectPeer } from "../support/peer.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { connectAs, type Json, startSystem } from "./system_client.ts";

async function withoutServer(answer: Promise<Json>): Promise<Json> {
  const { server: _, ...rest } = await answer;
  return rest;
}

test("a client that is kicked is gone, and monitoring says why", async (t) => {
  const { ask, id, midge } = await startSystem(t);
  const a = await connectAs(t, midge, "a");
  const [{ cid } = { cid: 0 }] = midge.server.connz({ acc: "A" }).connections;
  const subject = `$SYS.REQ.SERVER.${id}.KICK`;
  assert.deepEqual(await withoutServer(ask(subject, { cid })), {});
  await until(
    "it is gone",
    () => midge.server.connz({ state: "closed", acc: "A" }).total > 0,
  );
  const [gone] = midge.server.connz({ state: "closed", acc: "A" }).connections;
  assert.equal(gone?.reason, "Kicked");
  assert.deepEqual(await withoutServer(ask(subject, { cid })), {
    error: { code: 500, description: "no such client or leafnode id" },
  });
  await a.close();
});

test("one client alone is told to leave", async (t) => {
  const { ask, id, midge } = await startSystem(t);
  const peer = await connectPeer(midge);
  t.after(() => peer.close());
  await peer.handshake({ user: "a", pass: "pw", protocol: 1 });
  const { connections } = midge.server.connz({ acc: "A" });
  const subject = `$SYS.REQ.SERVER.${id}.LDM`;
  const { cid } = connections[0]!;
  assert.deepEqual(await withoutServer(ask(subject, { cid })), {});
  assert.match(await peer.expect(/INFO \{.*"ldm":true.*\}/), /"client_id"/);
  assert.deepEqual(await withoutServer(ask(subject, { cid: 99_999 })), {
    error: { code: 500, description: "no such client id" },
  });
});

test("a body that is no JSON has no answer, and a line in the log", async (t) => {
  const { client, id, midge } = await startSystem(t);
  client.publish(`$SYS.REQ.SERVER.${id}.KICK`, "x", { reply: "r" });
  await client.flush();
  const text = "invalid character 'x' looking for beginning of value";
  assert.ok(midge.log.lines.includes(
    `ERR SYSTEM - Error unmarshalling kick client request: ${text}`,
  ));
});

test("a reload that cannot be is answered with its reason", async (t) => {
  const { ask, id } = await startSystem(t);
  const { error } = await ask(`$SYS.REQ.SERVER.${id}.RELOAD`);
  assert.deepEqual(error, {
    code: 500,
    description:
      "can only reload config when a file is provided using -c or --config",
  });
});
