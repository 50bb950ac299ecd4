/**
 * Snapshots are plain: a copy that could have crossed a thread makes the same
 * pages. And a page takes only the parts that it needs.
 */
import assert from "node:assert/strict";
import { finishNow } from "../../src/http/slices.ts";
import { accountz, accstatz } from "../../src/monitor/accounts.ts";
import { connz } from "../../src/monitor/connz.ts";
import { discoveryz } from "../../src/monitor/discoveryz.ts";
import { healthz } from "../../src/monitor/healthz.ts";
import { jsz } from "../../src/monitor/jsz.ts";
import type { Page } from "../../src/monitor/page.ts";
import { root } from "../../src/monitor/root.ts";
import { routez } from "../../src/monitor/routez.ts";
import type { PartName, SnapshotHead } from "../../src/monitor/snapshot.ts";
import { subsz } from "../../src/monitor/subsz.ts";
import { varz } from "../../src/monitor/varz.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { type MonitoredMidge, startMonitored } from "./pages.ts";

/** A member of a cluster with an open and a closed client, and with remote interest. */
async function startBusy(t: TestContext): Promise<MonitoredMidge> {
  const other = await startMonitored(t, { cluster: {} });
  const route = { host: "127.0.0.1", port: other.clusterPort };
  const midge = await startMonitored(t, { cluster: { routes: [route] } });
  await midge.say(await midge.client({ lang: "test" }), "SUB a.* q 1\r\n");
  const leaving = await midge.client();
  await midge.say(leaving, "SUB b 2\r\nPUB a.b 2\r\nhi\r\n");
  await midge.leave(leaving);
  await other.say(await other.client(), "SUB far 1\r\n");
  await until(
    "the interest of the other server",
    () => midge.page("varz")["subscriptions"] === 2,
  );
  return midge;
}

/** Shows a page of a snapshot and of a copy of it; gives the names of the parts. */
function showTwice<Query, Part extends PartName, Shown extends object>(
  { watched }: MonitoredMidge,
  page: Page<Query, Part, Shown>,
  params: string,
): string[] {
  const query = page.read(new URLSearchParams(params));
  const snapshot = finishNow(watched.take(page.wants(query)));
  const copy = structuredClone(snapshot);
  assert.deepEqual(copy, snapshot);
  assert.equal(
    JSON.stringify(page.show(copy, query)),
    JSON.stringify(page.show(snapshot, query)),
  );
  const head: SnapshotHead = snapshot;
  const heads = ["serverId", "serverName", "startedAt", "now", "shiftMs"];
  for (const name of heads) assert.ok(name in head, name);
  return Object.keys(snapshot).filter((name) => !heads.includes(name));
}

test("every page is the same when its snapshot was copied", async (t) => {
  const midge = await startBusy(t);
  const counters = ["settings", "load", "counters", "jetstream"];
  assert.deepEqual(showTwice(midge, varz, ""), counters);
  for (const query of ["", "consumers=1&config=1"]) {
    assert.deepEqual(showTwice(midge, jsz, query), ["jetstream"]);
  }
  for (const query of ["", "auth=1&subs=detail&state=all", "subs=1"]) {
    assert.deepEqual(showTwice(midge, connz, query), ["clients"]);
  }
  for (const query of ["", "subs=1", "subs=detail"]) {
    assert.deepEqual(showTwice(midge, routez, query), ["routes"]);
  }
  const lists = ["accounts", "subscriptions"];
  for (const query of ["", "subs=1", "subs=1&test=a.b"]) {
    assert.deepEqual(showTwice(midge, subsz, query), lists);
  }
  for (const query of ["", "acc=$G"]) {
    assert.deepEqual(showTwice(midge, accountz, query), [
      "accounts",
      "settings",
    ]);
  }
  assert.deepEqual(showTwice(midge, accstatz, "unused=1"), ["accounts"]);
  assert.deepEqual(showTwice(midge, healthz, "details=1"), [
    "readiness",
    "streamHealth",
  ]);
  assert.deepEqual(showTwice(midge, discoveryz, ""), ["nodes"]);
  assert.deepEqual(showTwice(midge, root, ""), ["settings"]);
});

test("subscriptions are copied only on request", async (t) => {
  const midge = await startBusy(t);
  const taken = (subs: boolean) =>
    finishNow(midge.watched.take({
      routes: { subscriptions: subs },
      clients: {
        ...connz.read(new URLSearchParams("state=all")),
        subscriptions: subs,
      },
      subscriptions: subs
        ? { account: "", subject: "", offset: 0, limit: 1 }
        : undefined,
    }));
  const counts = (
    { routes, clients, subscriptions }: ReturnType<typeof taken>,
  ) => [
    ...routes.map(({ subscriptions }) => subscriptions.length),
    ...clients.rows.map(({ subscriptions }) => subscriptions.length),
    subscriptions.total,
  ];
  assert.deepEqual(counts(taken(false)), [0, 0, 0, 0]);
  assert.deepEqual(counts(taken(true)), [1, 1, 1, 1]);
});
