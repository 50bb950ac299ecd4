/** Providers and registrars out of URLs: which they are, and where their secrets come from. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Discovery, Wanted } from "../../src/discovery/discovery.ts";
import { providerOf } from "../../src/discovery/providers/provider_of.ts";
import { registrarOf } from "../../src/discovery/announcing/registrar_of.ts";
import type { DiscoveryPlatform } from "../../src/discovery/platform.ts";
import { parseDiscoveryUrl } from "../../src/discovery/url.ts";
import { platform } from "../../src/runtime/mod.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { type HttpSource, startHttpSource } from "./http_source.ts";
import { ask, testNode, urlsOf } from "./suite.ts";

function provider(
  url: string,
  wanted: Wanted = "client",
  changes: Partial<DiscoveryPlatform> = {},
): Discovery {
  const target = parseDiscoveryUrl(url);
  return providerOf(target, { ...platform, ...changes }, wanted);
}

test("each scheme has its provider, whose name shows where it asks", () => {
  for (
    const [url, name, watches] of [
      ["etcd://root:s3cr3t@h:1/p", "etcd://h:1/p", true],
      ["consul://s3cr3t@h:1/nats?dc=a&tag=b", "consul://h:1/nats", true],
      ["dns://h:1?resolver=r:53", "dns://h:1", false],
      ["srv://h?resolver=r:53", "srv://h", false],
      [
        "http://root:s3cr3t@h:1/p?token=s3cr3t",
        "http://[REDACTED]@h:1/p",
        true,
      ],
      ["https://h/p", "https://h/p", true],
      ["file:///p", "file:///p", true],
      ["file:///p/", "file:///p/", true],
      ["cache:///p", "cache:///p", false],
      ["monitor://h:1?tls=true", "monitor://h:1", false],
      ["registry://s3cr3t@h:1", "registry://h:1", true],
      ["nats://u:s3cr3t@h:1", "nats://h:1", false],
      ["tls://h:1", "tls://h:1", false],
      ["tcp://u:s3cr3t@h:1", "nats://h:1", false],
    ] as const
  ) {
    const made = provider(url);
    assert.ok(made.name.startsWith(name), made.name);
    assert.doesNotMatch(made.name, /s3cr3t/);
    assert.equal(made.watch !== undefined, watches, url);
  }
});

test("a provider asks the place and the path of its URL", async (t) => {
  const source = await startHttpSource(t);
  for (
    const [url, path] of [
      [`${source.url}/some/list?a=b`, "/some/list?a=b"],
      [`monitor://127.0.0.1:${source.port}`, "/discoveryz"],
      [`registry://127.0.0.1:${source.port}`, "/discoveryz"],
      [`etcd://127.0.0.1:${source.port}/p`, "/v3/kv/range"],
    ] as const
  ) {
    source.speak("{}");
    await ask(provider(url)).catch(() => {});
    const asked = source.requests.map((request) => request.url);
    assert.ok(asked.includes(path), `${asked}`);
  }
});

test("a consul URL names service, data centre and tag", async (t) => {
  const source = await startHttpSource(t);
  const at = `127.0.0.1:${source.port}`;
  await ask(provider(`consul://tok@${at}/nats?dc=east&tag=prod`));
  const [request = assert.fail()] = source.requests;
  const url = new URL(request.url ?? "", source.url);
  assert.equal(url.pathname, "/v1/health/service/nats");
  assert.equal(url.searchParams.get("dc"), "east");
  assert.match(url.search, /prod/);
  assert.equal(request.headers["x-consul-token"], "tok");
});

test("a URL of one server leads clients or nodes to it, as its scheme says", async () => {
  const { endpoints } = await ask(provider("nats://user:pw@host"));
  assert.deepEqual(endpoints, [{ url: "nats://host:4222" }]);
  const routes = await ask(provider("nats-route://host:1", "route"));
  assert.deepEqual(urlsOf(routes.endpoints), ["nats-route://host:1"]);
  assert.throws(() => provider("nats-route://u:pw@host:1", "client"), {
    name: "DiscoveryError",
    message: 'Cannot use "nats-route://[REDACTED]@host:1" for discovery: ' +
      "it is a door for nodes, expected nats://host:port",
  });
  assert.throws(() => provider("nats://host:1", "route"), {
    name: "DiscoveryError",
  });
});

test("a path is decoded", async (t) => {
  const path = join(temporaryFolder(t), "a list");
  writeFileSync(path, JSON.stringify([testNode(1)]));
  const url = `file://${path.replaceAll(" ", "%20")}`;
  const { endpoints } = await ask(provider(url));
  assert.deepEqual(urlsOf(endpoints), testNode(1).urls);
});

/** The token with which Consul was asked last. */
async function tokenSent(
  source: HttpSource,
  asked: Discovery,
): Promise<unknown> {
  await ask(asked);
  return source.requests.at(-1)!.headers["x-consul-token"];
}

