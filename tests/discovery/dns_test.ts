/** Discovery by DNS, against dnsmasq: addresses, SRV records, and their failures. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { DiscoveryError, type Wanted } from "../../src/discovery/discovery.ts";
import {
  DNS_TTL_MS,
  dnsAddresses,
  dnsServices,
} from "../../src/discovery/providers/dns.ts";
import { nodeOf, type NodeRecord } from "../../src/discovery/node_record.ts";
import { dns } from "../../src/runtime/net/dns.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type Dnsmasq,
  dnsmasqMissing,
  startDnsmasq,
} from "../support/dnsmasq.ts";
import { test, type TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { ask, describeDiscovery, urlsOf } from "./suite.ts";

const DNS_PLATFORM = { dns, clock: platform.clock };
const LACKS = {
  speak: "DNS servers speak no texts",
  putRaw: "DNS records have no fields of their own",
  secret: "DNS knows no secrets",
} as const;
const skip = dnsmasqMissing;

if (skip) {
  test("dns and srv do what every provider does", { skip });
} else {
  describeDiscovery("dns", {
    whenEmpty: "error",
    tellsIds: false,
    watches: false,
    node: addressNode,
    lacks: LACKS,
  }, async (t) => {
    const dnsmasq = await startDnsmasq(t);
    return {
      ...faultsOf(t, dnsmasq),
      provider: (wanted) => addressesAt(dnsmasq, wanted),
      put: (nodes) =>
        dnsmasq.serve({ hosts: { "midge.test": nodes.flatMap(hostsOf) } }),
    };
  });

  describeDiscovery("srv", {
    whenEmpty: "error",
    tellsIds: false,
    watches: false,
    lacks: LACKS,
  }, async (t) => {
    const dnsmasq = await startDnsmasq(t);
    return {
      ...faultsOf(t, dnsmasq),
      provider: (wanted) => servicesAt(dnsmasq, wanted),
      put: (nodes) =>
        dnsmasq.serve({
          hosts: { "host.test": ["127.0.0.1"] },
          services: nodes.flatMap(({ urls, routes }) => [
            ...urls.map((url) => serviceFor("_nats._tcp", url)),
            ...routes.map((url) => serviceFor("_nats-route._tcp", url)),
          ]),
        }),
    };
  });
}

test(
  "dns finds all addresses of both kinds, and keeps the name for certificates",
  {
    skip,
  },
  async (t) => {
    const dnsmasq = await startDnsmasq(t);
    const hosts = { "midge.test": ["127.0.0.1", "127.0.0.2", "::1"] };
    await dnsmasq.serve({ hosts, ttlSeconds: 7 });
    const found = await ask(addressesAt(dnsmasq, "client", 5222));
    assert.deepEqual(urlsOf(found.endpoints), [
      "nats://127.0.0.1:5222",
      "nats://127.0.0.2:5222",
      "nats://[::1]:5222",
    ]);
    assert.ok(found.endpoints.every(({ tlsName }) => tlsName === "midge.test"));
    assert.equal(found.ttlMs, 7000);
  },
);

test("dns finds the addresses that replaced all others, twice", {
  skip,
}, async (t) => {
  const dnsmasq = await startDnsmasq(t);
  const provider = addressesAt(dnsmasq, "client");
  for (const last of [1, 2, 3]) {
    const addresses = [`127.0.${last}.1`, `127.0.${last}.2`];
    const hosts = { "midge.test": addresses };
    // Whatever the time to live is: the platform remembers no answer.
    await dnsmasq.serve({ hosts, ttlSeconds: 60 });
    const { endpoints } = await ask(provider);
    assert.deepEqual(
      urlsOf(endpoints),
      addresses.map((address) => `nats://${address}:4222`),
    );
  }
});

test("dns tells a name that vanished from an empty answer", {
  skip,
}, async (t) => {
  const dnsmasq = await startDnsmasq(t);
  const provider = addressesAt(dnsmasq, "client");
  await dnsmasq.serve({ hosts: { "midge.test": ["127.0.0.1"] } });
  await ask(provider);
  await dnsmasq.serve({ hosts: { "other.test": ["127.0.0.1"] } });
  await assert.rejects(ask(provider), (error: unknown) => {
    assert.ok(error instanceof DiscoveryError);
    assert.equal(
      error.message,
      `Cannot ask "${provider.name}": look up midge.test: no such name`,
    );
    return true;
  });
});

test("dns looks names up as the system does when no resolver is named", async () => {
  const options = { host: "localhost", port: 0, resolver: undefined };
  const found = await ask(dnsAddresses(options, DNS_PLATFORM, "route"));
  assert.ok(urlsOf(found.endpoints).includes("nats-route://127.0.0.1:6222"));
  assert.equal(found.ttlMs, DNS_TTL_MS);
});

test(
  "srv keeps priorities and weights, and names of targets that it cannot look up",
  {
    skip,
  },
  async (t) => {
    const dnsmasq = await startDnsmasq(t);
    const name = "_nats._tcp.midge.test";
    await dnsmasq.serve({
      hosts: { "a.test": ["127.0.0.1", "::1"] },
      services: [
        { name, target: "a.test", port: 4001, priority: 1, weight: 60 },
        { name, target: "elsewhere.test", port: 4002, priority: 2, weight: 5 },
      ],
    });
    const { endpoints } = await ask(servicesAt(dnsmasq, "client"));
    const first = { tlsName: "a.test", priority: 1, weight: 60 };
    assert.deepEqual(
      endpoints.toSorted((a, b) => a.url < b.url ? -1 : 1),
      [
        { url: "nats://127.0.0.1:4001", ...first },
        { url: "nats://[::1]:4001", ...first },
        { url: "nats://elsewhere.test:4002", priority: 2, weight: 5 },
      ],
    );
  },
);

test("dns takes an address for what it is", async () => {
  for (const host of ["127.0.0.7", "::7"]) {
    const options = { host, port: 5222, resolver: undefined };
    const provider = dnsAddresses(options, DNS_PLATFORM, "client");
    const { endpoints } = await ask(provider);
    const at = host.includes(":") ? `[${host}]` : host;
    assert.deepEqual(endpoints, [{ url: `nats://${at}:5222` }]);
  }
});

test("srv takes a name with an underscore as it is", { skip }, async (t) => {
  const dnsmasq = await startDnsmasq(t);
  const name = "_client._tcp.midge.test";
  await dnsmasq.serve({ services: [{ name, target: "a.test", port: 4001 }] });
  const options = { name, resolver: dnsmasq.resolver };
  const { endpoints } = await ask(dnsServices(options, DNS_PLATFORM, "client"));
  assert.deepEqual(urlsOf(endpoints), ["nats://a.test:4001"]);
});

test('srv takes the target "." as the word that there is none', {
  skip,
}, async (t) => {
  const dnsmasq = await startDnsmasq(t);
  const name = "_nats._tcp.midge.test";
  await dnsmasq.serve({ services: [{ name, target: "" }] });
  const { endpoints, authoritative } = await ask(servicesAt(dnsmasq, "client"));
  assert.deepEqual(endpoints, []);
  assert.ok(authoritative);
});

test("srv leaves the names of targets as they are when the system looks them up", async () => {
  const services = [
    { target: "a.example.", port: 4001, priority: 0, weight: 0 },
    { target: "bad name", port: 4002, priority: 0, weight: 0 },
    { target: "b.example", port: 0, priority: 0, weight: 0 },
  ];
  const provider = dnsServices(
    { name: "midge.example", resolver: undefined },
    {
      dns: { ...dns, services: () => Promise.resolve(services) },
      clock: platform.clock,
    },
    "route",
  );
  const found = await ask(provider);
  assert.deepEqual(urlsOf(found.endpoints), ["nats-route://a.example:4001"]);
  assert.equal(found.ttlMs, DNS_TTL_MS);
});

test("srv does not wait long for addresses of its targets", async () => {
  const clock = new VirtualClock();
  let given: AbortSignal | undefined;
  const target = { target: "a.test", port: 4001, priority: 0, weight: 0 };
  const provider = dnsServices(
    { name: "midge.test", resolver: "127.0.0.1:1" },
    {
      clock,
      dns: {
        services: () => Promise.resolve([target]),
        addresses: (_name, { signal }) => {
          given = signal;
          return new Promise(() => {});
        },
      },
    },
    "client",
  );
  const asked = ask(provider);
  await clock.advance(3000);
  const { endpoints } = await asked;
  assert.deepEqual(urlsOf(endpoints), ["nats://a.test:4001"]);
  assert.ok(given?.aborted);
  assert.equal(clock.pendingTimers, 0);
});

test("a resolver may be given by name, and must make sense", {
  skip,
}, async (t) => {
  const dnsmasq = await startDnsmasq(t);
  await dnsmasq.serve({ hosts: { "midge.test": ["127.0.0.1"] } });
  const { signal } = new AbortController();
  const resolver = `localhost:${dnsmasq.port}`;
  const found = await dns.addresses("midge.test", { resolver, signal });
  assert.deepEqual(found, [{ address: "127.0.0.1", ttlMs: 0 }]);
  for (const bad of ["127.0.0.1:0", "127.0.0.1:70000", ":53", "::1", "a:b"]) {
    await assert.rejects(
      dns.addresses("midge.test", { resolver: bad, signal }),
      { message: "the resolver is no host:port" },
    );
  }
});

function addressesAt({ resolver }: Dnsmasq, wanted: Wanted, port: number = 0) {
  const options = { host: "midge.test", port, resolver };
  return dnsAddresses(options, DNS_PLATFORM, wanted);
}

function servicesAt({ resolver }: Dnsmasq, wanted: Wanted) {
  return dnsServices({ name: "midge.test", resolver }, DNS_PLATFORM, wanted);
}

function faultsOf(t: TestContext, dnsmasq: Dnsmasq) {
  return {
    cut: () => dnsmasq.stop(),
    mend: () => dnsmasq.start(),
    async stall(): Promise<void> {
      await dnsmasq.stop();
      const silent = createSocket("udp4");
      t.after(() => silent.close());
      silent.bind(dnsmasq.port, "127.0.0.1");
      await once(silent, "listening");
    },
  };
}

/** A node with an address of its own at the usual ports. */
function addressNode(number: number): NodeRecord {
  const address = `127.1.${number >> 8}.${number & 255}`;
  return nodeOf({
    urls: [`nats://${address}:4222`],
    routes: [`nats-route://${address}:6222`],
  });
}

function hostsOf({ urls }: NodeRecord): string[] {
  return urls.map((url) => new URL(url).hostname);
}

function serviceFor(service: string, url: string) {
  const [port = ""] = /\d+$/.exec(url) ?? [];
  return {
    name: `${service}.midge.test`,
    target: "host.test",
    port: Number(port),
  };
}
