/** The URLs that name providers: what each means, what is refused, and that no message quotes a secret. */
import assert from "node:assert/strict";
import { loggedUrl } from "../../src/core/redact.ts";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import {
  DISCOVERY_SCHEMES,
  type DiscoveryTarget,
  parseDiscoveryUrl,
  parseDiscoveryUrls,
} from "../../src/discovery/url.ts";
import { test } from "../support/test.ts";

type Parts = Partial<Omit<DiscoveryTarget, "params">> & {
  readonly params?: Readonly<Record<string, string>>;
};

/** What is not given is empty, or the URL itself. */
const GOOD: Readonly<Record<string, Parts>> = {
  "etcd://h": { host: "h", port: 2379 },
  "etcd://10.0.0.1:23790/midge/nodes": {
    host: "10.0.0.1",
    port: 23790,
    pathname: "/midge/nodes",
  },
  "etcd://root:p%40ss%3A@h/x": {
    name: "etcd://[REDACTED]@h/x",
    host: "h",
    port: 2379,
    pathname: "/x",
    user: "root",
    secret: "p@ss:",
  },
  "etcd://root@h?password_env=PW&tls=true": {
    name: "etcd://[REDACTED]@h?password_env=PW&tls=true",
    host: "h",
    port: 2379,
    user: "root",
    params: { password_env: "PW", tls: "true" },
  },
  "etcd://a:b:c@h": {
    name: "etcd://[REDACTED]@h",
    host: "h",
    port: 2379,
    user: "a",
    secret: "b:c",
  },
  "consul://t0k@h/nats%20here?dc=east&tag=a": {
    name: "consul://[REDACTED]@h/nats%20here?dc=east&tag=a",
    host: "h",
    port: 8500,
    pathname: "/nats here",
    secret: "t0k",
    params: { dc: "east", tag: "a" },
  },
  "dns://nodes.example:4222": { host: "nodes.example", port: 4222 },
  "dns://nodes.example": { host: "nodes.example" },
  "srv://_nats._tcp.example?resolver=127.0.0.1:53": {
    host: "_nats._tcp.example",
    params: { resolver: "127.0.0.1:53" },
  },
  "http://h/list.json?a=1&b=x@y": { host: "h", pathname: "/list.json" },
  "https://[2001:db8::1]:8443/x?api_key=s3cret&v=1": {
    name: "https://[2001:db8::1]:8443/x?api_key=[REDACTED]&v=1",
    host: "2001:db8::1",
    port: 8443,
    pathname: "/x",
  },
  "http://u:pw@h/": {
    name: "http://[REDACTED]@h/",
    host: "h",
    pathname: "/",
    user: "u",
    secret: "pw",
  },
  "file:///run/midge/": { pathname: "/run/midge/" },
  "file://localhost/a%20b@c.json": {
    pathname: "/a b@c.json",
    host: "localhost",
  },
  "cache:///home/me@work/servers": { pathname: "/home/me@work/servers" },
  "monitor://[::1]": { host: "::1", port: 8222 },
  "monitor://h:8443?tls=true": {
    host: "h",
    port: 8443,
    params: { tls: "true" },
  },
  "registry://h": { host: "h", port: 4280 },
  "registry://t0k@h:1?token_file=/run/token": {
    name: "registry://[REDACTED]@h:1?token_file=/run/token",
    host: "h",
    port: 1,
    secret: "t0k",
    params: { token_file: "/run/token" },
  },
  "nats://h": { host: "h", port: 4222 },
  "tls://h:65535": { host: "h", port: 65535 },
  "nats-route://h": { host: "h", port: 6222 },
  "TCP://h": { scheme: "nats", host: "h", port: 4222 },
  "  NATS://H:1\n": { scheme: "nats", host: "H", port: 1 },
};

for (const [url, parts] of Object.entries(GOOD)) {
  test(`${JSON.stringify(url)} is understood`, () => {
    const { params, ...rest } = parseDiscoveryUrl(url);
    const { params: expected = {}, ...others } = parts;
    assert.deepEqual(Object.fromEntries(params), expected);
    assert.deepEqual(rest, {
      scheme: url.split(":")[0],
      name: url.trim(),
      url: url.trim(),
      host: "",
      port: 0,
      pathname: "",
      user: "",
      secret: "",
      ...others,
    });
  });
}

test("every scheme has an example here", () => {
  const seen = new Set(Object.keys(GOOD).map((url) => url.split(":")[0]));
  assert.deepEqual(DISCOVERY_SCHEMES.filter((one) => !seen.has(one)), []);
});