async function scene(
  t: TestContext,
): Promise<{ source: HttpSource; url: string; path: string }> {
  const source = await startHttpSource(t);
  const path = join(temporaryFolder(t), "token");
  const url = `consul://127.0.0.1:${source.port}/nats`;
  return { source, url, path };
}

test("a token may come from the environment", async (t) => {
  const { source, url } = await scene(t);
  const environment = (name: string): string | undefined =>
    name === "MY_TOKEN" ? "s3cr3t" : undefined;
  const guarded = `${url}?token_env=MY_TOKEN`;
  const asked = provider(guarded, "client", { environment });
  assert.equal(await tokenSent(source, asked), "s3cr3t");
  for (const text of [undefined, "", "a\nb"]) {
    const changes = { environment: (): string | undefined => text };
    assert.throws(() => provider(guarded, "client", changes), {
      name: "DiscoveryError",
    });
  }
});

test("a token may stand in a file, and may be replaced there", async (t) => {
  const { source, url, path } = await scene(t);
  const asked = provider(`${url}?token_file=${path}`);
  for (const token of ["first", "second"]) {
    writeFileSync(path, `${token}\n`);
    assert.equal(await tokenSent(source, asked), token);
  }
});

test("a file of a token that is no use is an error, which does not quote it", async (t) => {
  const { source, url, path } = await scene(t);
  const asked = provider(`${url}?token_file=${path}`);
  await assert.rejects(ask(asked), {
    name: "DiscoveryError",
    message: `Cannot read the secret for "${asked.name}": ` +
      `open ${path}: no such file or directory`,
  });
  for (const text of ["", " \n", "s3cr3t\nX-Other: 1", "s3cr3t".repeat(1000)]) {
    writeFileSync(path, text);
    await assert.rejects(ask(asked), (error: Error) => {
      assert.equal(error.name, "DiscoveryError");
      assert.doesNotMatch(error.message, /s3cr3t/);
      return true;
    });
  }
  assert.equal(source.requests.length, 0);
  writeFileSync(path, "good");
  assert.equal(await tokenSent(source, asked), "good");
});

test("a watch and a registrar read the file of their token, too", async (t) => {
  const { source, url, path } = await scene(t);
  writeFileSync(path, "s3cr3t");
  const target = parseDiscoveryUrl(`${url}?token_file=${path}`);
  const aborter = new AbortController();
  t.after(() => aborter.abort());
  const { signal } = aborter;
  const stream = providerOf(target, platform, "client").watch!({ signal });
  // The answer is no use; what was asked counts.
  await stream[Symbol.asyncIterator]().next().catch(() => {});
  assert.equal(source.requests.at(-1)!.headers["x-consul-token"], "s3cr3t");
  source.requests.length = 0;
  const registrar = registrarOf(target, platform);
  const options = { ttlMs: 15_000, signal, onError: assert.fail };
  const registration = await registrar.register(testNode(1), options);
  await registration.close();
  for (const { headers } of source.requests) {
    assert.equal(headers["x-consul-token"], "s3cr3t");
  }
  assert.ok(source.requests.length > 0);
});

test("one secret is enough", () => {
  const parameters = ["token_env=HOME&token_file=/x", "token_file=/x"];
  for (const [at, parameter] of parameters.entries()) {
    const url = `consul://${at === 0 ? "" : "tok@"}h:1/nats?${parameter}`;
    assert.throws(() => provider(url), {
      name: "DiscoveryError",
      message: /it names more than one secret$/,
    });
  }
});

test("a node can be announced where there is something that remembers it", () => {
  for (
    const url of [
      "etcd://h:1/p",
      "consul://h:1/nats",
      "registry://h:1",
      "file:///p/",
    ]
  ) {
    const { name } = registrarOf(parseDiscoveryUrl(url), platform);
    assert.ok(name.startsWith(url), name);
  }
  for (
    const url of [
      "dns://h:1",
      "srv://h",
      "http://h",
      "https://h",
      "monitor://h",
      "cache:///p",
      "file:///p",
      "nats://h",
      "tls://h",
      "nats-route://h",
    ]
  ) {
    assert.throws(() => registrarOf(parseDiscoveryUrl(url), platform), {
      name: "DiscoveryError",
      message: /^Cannot announce at /,
    }, url);
  }
});
