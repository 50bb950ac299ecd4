/** `/healthz`: whether the server is ready, and JetStream's parameters. */
import assert from "node:assert/strict";
import { Broker } from "../../src/broker/broker.ts";
import {
  defaultClusterOptions,
  defaultServerOptions,
} from "../../src/options/options.ts";
import { silentLogger } from "../../src/core/log.ts";
import { finishNow } from "../../src/http/slices.ts";
import { healthz } from "../../src/monitor/healthz.ts";
import { showing } from "../../src/monitor/page.ts";
import { WatchedServer } from "../../src/monitor/source/watched_server.ts";
import { Cluster } from "../../src/routes/cluster.ts";
import { platform } from "../../src/runtime/mod.ts";
import { test } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { startMonitored } from "./pages.ts";

test("a server that accepts connections is healthy", async (t) => {
  const midge = await startMonitored(t, { cluster: {} });
  const { status, body } = midge.ask("healthz");
  assert.deepEqual([status, body], [200, '{"status":"ok"}']);
});

test("checks of JetStream succeed without JetStream", async (t) => {
  const midge = await startMonitored(t);
  const queries = [
    "js-enabled=true",
    "js-enabled-only=1",
    "js-server-only=t",
    "js-meta-only=T",
    "details=true",
    "account=zz",
    "account=zz&stream=s",
    "account=zz&stream=s&consumer=c",
  ];
  for (const query of queries) {
    const { status, body } = midge.ask(`healthz?${query}`);
    assert.deepEqual([status, body], [200, '{"status":"ok"}'], query);
  }
});

test("a stream without its account, or a consumer without its stream, is refused", async (t) => {
  const midge = await startMonitored(t);
  const rows: [query: string, body: string][] = [
    [
      "stream=s",
      '{"status":"error",' +
      String.raw`"error":"\"account\" must not be empty when checking ` +
      'stream health"}',
    ],
    [
      "account=a&consumer=c",
      '{"status":"error",' +
      String.raw`"error":"\"stream\" must not be empty when checking ` +
      'consumer health"}',
    ],
    [
      "stream=s&details=1",
      '{"status":"error","errors":[{"type":"BAD_REQUEST",' +
      String.raw`"error":"\"account\" must not be empty when checking ` +
      'stream health"}]}',
    ],
  ];
  for (const [query, text] of rows) {
    const { status, headers, body } = midge.ask(`healthz?${query}`);
    assert.deepEqual([status, body], [400, text], query);
    assert.equal(headers["Content-Type"], "application/json");
  }
});

test("a server in lame duck mode is not healthy", async (t) => {
  const clock = new VirtualClock();
  const midge = await startMonitored(t, { cluster: {} }, { clock });
  await midge.client();
  // On a clock that stands still lame duck mode never ends.
  void midge.watched.broker.enterLameDuck();
  const { status, body } = midge.ask("healthz");
  assert.equal(status, 500);
  assert.equal(
    body,
    '{"status":"error","error":"failed to be ready for connections after ' +
      '1ms: server"}',
  );
  assert.deepEqual(JSON.parse(midge.ask("healthz?details=1").body), {
    status: "error",
    errors: [{
      type: "CONNECTION",
      error: "failed to be ready for connections after 1ms: server",
    }],
  });
});

test("a server that has not started reports its closed ports", () => {
  const options = defaultServerOptions();
  const clusterOptions = { ...defaultClusterOptions(), port: 0 };
  const silent = { ...platform, log: silentLogger };
  const broker = new Broker(options, silent);
  const cluster = new Cluster(broker, clusterOptions, silent);
  const address = { host: "127.0.0.1", port: 8222 };
  const watched = new WatchedServer(broker, cluster, platform, address);
  const showHealth = showing(healthz);
  const { status, page } = finishNow(
    showHealth(watched, new URLSearchParams()),
  );
  assert.equal(status, 500);
  assert.match(page.error ?? "", /after 1ms: server, route$/);
});
