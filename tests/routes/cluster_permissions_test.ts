/** `permissions` of a cluster: which interest is told, which is taken, and what is kept from peers. */
import assert from "node:assert/strict";
import type { ClusterOptions } from "../../src/options/options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  connectClient,
  join,
  logged,
  meshed,
  nextInfo,
  roundTrip,
  tell,
} from "./route_peer.ts";
import { until } from "../support/until.ts";

type Rules = NonNullable<ClusterOptions["permissions"]>;

const RULES: Rules = {
  publish: { allow: ["a.>", "w"], deny: ["a.secret"] },
  subscribe: { allow: [">"], deny: ["secret.>"] },
};

interface Node extends TestServer {
  change(permissions: Rules | undefined): Promise<void>;
}

async function start(
  t: TestContext,
  cluster: Partial<ClusterOptions>,
): Promise<Node> {
  let next: Rules | undefined;
  const midge: TestServer = await startMidge(t, { cluster, debug: true }, {
    rereadOptions: () => {
      const { options } = midge.server.broker;
      const changed = { ...options.cluster!, permissions: next };
      return Promise.resolve({ ...options, cluster: changed });
    },
  });
  return {
    ...midge,
    change(permissions) {
      next = permissions;
      return midge.server.reload();
    },
  };
}

test("INFO for routes tells the permissions of a cluster, and INFO for clients does not", async (t) => {
  const midge = await start(t, { permissions: RULES });
  const { peer } = await join(t, midge);
  assert.deepEqual(peer.info?.["import"], RULES.publish);
  assert.deepEqual(peer.info?.["export"], RULES.subscribe);
  const client = await connectClient(t, midge);
  assert.equal(client.info?.["import"], undefined);
  assert.equal(client.info?.["export"], undefined);
});

test("peers hear of the interest that may be imported, before and after they come", async (t) => {
  const midge = await start(t, { permissions: RULES });
  const client = await connectClient(t, midge);
  await tell(client, "SUB a.b 1\r\nSUB a.secret 2\r\nSUB other 3\r\n");
  const { peer, lines } = await join(t, midge);
  const told = lines.filter((line) => line.startsWith("RS+ $G "));
  assert.deepEqual(told, ["RS+ $G a.b"]);
  // `>` and `*` are wider than what is allowed.
  await tell(
    client,
    "SUB > 4\r\nSUB * 5\r\nSUB a.> 6\r\nSUB w q 7\r\nUNSUB 3\r\nUNSUB 1\r\n",
  );
  assert.deepEqual(await roundTrip(peer), [
    "RS+ $G a.>",
    "RS+ $G w q 1",
    "RS- $G a.b",
  ]);
});

test("interest that may not be exported is not taken, and messages are kept from wider interest", async (t) => {
  const midge = await start(t, { permissions: RULES });
  const { peer } = await join(t, midge);
  await tell(
    peer,
    "RS+ $G secret.x\r\nRS+ $G secret.> q 1\r\nRS+ $G >\r\nRS- $G secret.x\r\n",
  );
  await logged(
    midge,
    'Can not export "secret.x", ignoring remote subscription request',
  );
  const client = await connectClient(t, midge);
  await tell(client, "PUB secret.x 1\r\nx\r\nPUB ok 1\r\ny\r\n");
  assert.deepEqual(await roundTrip(peer), ["RMSG $G ok 1", "y"]);
});

test("a reload tells the permissions, and then the interest that is newly told, or not any more", async (t) => {
  const midge = await start(t, { permissions: RULES });
  const client = await connectClient(t, midge);
  await tell(client, "SUB a.b 1\r\nSUB a.c q 2\r\nSUB other 3\r\n");
  const { peer } = await join(t, midge);
  await tell(peer, "RS+ $G >\r\nRS+ $G ok\r\n");
  const rules = {
    publish: { allow: ["other", "a.b"] },
    subscribe: { allow: ["ok"] },
  };
  await midge.change(rules);
  const info = await nextInfo(peer);
  assert.deepEqual(info["import"], rules.publish);
  assert.deepEqual(info["export"], rules.subscribe);
  const lines = await roundTrip(peer);
  assert.deepEqual(lines.toSorted(), ["RS+ $G other", "RS- $G a.c q"]);
  await tell(client, "PUB zork 1\r\nx\r\nPUB ok 1\r\ny\r\n");
  assert.deepEqual(await roundTrip(peer), ["RMSG $G ok 1", "y"]);
  await midge.change(undefined);
  assert.equal((await nextInfo(peer))["import"], undefined);
  assert.deepEqual(await roundTrip(peer), ["RS+ $G a.c q 1"]);
});

test("interest that ends while it is judged anew is taken back", async (t) => {
  const midge = await start(t, {});
  const client = await connectClient(t, midge);
  const { peer } = await join(t, midge);
  const numbers = Array.from({ length: 30_000 }, (_, n) => n);
  await tell(client, numbers.map((n) => `SUB a.${n} ${n}\r\n`).join(""));
  const told = new Set(await roundTrip(peer));
  assert.equal(told.size, numbers.length);
  const changed = midge.change({ publish: { allow: ["other"] } });
  await tell(client, numbers.map((n) => `UNSUB ${n}\r\n`).reverse().join(""));
  await changed;
  for (const line of await roundTrip(peer)) {
    if (line.startsWith("RS- ")) told.delete(line.replace("RS-", "RS+"));
  }
  assert.equal(told.size, 0, `${told.size} are left at the peer`);
});

test("a peer that takes more by a later INFO is told all interest once more", async (t) => {
  const midge = await start(t, {});
  const client = await connectClient(t, midge);
  await tell(client, "SUB a.b 1\r\n");
  const { peer, lines } = await join(t, midge, {
    info: { export: { allow: ["x"] } },
  });
  assert(lines.includes("RS+ $G a.b"));
  const again = { ...infoFields, export: { allow: ["a.b"] } };
  peer.send(`INFO ${JSON.stringify(again)} \r\n`);
  assert((await roundTrip(peer)).includes("RS+ $G a.b"));
  // What it says again, or says oddly, is no news.
  peer.send(`INFO ${JSON.stringify(again)} \r\n`);
  peer.send(`INFO ${JSON.stringify({ ...again, export: "x" })} \r\n`);
  const told = (await roundTrip(peer)).filter((line) => line === "RS+ $G a.b");
  assert.equal(told.length, 1);
});

const infoFields = {
  server_id: "ZZ-PEER",
  server_name: "ZZ-PEER",
  version: "2.9.10",
  proto: 1,
  host: "127.0.0.1",
  port: 0,
  headers: true,
  max_payload: 1_048_576,
  cluster: "test",
};

test("two nodes: what one may not export becomes known to the other when it may", async (t) => {
  const one = await start(t, { permissions: { subscribe: { allow: ["x"] } } });
  const two = await start(t, {
    routes: [{ host: "127.0.0.1", port: one.clusterPort }],
  });
  await meshed([one, two]);
  const listener = await connectClient(t, two);
  await tell(listener, "SUB y 1\r\nSUB x 2\r\n");
  const { global } = one.server.broker.host.accounts;
  const hears = (subject: string): boolean =>
    global.sublist.match(subject).plain.length > 0;
  await until("interest in x", () => hears("x"));
  assert.equal(hears("y"), false);
  await one.change({ subscribe: { allow: ["x", "y"] } });
  await until("interest in y", () => hears("y"));
});
