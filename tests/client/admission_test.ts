/** Servers that others named: which of them are dialled, and what they are told. */
import assert from "node:assert/strict";
import { Admission } from "../../src/client/servers/admission.ts";
import { AllowList } from "../../src/client/servers/allow.ts";
import { InvalidArgumentError } from "../../src/core/errors.ts";
import { clientOptions } from "../../src/client/options.ts";
import type { ConnectionOptions } from "../../src/client/api/options.ts";
import {
  foundServer,
  parseServer,
} from "../../src/client/servers/server_url.ts";
import { PoolServer } from "../../src/client/servers/pool_server.ts";
import type { Status } from "../../src/client/api/status.ts";
import { test } from "../support/test.ts";
import { FakeDiscovery } from "./fake_discovery.ts";
import { eventsOf, Scene } from "./scene.ts";

test("two spellings of one address are one server", () => {
  assert.equal(parseServer("[::ffff:7f00:1]:1").listen, "127.0.0.1:1");
  assert.equal(parseServer("[0:0::1]:1").listen, "[::1]:1");
});

const ALLOWED: readonly [string, string, boolean][] = [
  ["node.svc", "node.svc", true],
  ["node.svc", "NODE.svc.", true],
  ["node.svc", "x.node.svc", false],
  ["*.svc", "node.svc", true],
  ["*.svc", "a.b.svc", true],
  ["*.svc", "svc", false],
  ["*.svc", "evilsvc", false],
  ["*.svc", "svc.evil", false],
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.0.0.0/9", "10.128.0.1", false],
  ["10.0.0.0/8", "::ffff:10.0.0.1", true],
  ["10.0.0.0/8", "010.0.0.1", true], // a name: its addresses decide
  ["0.0.0.0/0", "1.2.3.4", true],
  ["0.0.0.0/0", "::1", false],
  ["10.0.0.7", "10.0.0.7", true],
  ["10.0.0.7", "10.0.0.8", false],
  ["2001:db8::/33", "2001:db8:7fff::1", true],
  ["2001:db8::/33", "2001:db8:8000::1", false],
  ["[2001:db8::1]", "2001:db8:0::1", true],
  ["node.svc", "10.0.0.1", false],
];

test("the allow-list knows names, addresses and networks", () => {
  for (const [entry, host, isAllowed] of ALLOWED) {
    const list = new AllowList([entry]);
    assert.equal(list.allowsHost(host), isAllowed, `${entry} ${host}`);
  }
  assert.equal(new AllowList([]).allowsHost("a"), false);
});

test("nonsense on the allow-list is refused", () => {
  const entries = ["", "*", "*.", "a b", "10.0.0.0/33", "10.0.0.0/", "::/129"];
  for (const entry of [...entries, "10.0.0.0/8/8", "a/8", "*.*.a"]) {
    assert.throws(() => new AllowList([entry]), InvalidArgumentError, entry);
  }
});

function admission(options: ConnectionOptions): Admission {
  const read = clientOptions({ discovery: [new FakeDiscovery()], ...options });
  return new Admission(read, read.servers.map(parseServer));
}

const found = (url: string): PoolServer => foundServer(url, "provider:x", {})!;

const SECRETS: readonly [string, ConnectionOptions][] = [
  ["a password", { user: "ann", pass: "x" }],
  ["a token", { token: "x" }],
  ["a URL with a password", { servers: "nats://ann:x@127.0.0.1:1" }],
  ["an authenticator", { authenticator: () => ({ user: "a", pass: "x" }) }],
  ["a JWT alone", { authenticator: () => ({ jwt: "x" }) }],
  ["an authenticator that fails", {
    authenticator: () => {
      throw new Error("no");
    },
  }],
];

