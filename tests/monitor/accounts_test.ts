/** The pages about accounts, and those about features that Midge does not have. */
import assert from "node:assert/strict";
import { platform } from "../../src/runtime/mod.ts";
import { Chain } from "../auth/jwt/chain.ts";
import { test } from "../support/test.ts";
import { type Row, startMonitored } from "./pages.ts";
import { shapeOf } from "./shape.ts";

test("/accountz lists the accounts, and shows one in detail", async (t) => {
  const midge = await startMonitored(t, { systemAccount: "$SYS" });
  await midge.say(await midge.client(), "SUB a 1\r\n");
  const list = midge.page("accountz");
  assert.deepEqual(Object.keys(list), [
    "server_id",
    "now",
    "system_account",
    "accounts",
  ]);
  assert.deepEqual(list["accounts"], ["$G", "$SYS"]);
  const detail = midge.page("accountz?acc=$G")["account_detail"] as Row;
  assert.deepEqual(Object.keys(detail), [
    "account_name",
    "update_time",
    "expired",
    "complete",
    "jetstream_enabled",
    "leafnode_connections",
    "client_connections",
    "subscriptions",
    "imports",
    "name_tag",
    "sublist_stats",
  ]);
  assert.deepEqual(
    [detail["client_connections"], detail["subscriptions"]],
    [1, 5],
  );
});

test("/accountz says that the time of an account's JWT is over", async (t) => {
  const chain = new Chain();
  const account = chain.account();
  let passedMs = 0;
  const { clock } = platform;
  const midge = await startMonitored(t, {
    trust: chain.trust([
      account.entry({}, { exp: Math.floor(clock.now() / 1000) + 3600 }),
    ]),
  }, { clock: { ...clock, now: () => clock.now() + passedMs } });
  const told = (): unknown[] => {
    const page = midge.page(`accountz?acc=${account.key}`);
    const detail = page["account_detail"] as Row;
    return [detail["expired"], detail["validation_result_jwt"]];
  };
  assert.deepEqual(told(), [false, undefined]);
  passedMs = 2 * 3_600_000;
  const issue = {
    description: "claim is expired",
    blocking: false,
    time_check: true,
  };
  assert.deepEqual(told(), [true, [issue]]);
});

test("/accountz refuses an account that does not exist", async (t) => {
  const midge = await startMonitored(t);
  assert.equal(midge.refusal("accountz?acc=zz"), "Account zz does not exist");
});

test("/accstatz shows the traffic of accounts that have clients", async (t) => {
  const midge = await startMonitored(t, { systemAccount: "$SYS" });
  assert.deepEqual(midge.page("accstatz")["account_statz"], []);
  assert.match(midge.refusal("accstatz?unused=x"), /boolean for 'unused'/);
  const unused = midge.page("accstatz?unused=1")["account_statz"] as Row[];
  assert.deepEqual(unused.map(({ acc }) => acc), ["$G", "$SYS"]);
  const peer = await midge.client();
  await midge.say(peer, "SUB a 1\r\nPUB a 2\r\nhi\r\nPUB b 3\r\nyou\r\n");
  const [row = {}] = midge.page("accstatz")["account_statz"] as Row[];
  const none = { msgs: 0, bytes: 0 };
  assert.deepEqual(row, {
    acc: "$G",
    name: "$G",
    conns: 1,
    leafnodes: 0,
    total_conns: 1,
    num_subscriptions: 5,
    sent: { msgs: 1, bytes: 2, gateways: none, routes: none, leafs: none },
    received: { msgs: 2, bytes: 5, gateways: none, routes: none, leafs: none },
    slow_consumers: 0,
  });
});

test("/leafz, /gatewayz and /jsz answer as a nats-server without these features", async (t) => {
  const midge = await startMonitored(t);
  assert.deepEqual(shapeOf(midge.page("leafz")), [
    "server_id: string",
    "now: time",
    "leafnodes: number",
    "leafs: list",
  ]);
  assert.deepEqual(shapeOf(midge.page("gatewayz")), [
    "server_id: string",
    "now: time",
    "outbound_gateways: object",
    "inbound_gateways: object",
  ]);
  const jsz = midge.page("jsz");
  assert.equal(jsz["disabled"], true);
  assert.deepEqual(jsz["config"], { max_memory: 0, max_storage: 0 });
  assert.deepEqual(Object.keys(jsz).slice(-6), [
    "config",
    "streams",
    "consumers",
    "messages",
    "bytes",
    "total",
  ]);
});

test("/leafz, /gatewayz and /jsz check their parameters", async (t) => {
  const midge = await startMonitored(t);
  const queries = [
    "leafz?subs",
    "gatewayz?accs",
    "jsz?accounts",
    "jsz?streams",
    "jsz?consumers",
    "jsz?config",
    "jsz?leader-only",
    "jsz?raft",
  ];
  for (const query of queries) {
    assert.match(midge.refusal(`${query}=x`), /^Error decoding boolean for '/);
  }
  for (const query of ["jsz?offset", "jsz?limit"]) {
    assert.match(midge.refusal(`${query}=x`), /^Error decoding int for '/);
  }
});
