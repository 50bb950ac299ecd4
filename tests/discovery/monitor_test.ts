/**
 * What a server's monitoring port tells of others: the suite, against pages that
 * the test writes, and real servers: Midge in this process and nats-server.
 */
import assert from "node:assert/strict";
import type { Wanted } from "../../src/discovery/discovery.ts";
import { natsMonitor } from "../../src/discovery/providers/monitor.ts";
import type { NodeRecord } from "../../src/discovery/node_record.ts";
import type { Fetch } from "../../src/platform/fetch.ts";
import { platform } from "../../src/runtime/mod.ts";
import { startMidge } from "../support/midge.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { type HttpSource, startHttpSource } from "./http_source.ts";
import {
  ask,
  describeDiscovery,
  type DiscoveryStage,
  urlsOf,
} from "./suite.ts";

const HOST = "127.0.0.1";
const LACKS = { secret: "a monitor takes no secret" } as const;

describeDiscovery("a monitor with /discoveryz", {
  whenEmpty: "empty",
  watches: false,
  lacks: LACKS,
}, async (t) => {
  const source = await startHttpSource(t);
  return {
    ...stageOf(source),
    put: (nodes) => source.put(nodes),
    putRaw: (items) => source.speak(JSON.stringify(items)),
  };
});

describeDiscovery("a monitor of nats-server", {
  whenEmpty: "empty",
  tellsIds: false,
  hasRoutes: false,
  watches: false,
  lacks: { ...LACKS, putRaw: "its pages hold addresses and no entries" },
}, async (t) => {
  const source = await startHttpSource(t);
  source.handle = pages({ "/varz": { server_id: "N0" } });
  return {
    ...stageOf(source),
    put: (nodes) => {
      const connect_urls = addressesOf(nodes);
      source.handle = pages({ "/varz": { server_id: "N0", connect_urls } });
    },
    speak: (text) => {
      source.handle = (request, response) => {
        if (request.url === "/discoveryz") response.statusCode = 404;
        response.end(text);
      };
    },
  };
});

function stageOf(source: HttpSource): Omit<DiscoveryStage, "put"> {
  const at = { host: HOST, port: source.port, tls: false };
  return {
    provider: (wanted) => natsMonitor(at, platform, wanted),
    speak: (text) => source.speak(text),
    stall: () => source.stall(),
    cut: () => source.close(),
    mend: () => source.open(),
  };
}

function addressesOf(nodes: readonly NodeRecord[]): string[] {
  return nodes.flatMap(({ urls }) => urls)
    .map((url) => url.replace("nats://", ""));
}

/** A server with these pages. */
function pages(texts: Readonly<Record<string, unknown>>): HttpSource["handle"] {
  return (request, response) => {
    const page = texts[request.url ?? ""];
    if (page === undefined) response.statusCode = 404;
    response.end(page === undefined ? "" : JSON.stringify(page));
  };
}

