/** Addresses as text: what is one, what is none, and that hostile text costs no time. */
import assert from "node:assert/strict";
import {
  advertisedAddress,
  formatAddress,
  type HostAndPort,
  parseAddress,
  portNumber,
  splitAddress,
  splitList,
} from "../../src/net/address.ts";
import { isAnyHost, isLoopback, isNumericHost } from "../../src/net/ip.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";

type Halves = readonly [host: string, port: string | undefined];

const SPLIT: Readonly<Record<string, Halves | undefined>> = {
  "h:1": ["h", "1"],
  "h": ["h", undefined],
  "h:": ["h", ""],
  ":1": ["", "1"],
  ":": ["", ""],
  "": ["", undefined],
  "h:-1": ["h", "-1"],
  "h:x y": ["h", "x y"],
  "[::1]:1": ["::1", "1"],
  "[::1]": ["::1", undefined],
  "[::1]:": ["::1", ""],
  "[]:1": ["", "1"],
  "::1": undefined,
  "a:b:1": undefined,
  "[::1": undefined,
  "::1]:1": undefined,
  "[::1]1": undefined,
  "[::1]:1:2": undefined,
  "[[::1]]:1": undefined,
  "x[::1]:1": undefined,
};

for (const [text, halves] of Object.entries(SPLIT)) {
  const verdict = halves === undefined ? "no address" : "an address";
  test(`${JSON.stringify(text)} splits as ${verdict}`, () => {
    const parts = halves && { host: halves[0], port: halves[1] };
    assert.deepEqual(splitAddress(text), parts);
  });
}

const PARSED: Readonly<Record<string, HostAndPort | undefined>> = {
  "h": { host: "h" },
  "h:1": { host: "h", port: 1 },
  "h:65535": { host: "h", port: 65535 },
  "h:00080": { host: "h", port: 80 },
  "nodes.example:4222": { host: "nodes.example", port: 4222 },
  "_nats._tcp.example": { host: "_nats._tcp.example" },
  "bücher.example:1": { host: "bücher.example", port: 1 },
  "127.0.0.1:1": { host: "127.0.0.1", port: 1 },
  "[::1]": { host: "::1" },
  "[2001:DB8::1]:5": { host: "2001:DB8::1", port: 5 },
  "[::ffff:10.0.0.1]:5": { host: "::ffff:10.0.0.1", port: 5 },
  "[fe80::1%eth0]:5": { host: "fe80::1%eth0", port: 5 },
  "": undefined,
  ":1": undefined,
  "h:": undefined,
  "h:0": undefined,
  "h:65536": undefined,
  "h:99999999999999999999": undefined,
  "h:-1": undefined,
  "h:+1": undefined,
  "h:1.5": undefined,
  "h:0x10": undefined,
  "h:1e3": undefined,
  "h: 1": undefined,
  "h:١": undefined,
  "::1": undefined,
  "[h]:1": undefined,
  "[127.0.0.1]:1": undefined,
  "[]:1": undefined,
  "[:::]:1": undefined,
  "[1:2]:1": undefined,
  "[::12345]:1": undefined,
  "[fe80::1%]:1": undefined,
  "[fe80::1%a b]:1": undefined,
  "a b:1": undefined,
  "a,b:1": undefined,
  "u@h:1": undefined,
  "h/x:1": undefined,
  "a%0ab:1": undefined,
  "a\nb:1": undefined,
  "*:1": undefined,
  "<h>:1": undefined,
};

for (const [text, address] of Object.entries(PARSED)) {
  const verdict = address === undefined ? "cannot" : "can";
  test(`${JSON.stringify(text)} ${verdict} be dialled`, () => {
    assert.deepEqual(parseAddress(text), address);
  });
}

test("a port is a number from 0 to 65535, in digits", () => {
  assert.deepEqual(["0", "007", "65535"].map(portNumber), [0, 7, 65535]);
  for (const text of ["", "65536", "-1", "+1", " 1", "1 ", "1.0", "1e1", "x"]) {
    assert.equal(portNumber(text), undefined, text);
  }
});

test("what a server advertises is told as it stands", () => {
  const rows: readonly (readonly [string, string, number])[] = [
    ["h", "h", 4222],
    ["h:1", "h", 1],
    ["[::1]", "::1", 4222],
    ["[::1]:1", "::1", 1],
    ["h:0", "h", 4222],
    ["h:-1", "h", 4222],
  ];
  for (const [text, host, port] of rows) {
    assert.deepEqual(advertisedAddress(text, 4222), { host, port });
  }
});

test("an address is written with brackets around IPv6 alone", () => {
  assert.equal(formatAddress({ host: "h", port: 1 }), "h:1");
  assert.equal(formatAddress({ host: "127.0.0.1", port: 0 }), "127.0.0.1:0");
  assert.equal(formatAddress({ host: "::1", port: 1 }), "[::1]:1");
});

test("every address that is written is read as the same one", () => {
  const seed = freshSeed();
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random.next() * bound);
  const some = (make: () => string, count: number, mark: string): string =>
    Array.from({ length: count }, make).join(mark);
  for (let i = 0; i < 1000; i++) {
    const host = [
      some(() => String(below(256)), 4, "."),
      some(() => below(65536).toString(16), 8, ":"),
      `${some(() => below(65536).toString(16), 1 + below(6), ":")}::`,
      some(() => below(1e9).toString(36), 1 + below(4), "."),
    ][below(4)]!;
    const address = { host, port: 1 + below(65535) };
    const text = formatAddress(address);
    assert.deepEqual(parseAddress(text), address, `seed ${seed}: ${text}`);
  }
});

test("a list is divided at its commas, and gaps are passed over", () => {
  assert.deepEqual(splitList(" a:1, b:2 ,,\n[::1]:3,"), [
    "a:1",
    "b:2",
    "[::1]:3",
  ]);
  assert.deepEqual(splitList(" , "), []);
});

test("some hosts mean every interface, this machine or an address", () => {
  const any = ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::0"];
  assert.deepEqual(any.filter((host) => !isAnyHost(host)), []);
  assert.deepEqual(["", "0", "::1", "h", "0.0.0.1"].filter(isAnyHost), []);
  const own = ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"];
  assert.deepEqual(own.filter((host) => !isLoopback(host)), []);
  const others = ["0.0.0.0", "::", "127.evil", "128.0.0.1", "", "localhost.x"];
  assert.deepEqual(others.filter(isLoopback), []);
  const numeric = ["127.0.0.1", "::1", "fe80::1%eth0"];
  assert.deepEqual(numeric.filter((host) => !isNumericHost(host)), []);
  assert.deepEqual(["", "h", "1.2.3", "a.1.2.3"].filter(isNumericHost), []);
});

test("long texts are read in bounded time", { limitMs: 10_000 }, () => {
  for (
    const part of ["a", ":", "[", "]", "[:", "%", "0", "::", ".", ",", "[0:"]
  ) {
    const text = part.repeat(100_000);
    splitAddress(text);
    splitList(text);
    advertisedAddress(text, 1);
    assert.equal(parseAddress(`[${text}]:1`), undefined);
    assert.equal(parseAddress(`${text}:1:`), undefined);
  }
});
