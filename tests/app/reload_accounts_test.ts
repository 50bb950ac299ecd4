/** What a reload does to accounts, for clients that are in them: limits, imports, mappings, permissions. */
import assert from "node:assert/strict";
import { test } from "../support/test.ts";
import { startReloadable } from "./reloading.ts";

const ANN = { user: "ann", pass: "p" };
const BOB = { user: "bob", pass: "p" };

/** Two accounts, with what else stands in each. */
function accounts(a: string, b: string = ""): string {
  return `accounts {
    A { users: [ { user: ann, password: p } ]\n${a} }
    B { users: [ { user: bob, password: p } ]\n${b} }
  }`;
}

test("mappings hold from the next message on, and not any more when they are gone", async (t) => {
  const midge = await startReloadable(t, accounts(""));
  const ann = await midge.login(ANN);
  ann.send("SUB a 1\r\nSUB b 2\r\n");
  await ann.silence();
  const heard = async (sid: string): Promise<void> => {
    ann.send("PUB a 2\r\nhi\r\n");
    assert.match(
      await ann.expect("hi\r\n"),
      new RegExp(`^MSG \\w ${sid} 2\r\n`),
    );
  };
  await heard("1");
  await midge.reload(accounts("mappings: { a: b }"));
  await heard("2");
  await midge.reload(accounts("mappings: { c: b }"));
  await heard("1");
  await midge.reload(accounts(""));
  await heard("1");
});

test("mappings of the top level come and go as well", async (t) => {
  const midge = await startReloadable(t, "mappings: { a: b }");
  const peer = await midge.login();
  peer.send("SUB * 1\r\nPUB a 0\r\n\r\n");
  assert.equal(await peer.expect("\r\n"), "MSG b 1 0\r\n");
  await midge.reload("");
  await peer.expect("\r\n");
  peer.send("PUB a 0\r\n\r\n");
  assert.equal(await peer.expect("\r\n"), "MSG a 1 0\r\n");
});

test("imports and exports work for subscriptions that are there", async (t) => {
  const exported = 'exports: [ { stream: "s.>" } ]';
  const imported = 'imports: [ { stream: { account: A, subject: "s.>" } } ]';
  const midge = await startReloadable(t, accounts(exported));
  const [ann, bob] = [await midge.login(ANN), await midge.login(BOB)];
  bob.send("SUB s.x 1\r\n");
  await bob.silence();
  const publish = async (): Promise<void> => {
    ann.send("PUB s.x 2\r\nhi\r\n");
    await ann.silence();
  };
  await publish();
  await bob.silence();
  await midge.reload(accounts(exported, imported));
  await publish();
  assert.equal(await bob.expect("hi\r\n"), "MSG s.x 1 2\r\nhi\r\n");
  await midge.reload(accounts(exported));
  await publish();
  await bob.silence();
});

test("limits of an account hold for clients that are in it", async (t) => {
  const midge = await startReloadable(t, accounts(""));
  const peers = [
    await midge.login(ANN),
    await midge.login(ANN),
    await midge.login(ANN),
  ];
  const bob = await midge.login(BOB);
  await midge.reload(accounts("limits: { max_conn: 2, max_payload: 4 }"));
  assert.equal(
    await peers[2]!.expectClosed(),
    "-ERR 'maximum account active connections exceeded'\r\n",
  );
  peers[0]!.send("PUB a 5\r\nabcde\r\n");
  assert.match(await peers[0]!.expectClosed(), /Maximum Payload Violation/);
  await peers[1]!.silence();
  bob.send("PUB a 5\r\nabcde\r\n");
  await bob.silence();
});

test("default permissions are those of users who have none of their own", async (t) => {
  const midge = await startReloadable(t, accounts(""));
  const [ann, bob] = [await midge.login(ANN), await midge.login(BOB)];
  for (const peer of [ann, bob]) {
    peer.send("SUB secret 7\r\n");
    await peer.silence();
  }
  await midge.reload(
    accounts('default_permissions: { subscribe: { deny: "secret" } }'),
  );
  assert.equal(
    await ann.expect("\r\n"),
    `-ERR 'Permissions Violation for Subscription to "secret" (sid "7")'\r\n`,
  );
  await bob.silence();
});

test("an account that is new takes its users at once, one that is gone lets go of them", async (t) => {
  const only = "accounts { A { users: [ { user: ann, password: p } ] } }";
  const midge = await startReloadable(t, only);
  const ann = await midge.login(ANN);
  await midge.reload(accounts(""));
  const bob = await midge.login({ ...BOB, protocol: 1 });
  assert.ok(midge.server.accountz().accounts?.includes("B"));
  await midge.reload(only);
  assert.equal(await bob.expectClosed(), "");
  await ann.silence();
  assert.ok(!midge.server.accountz().accounts?.includes("B"));
});
