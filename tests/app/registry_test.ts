/**
 * The registry as part of a running server, beside a broker and alone: what the
 * program says, keeps, and ends with. The runtime of the test runs the program.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import {
  defaultDiscoveryOptions,
  defaultRegistryOptions,
} from "../../src/options/options.ts";
import { registry } from "../../src/discovery/providers/registry.ts";
import type { RegistryAddress } from "../../src/discovery/sources/registry_address.ts";
import { registryRegistrar } from "../../src/discovery/announcing/registry_registrar.ts";
import {
  type DiscoveryTarget,
  parseDiscoveryUrls,
} from "../../src/discovery/url.ts";
import { platform } from "../../src/runtime/mod.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import {
  announce,
  idsOf,
  listOf,
  nodeJson,
  startRegistry,
} from "../registry/asking.ts";
import { startMidge } from "../support/midge.ts";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const REGISTRY = /Starting registry on 127\.0\.0\.1:(\d+)/;
const MONITOR = /Starting http monitor on 127\.0\.0\.1:(\d+)/;

async function startProgram(
  t: TestContext,
  ...args: readonly string[]
): Promise<TestProcess> {
  const server = spawnMidge(args);
  t.after(() => server.stop());
  await server.waitFor("Server is ready\n");
  return server;
}

async function urlIn(server: TestProcess, line: RegExp): Promise<string> {
  const [, port] = await server.waitFor(line);
  return `http://127.0.0.1:${port}`;
}

test("a server serves a registry beside its clients, and stops it", async (t) => {
  const registry = { ...defaultRegistryOptions(), port: 0, token: "s3cret" };
  const { server, log, port } = await startMidge(t, { registry });
  const { host = "", port: at = 0 } = server.registryAddress ?? {};
  assert.ok(port > 0 && at > 0);
  const url = `http://${host}:${at}`;
  assert.equal(await announce(url, "A", nodeJson(1)), 401);
  assert.equal(await announce(url, "A", nodeJson(1), "s3cret"), 201);
  assert.deepEqual(idsOf(await listOf(url)), ["A"]);
  assert.ok(log.lines.includes(`INF Starting registry on ${host}:${at}`));
  assert.doesNotMatch(log.lines.join("\n"), /s3cret/);
  await server.stop();
  assert.equal(server.registryAddress, undefined);
  await assert.rejects(listOf(url));
});

test("a registry whose port is taken keeps the server from starting", async (t) => {
  const registry = { ...defaultRegistryOptions(), port: 0 };
  const first = await startMidge(t, { registry });
  const taken = first.server.registryAddress!.port;
  const second = startMidge(t, { registry: { ...registry, port: taken } });
  await assert.rejects(second, { code: "EADDRINUSE" });
});

test("two registries beside each other: a node that finds others outlives one of them", async (t) => {
  const [one, two] = [await startRegistry(t), await startRegistry(t)];
  const urls = parseDiscoveryUrls(`registry://${one.at},registry://${two.at}`);
  const placeOf = ({ host, port }: DiscoveryTarget): RegistryAddress => ({
    host,
    port,
    tls: false,
    token: "",
  });
  const discovery: DiscoveryMakers = {
    providerOf: (target, wanted) => registry(placeOf(target), platform, wanted),
    registrarOf: (target) => registryRegistrar(placeOf(target), platform),
  };
  const options = {
    cluster: {},
    discovery: {
      ...defaultDiscoveryOptions(),
      announce: urls,
      find: urls,
      ttlMs: 1500,
    },
  };
  const a = await startMidge(t, options, { discovery });
  for (const { registry: { store } } of [one, two]) {
    await until("it is announced", () => store.size === 1);
  }
  await one.registry.stop();
  const b = await startMidge(t, options, { discovery });
  for (const { server } of [a, b]) {
    await until("they have met", () => server.cluster?.routes.size === 1);
  }
  await until("both are announced", () => two.registry.store.size === 2);
  const again = await startRegistry(t, { port: Number(one.at.split(":")[1]) });
  await until("both are known again", () => again.registry.store.size === 2);
  await a.server.stop();
  await until("one has withdrawn", () => two.registry.store.size === 1);
});

test("-registry_only serves a registry and nothing else", async (t) => {
  const folder = temporaryFolder(t);
  const [pidFile, state] = [join(folder, "midge.pid"), join(folder, "nodes")];
  const config = join(folder, "registry.conf");
  writeFileSync(
    config,
    `registry { listen: -1, state_file: "${state}" }\n` +
      'port: 1, cluster { listen: "127.0.0.1:1" }\nhttp: "127.0.0.1:-1"\n',
  );
  const args = ["-registry_only", "-registry_token", "s3cret", "-c", config];
  const server = await startProgram(
    t,
    ...args,
    ...["-P", pidFile, "-ports_file_dir", folder],
  );
  const url = await urlIn(server, REGISTRY);
  const monitor = await urlIn(server, MONITOR);
  assert.doesNotMatch(server.stderr, /Listening for|s3cret|Cluster/);

  assert.equal(await announce(url, "A", nodeJson(1)), 401);
  assert.equal(await announce(url, "A", nodeJson(1), "s3cret"), 201);
  const ask = async (page: string): Promise<unknown> =>
    await (await fetch(`${monitor}/${page}`)).json();
  assert.deepEqual(await ask("healthz"), { status: "ok" });
  assert.deepEqual((await ask("discoveryz") as { nodes: unknown }).nodes, []);
  await ask("varz");

  assert.equal(readFileSync(pidFile, "utf8"), `${server.pid}`);
  const portsFile = join(folder, `midge_${server.pid}.ports`);
  await until("the ports file", () => existsSync(portsFile));
  assert.deepEqual(JSON.parse(readFileSync(portsFile, "utf8")), {
    nats: [],
    monitoring: [monitor],
    registry: [url.replace("http", "registry")],
  });

  const stream = fetch(`${url}/discoveryz/stream`)
    .then((answer) => answer.text()).catch(() => "");
  sendSignal(server.pid, "SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  await stream;
  assert.match(server.stderr, /Server Exiting\.\.\n$/);

  const again = await startProgram(t, ...args);
  assert.deepEqual(idsOf(await listOf(await urlIn(again, REGISTRY))), ["A"]);
  sendSignal(again.pid, "SIGUSR2");
  assert.deepEqual(await again.exited, { code: 0, signal: null });
});

test("a registry that is killed has kept its nodes", async (t) => {
  const state = join(temporaryFolder(t), "nodes.json");
  const config = join(temporaryFolder(t), "registry.conf");
  writeFileSync(config, `registry { listen: -1, state_file: "${state}" }`);
  const args = ["-registry_only", "-c", config];
  const first = await startProgram(t, ...args);
  await announce(await urlIn(first, REGISTRY), "A", nodeJson(1));
  await until(
    "it is kept",
    () => existsSync(state) && readFileSync(state, "utf8").includes('"A"'),
  );
  await first.stop();
  const second = await startProgram(t, ...args);
  assert.deepEqual(idsOf(await listOf(await urlIn(second, REGISTRY))), ["A"]);
});