/** What a monitor that was asked at `host` tells, without a network. */
async function told(
  host: string,
  wanted: Wanted,
  texts: Readonly<Record<string, unknown>>,
): Promise<string[]> {
  const fetch: Fetch = (url) => {
    const page = texts[new URL(url).pathname];
    return Promise.resolve({
      status: page === undefined ? 404 : 200,
      headers: new Headers(),
      body: bytesOf(JSON.stringify(page ?? "")),
    });
  };
  const provider = natsMonitor(
    { host, port: 8222, tls: true },
    { fetch },
    wanted,
  );
  return urlsOf((await ask(provider)).endpoints);
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

const VARZ = {
  server_id: "N1",
  server_name: "one",
  host: "0.0.0.0",
  port: 4222,
  connect_urls: ["10.0.0.2:4222", "[fd00::2]:4222", "127.0.0.1:4222"],
  cluster: { name: "c", addr: "::", cluster_port: 6222 },
};

test("who listens on all interfaces is found where it was asked", async () => {
  const pages = { "/varz": VARZ, "/routez": { routes: [] } };
  assert.deepEqual(await told("10.0.0.1", "client", pages), [
    "nats://10.0.0.1:4222",
    "nats://10.0.0.2:4222",
    "nats://[fd00::2]:4222",
  ]);
  assert.deepEqual(await told("fd00::1", "route", pages), [
    "nats-route://[fd00::1]:6222",
  ]);
  const list = { nodes: [{ id: "N1", urls: ["nats://0.0.0.0:4222"] }] };
  assert.deepEqual(
    await told("db.example", "client", { "/discoveryz": list }),
    ["nats://db.example:4222"],
  );
});

test("addresses of another machine's own are left out", async () => {
  const hosts = ["127.0.0.1", "localhost", "[::1]", "[fe80::1]"];
  const varz = {
    ...VARZ,
    host: "127.0.0.1",
    connect_urls: hosts.map((host) => `${host}:5000`),
  };
  const pages = { "/varz": varz };
  assert.deepEqual(await told("10.0.0.1", "client", pages), []);
  assert.deepEqual(await told("localhost", "client", pages), [
    "nats://127.0.0.1:4222",
    "nats://127.0.0.1:5000",
    "nats://[::1]:5000",
    "nats://localhost:5000",
  ]);
});

test("a server that wants TLS is reached by TLS", async () => {
  const varz = { ...VARZ, tls_required: true, connect_urls: ["10.0.0.2:4222"] };
  assert.deepEqual(await told("10.0.0.1", "client", { "/varz": varz }), [
    "tls://10.0.0.1:4222",
    "tls://10.0.0.2:4222",
  ]);
});

test("a peer that was not dialled does not show where it listens", async () => {
  const route = { remote_id: "N2", did_solicit: true, ip: "10.0.0.2", port: 1 };
  const routes = [
    route,
    { ...route, did_solicit: false, port: 2 },
    { ...route, ip: "nats\r\nx", port: 3 },
    { ...route, port: "4" },
    null,
  ];
  const pages = { "/varz": VARZ, "/routez": { routes } };
  assert.deepEqual(await told("10.0.0.1", "route", pages), [
    "nats-route://10.0.0.1:6222",
    "nats-route://10.0.0.2:1",
  ]);
});

test("a server without a cluster has no doors for nodes", async () => {
  const { cluster: _, ...varz } = VARZ;
  const pages = { "/varz": varz, "/routez": { routes: [] } };
  assert.deepEqual(await told("10.0.0.1", "route", pages), []);
});

interface Pair {
  readonly httpPorts: readonly number[];
  readonly clientUrls: readonly string[];
  readonly routeUrls: readonly string[];
}

async function midgePair(t: TestContext): Promise<Pair> {
  const http = { host: HOST, port: 0 };
  const one = await startMidge(t, { http, cluster: {} });
  const routes = [{
    host: HOST,
    port: one.clusterPort,
  }];
  const two = await startMidge(t, { http, cluster: { routes } });
  const servers = [one, two];
  return {
    httpPorts: servers.map(({ httpPort }) => httpPort),
    clientUrls: servers.map(({ port }) => `nats://${HOST}:${port}`),
    routeUrls: servers.map((each) =>
      `nats-route://${HOST}:${each.clusterPort}`
    ),
  };
}

async function natsServerPair(t: TestContext): Promise<Pair> {
  const flags = ["-m", "-1"];
  const one = await startNatsServer({ routes: [], flags });
  t.after(() => one.stop());
  const two = await startNatsServer({ routes: [one.clusterPort], flags });
  t.after(() => two.stop());
  const servers = [one, two];
  const monitor = /Starting http monitor on \S+:(\d+)/;
  const ports = servers.map(({ process }) => process.waitFor(monitor));
  return {
    httpPorts: (await Promise.all(ports)).map(([, port]) => Number(port)),
    clientUrls: servers.map(({ port }) => `nats://${HOST}:${port}`),
    routeUrls: servers.map((each) =>
      `nats-route://${HOST}:${each.clusterPort}`
    ),
  };
}

for (
  const [name, startPair, skip] of [
    ["Midge", midgePair, false],
    ["nats-server", natsServerPair, natsServerMissing],
  ] as const
) {
  test(`each of two ${name}s tells of both`, { skip }, async (t) => {
    const { httpPorts, clientUrls, routeUrls } = await startPair(t);
    const found = async (port: number, wanted: Wanted): Promise<string[]> => {
      const at = { host: HOST, port, tls: false };
      const { endpoints } = await ask(natsMonitor(at, platform, wanted));
      return urlsOf(endpoints).filter((url) => url.includes(HOST));
    };
    const [first = 0, second = 0] = httpPorts;
    const both = [...clientUrls].sort();
    for (const port of [first, second]) {
      await until("both", async () => {
        const urls = await found(port, "client");
        return JSON.stringify(urls) === JSON.stringify(both);
      });
    }
    // The second has dialled the first.
    assert.deepEqual(await found(second, "route"), [...routeUrls].sort());
    const ofFirst = await found(first, "route");
    assert.ok(ofFirst.includes(routeUrls[0]!));
    for (const url of ofFirst) assert.ok(routeUrls.includes(url), url);
  });
}