for (const [what, options] of SECRETS) {
  test(`with ${what}, found servers need TLS or trust`, () => {
    const door = found("nats://h:1");
    assert.equal(admission(options).refusal(door), "password");
    assert.equal(admission(options).refusal(found("tls://h:1")), undefined);
    const tls = admission({ ...options, tls: {} });
    assert.equal(tls.refusal(door), undefined);
    const blind = { ...options, tls: { rejectUnauthorized: false } };
    assert.equal(admission(blind).refusal(door), "password");
    const plain = admission({ ...options, tls: null });
    assert.equal(plain.refusal(found("tls://h:1")), "password");
    const trusting = { trustWithPasswords: true };
    const careless = admission({ ...options, discoveryPolicy: trusting });
    assert.equal(careless.refusal(door), undefined);
    assert.equal(admission(options).refusal(parseServer("h:1")), undefined);
  });
}

test("passwords that come later are guarded too", () => {
  const door = foundServer("nats://h:1", "provider:x", {
    credentials: { user: "ann", pass: "x" },
  })!;
  assert.equal(admission({}).refusal(door), "password");
});

test("a provider that passes on more than it should makes no server trusted", async (t) => {
  const scene = new Scene(t);
  const rogue = await scene.server();
  const endpoint = {
    url: `nats://${rogue.listen}`,
    vouched: true,
    tls: true,
    credentials: { user: "ann" },
  };
  const error = await scene.failure(scene.open([], {
    token: "secret",
    discovery: [new FakeDiscovery([endpoint])],
    waitOnFirstConnect: false,
  }));
  assert.match(String(error), /No server is known/);
  assert.equal(rogue.connections.length, 0);
});

test("a signature may go anywhere", () => {
  const signs = admission({ authenticator: () => ({ nkey: "U", sig: "s" }) });
  assert.equal(signs.refusal(found("nats://h:1")), undefined);
  const creds = admission({ authenticator: () => ({ jwt: "x", nkey: "U" }) });
  assert.equal(creds.refusal(found("nats://h:1")), undefined);
  assert.equal(admission({}).refusal(found("nats://h:1")), undefined);
});

test("a server that is trusted less does not say how another one is spoken to", () => {
  const facts = { tls: true, tlsName: "node.svc", vouched: true };
  const gossiped = new PoolServer({ host: "h", port: 1 }, "gossip", facts);
  gossiped.learn(
    foundServer("nats://h:1", "provider:x", { tlsName: "evil" })!,
  );
  assert.deepEqual([gossiped.tls, gossiped.tlsName], [true, "node.svc"]);
  const named = parseServer("tls://h:1");
  named.learn(foundServer("nats://h:1", "provider:x", { tlsName: "evil" })!);
  assert.deepEqual([named.tls, named.tlsName], [true, undefined]);
});

test("no password goes to a server that was only found", async (t) => {
  const scene = new Scene(t);
  const rogue = await scene.server();
  const events: Status[] = [];
  const connecting = scene.open(["127.0.0.1:1"], {
    user: "ann",
    pass: "secret",
    discovery: [new FakeDiscovery([rogue])],
    onStatus: (event) => events.push(event),
  });
  await scene.clock.advance(30_000);
  assert.equal(rogue.connections.length, 0);
  assert.deepEqual(events.filter(({ type }) => type === "serverSkipped"), [{
    type: "serverSkipped",
    server: rogue.listen,
    source: "provider:fake",
    reason: "password",
  }]);
  const honest = await scene.server({ port: 1 });
  const client = await scene.settled(connecting);
  assert.match(honest.client.login, /"pass":"secret"/);
  await scene.settled(client.close());
});