/** A text, and words of the complaint. Whatever is called hunter2 is a secret. */
const BAD: readonly (readonly [string, RegExp])[] = [
  ["", /begins with none of etcd:\/\/ consul:\/\//],
  ["h:4222", /begins with none/],
  ["etcd:h", /begins with none/],
  ["ftp://user:hunter2@h", /begins with none/],
  ["user:hunter2@h:4222", /begins with none/],
  ["javascript:alert(1)", /begins with none/],
  ["etcd://", /names no host/],
  ["etcd:///prefix", /names no host/],
  ["etcd://root:hunter2@", /names no host/],
  ["etcd://h:0", /host and port/],
  ["etcd://h:65536", /host and port/],
  ["etcd://h:99999999999999999999", /host and port/],
  ["etcd://h:", /host and port/],
  ["etcd://h:-1", /host and port/],
  ["etcd://h:1e3", /host and port/],
  ["etcd://2001:db8::1", /host and port/],
  ["etcd://[2001:db8::1", /host and port/],
  ["etcd://[h]", /host and port/],
  ["etcd://a b", /host and port/],
  ["etcd://root:hunter2@h:x", /host and port/],
  ["etcd://root:hunter2", /host and port/],
  ["etcd://root:hunter2/hunter2@h", /host and port/],
  ["etcd://root:hunter2#hunter2@h", /no etcd:\/\/host:port\/path/],
  ["etcd://root:hunter2?hunter2@h", /host and port/],
  ["http://h/#token=hunter2", /no http:\/\/host:port\/path/],
  ["consul://h", /lacks the name of a service/],
  ["consul://h/", /lacks the name of a service/],
  ["consul://user:hunter2@h/s", /a token and no user/],
  ["registry://user:hunter2@h", /a token and no user/],
  ["dns://user:hunter2@h", /takes no credentials/],
  ["srv://hunter2@h", /takes no credentials/],
  ["monitor://user:hunter2@h", /takes no credentials/],
  ["file://", /lacks a path/],
  ["file:///", /lacks a path/],
  ["file://relative/path", /third slash/],
  ["cache://user:hunter2@/x", /third slash/],
  ["etcd://h?resolver=x", /"resolver" is unknown: it takes tls/],
  ["nats://h?x=1", /"x" is unknown: it takes none/],
  ["etcd://h?password=hunter2", /"password" is unknown/],
  ["registry://h?token=hunter2", /"token" is unknown/],
  ["registry://h?x&Access_Token=hunter2", /is unknown/],
  ["etcd://h?tls=yes", /tls is either true or false/],
  ["registry://h:4280/v1", /nothing follows registry:\/\/host:port/],
  ["dns://h/x", /nothing follows dns/],
  ["nats://h:1/x", /nothing follows nats/],
  ["dns://h?resolver=a:b:c", /resolver is no host:port/],
  ["srv://h?resolver=", /resolver is no host:port/],
  ["etcd://h/%", /broken escape/],
  ["etcd://root:hunter2%zz@h", /broken escape/],
  ["etcd://root:hunter2%0d%0aX:1@h", /control character/],
  ["consul://h/a%00b", /control character/],
  ["consul://h/s?tag=a%0ab", /control character/],
  ["etcd://h/a\nb", /control character/],
  ["etcd://h/\u001b[31m", /control character/],
  ["etcd://h/\u202egnp", /control character/],
  [`etcd://root:hunter2@h/${"x".repeat(3000)}`, /longer than 2048/],
];

for (const [text, complaint] of BAD) {
  test(`${JSON.stringify(text.slice(0, 60))} is refused`, () => {
    assert.throws(() => parseDiscoveryUrl(text), (error) => {
      assert.ok(error instanceof DiscoveryError);
      assert.match(error.message, complaint);
      assert.match(error.message, /^Cannot use "/);
      assert.doesNotMatch(error.message, /hunter2/);
      assert.doesNotMatch(error.message, /[\p{Cc}\p{Cf}]/u);
      assert.ok(error.message.length < 1000);
      return true;
    });
  });
}

test("several URLs are divided by commas, and gaps are passed over", () => {
  const targets = parseDiscoveryUrls(" etcd://a , ,registry://b,");
  assert.deepEqual(targets.map(({ name }) => name), [
    "etcd://a",
    "registry://b",
  ]);
  assert.deepEqual(parseDiscoveryUrls(" , "), []);
});

test("a password that was cut in two at its comma is not quoted", () => {
  assert.throws(
    () => parseDiscoveryUrls("etcd://root:hunter2,hunter2@h"),
    (error: Error) => !error.message.includes("hunter2"),
  );
});

test("a URL for logs shows no secret, stays one line and is bounded", () => {
  const cases: Readonly<Record<string, string>> = {
    "nats://u:p@h:1": "nats://[REDACTED]@h:1",
    "u:p@h": "[REDACTED]@h",
    "nats://u:p@ss@h": "nats://[REDACTED]@h",
    "nats://u:pa/ss@h": "nats://[REDACTED]@h",
    "nats://u:pa\nss@h": "nats://[REDACTED]@h",
    "nats://u:pass": "nats://u:[REDACTED]",
    "http://h/me@x": "http://h/me@x",
    "http://u:pa/ss@h": "http://[REDACTED]@h",
    "https://h?a=1&sig=x#token=y":
      "https://h?a=1&sig=[REDACTED]#token=[REDACTED]",
    "registry://h?token_env=NAME": "registry://h?token_env=NAME",
    "nats://[::1]:4222": "nats://[::1]:4222",
    "nats://h\r\n[ERR] x": "nats://h??[ERR] x",
  };
  for (const [text, expected] of Object.entries(cases)) {
    assert.equal(loggedUrl(text), expected);
  }
  assert.equal(loggedUrl(`nats://${"x".repeat(9999)}`).length, 512);
});
