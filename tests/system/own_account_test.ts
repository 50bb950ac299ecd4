/** What every account may ask about itself, and every client about its user. */
import assert from "node:assert/strict";
import { accountWithUser, serviceImport } from "../accounts/account_options.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { startMidge } from "../support/midge.ts";
import {
  connectAs,
  type Json,
  startSystem,
  SYSTEM_OPTIONS,
  systemUser,
} from "./system_client.ts";

test("an account may ask about its own connections and statistics, and no other's", async (t) => {
  const { midge } = await startSystem(t);
  const a = await connectAs(t, midge, "a");
  await connectAs(t, midge, "b");
  const ask = async (subject: string): Promise<Json> =>
    (await a.request(subject, "", { timeout: 10_000 })).json();
  for (const subject of ["ACCOUNT.PING.CONNZ", "SERVER.PING.CONNZ"]) {
    const { data } = await ask(`$SYS.REQ.${subject}`);
    assert.equal((data as Json)["num_connections"], 1);
  }
  const { data } = await ask("$SYS.REQ.ACCOUNT.PING.STATZ");
  const rows = (data as Json)["account_statz"] as Json[];
  assert.deepEqual(rows.map(({ acc }) => acc), ["A"]);
  for (
    const subject of [
      "ACCOUNT.B.CONNZ",
      "ACCOUNT.A.CONNZ",
      "SERVER.PING.VARZ",
      "SERVER.PING",
      "USER.B.INFO",
    ]
  ) {
    await assert.rejects(ask(`$SYS.REQ.${subject}`), /Nobody subscribes/);
  }
});

test("a client is told who it is, and what it may do", async (t) => {
  const permissions = {
    publish: { allow: ["$SYS.REQ.USER.INFO", "x.>"], deny: ["x.y"] },
    subscribe: { allow: ["_INBOX.>"] },
    responses: { maxMessages: 3, expiresMs: 1500 },
  };
  const users = [
    { user: "a", password: "pw" },
    { user: "limited", password: "pw", permissions },
  ];
  const midge = await startMidge(t, {
    ...SYSTEM_OPTIONS,
    accounts: [
      ...SYSTEM_OPTIONS.accounts!.slice(0, 1),
      accountWithUser("A", { users }),
    ],
  });
  const { ask } = await systemUser(t, midge);
  const infoOf = async (user: string): Promise<unknown> => {
    const client = await connectAs(t, midge, user);
    const answer = await client.request("$SYS.REQ.USER.INFO");
    return answer.json<Json>()["data"];
  };
  const own = { account: "A", account_name: "A" };
  assert.deepEqual(await infoOf("a"), { user: "a", ...own });
  assert.deepEqual(await infoOf("limited"), {
    user: "limited",
    ...own,
    permissions: {
      publish: { allow: ["$SYS.REQ.USER.INFO", "x.>"], deny: ["x.y"] },
      subscribe: { allow: ["_INBOX.>"] },
      responses: { max: 3, ttl: 1_500_000_000 },
    },
  });
  assert.deepEqual((await ask("$SYS.REQ.USER.INFO"))["data"], {
    user: "sys",
    account: "$SYS",
    account_name: "$SYS",
  });
});

test("an account that imports it may count subscriptions, its own", async (t) => {
  const imports = [serviceImport("$SYS", "$SYS.DEBUG.SUBSCRIBERS")];
  const { midge } = await startSystem(t, {
    accounts: [
      ...SYSTEM_OPTIONS.accounts!.slice(0, 1),
      accountWithUser("A", { imports }),
    ],
  });
  const a = await connectAs(t, midge, "a");
  a.subscribe("x");
  a.subscribe("x");
  const answer = await a.request("$SYS.DEBUG.SUBSCRIBERS", "x");
  assert.equal(answer.json(), 2);
});

test("without a system account nothing is told, asked, or listed", async (t) => {
  const midge = await startMidge(t, { accounts: [accountWithUser("A")] });
  const a = await connectAs(t, midge, "a");
  await assert.rejects(
    a.request("$SYS.REQ.USER.INFO"),
    /Nobody subscribes/,
  );
  const { account_detail: account } = midge.server.accountz({ acc: "A" });
  assert.deepEqual([account?.imports, midge.server.varz().system_account], [
    undefined,
    undefined,
  ]);
  await until(
    "it has no subscriptions but its inbox",
    () =>
      midge.server.accountz({ acc: "A" }).account_detail!.subscriptions <= 1,
  );
});