test("gossip of a trusted server gets passwords, that of another does not", async (t) => {
  const scene = new Scene(t);
  const [named, gossiped, rogue, friend] = await Promise.all(
    Array.from({ length: 4 }, () => scene.server()),
  );
  const client = await scene.connect([named!], {
    authenticator: () => ({ user: "ann", pass: "secret" }),
    discovery: [new FakeDiscovery([gossiped!])],
    discoveryPolicy: { trustWithPasswords: false },
  });
  named!.client.sendInfo({ connect_urls: [named!.listen, gossiped!.listen] });
  await scene.clock.advance(1000);
  named!.stop();
  await scene.until(() => client.getServer() === gossiped!.listen);
  assert.match(gossiped!.client.login, /"pass":"secret"/);

  // Without a secret at hand, a found server is used, but does not vouch.
  const other = await scene.connect([], {
    discovery: [new FakeDiscovery([rogue!])],
    discoveryPolicy: { allow: ["127.0.0.1"] },
  });
  rogue!.client.sendInfo({
    connect_urls: [rogue!.listen, friend!.listen, "10.9.9.9:4222"],
  });
  await scene.clock.advance(1000);
  assert.deepEqual(
    other.servers().map(({ listen }) => listen).toSorted(),
    [rogue!.listen, friend!.listen].toSorted(),
  );
});

test("hosts that are not allowed are not dialled, whatever names them", async (t) => {
  const scene = new Scene(t, {
    "good.svc": ["127.0.0.1"],
    "alias.example": ["127.0.0.1"],
    "evil.example": ["10.6.6.6"],
  });
  const server = await scene.server();
  const events: Status[] = [];
  const open = (
    allow: readonly string[],
    ...hosts: readonly string[]
  ): Promise<unknown> => {
    const urls = hosts.map((host) => `${host}:${server.port}`);
    return scene.open([], {
      discovery: [new FakeDiscovery(urls)],
      discoveryPolicy: { allow },
      waitOnFirstConnect: false,
      onStatus: (event) => events.push(event),
    }).then((client) => client.close());
  };
  await scene.settled(open(["*.svc"], "10.6.6.6", "evil.example", "good.svc"));
  const skipped = events.filter(({ type }) => type === "serverSkipped");
  assert.deepEqual(
    skipped.map((event) => "reason" in event && event.reason),
    ["allow-list", "allow-list"],
  );
  await scene.settled(open(["127.0.0.0/8"], "alias.example"));
  const error = await scene.failure(open(["127.0.0.0/8"], "evil.example"));
  assert.match(
    String(error),
    /No address of evil\.example is on the allow-list/,
  );
  assert.ok(scene.dials.every(({ to }) => to === server.listen));
});

test("a server of another cluster is left out, and told of once", async (t) => {
  const scene = new Scene(t);
  const [ours, theirs] = await Promise.all(
    ["blue", "green"].map((cluster) => scene.server({ info: { cluster } })),
  );
  const provider = new FakeDiscovery([
    { url: `nats://${theirs!.listen}`, cluster: "green" },
  ]);
  const client = await scene.connect([ours!], { discovery: [provider] });
  await scene.clock.advance(2000);
  const events = eventsOf(client);
  assert.deepEqual(client.servers().map(({ listen }) => listen), [
    ours!.listen,
  ]);
  // Also when nobody says so but the server itself.
  provider.names(theirs!);
  await scene.settled(client.rediscover());
  ours!.stop();
  await scene.clock.advance(20_000);
  assert.equal(client.getServer(), "");
  assert.ok(theirs!.connections.length > 0);
  assert.equal(
    events.filter(({ type }) => type === "serverSkipped").length,
    0,
    "it was told at the start",
  );
  await scene.server({ port: ours!.port, info: { cluster: "blue" } });
  await scene.until(() => client.getServer() === ours!.listen);
});

test("the wanted cluster can be named, and a made-up name is not learnt", async (t) => {
  const info = { cluster: "green" };
  const scene = new Scene(t);
  const green = await scene.server({ info });
  const discovery = [new FakeDiscovery([green])];
  const refused = await scene.failure(scene.open([], {
    discovery,
    discoveryPolicy: { cluster: "blue" },
    waitOnFirstConnect: false,
  }));
  assert.match(String(refused), /is of another cluster/);
  const made = { cluster: "NBsXpWSQ9LMi4OZhKYz7hC" };
  const first = await scene.server({ info: made });
  const client = await scene.connect([first], { discovery });
  first.stop();
  await scene.until(() => client.getServer() === green.listen);
});
