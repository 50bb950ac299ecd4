/** Numeric addresses: what counts as one, and the one way to write it. */
import assert from "node:assert/strict";
import { ipBytes, normalHost } from "../../src/net/ip.ts";
import { test } from "../support/test.ts";

const ADDRESSES: readonly [string, readonly number[] | undefined][] = [
  ["1.2.3.4", [1, 2, 3, 4]],
  ["::ffff:1.2.3.4", [1, 2, 3, 4]],
  ["::ffff:102:304", [1, 2, 3, 4]],
  ["::", Array(16).fill(0)],
  ["::1", [...Array(15).fill(0), 1]],
  ["2001:db8::8:800", [0x20, 1, 0xd, 0xb8, ...Array(8).fill(0), 0, 8, 8, 0]],
  ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
  ["64:ff9b::1.2.3.4", [0, 0x64, 0xff, 0x9b, ...Array(8).fill(0), 1, 2, 3, 4]],
  ["010.0.0.1", undefined],
  ["1.2.3", undefined],
  ["1.2.3.256", undefined],
  ["1.2.3.4.5", undefined],
  ["0x1.2.3.4", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1:2:3:4:5:6:7::8", undefined],
  ["12345::", undefined],
  ["fe80::1%eth0", undefined],
  ["localhost", undefined],
  ["", undefined],
];

test("addresses are read strictly", () => {
  for (const [text, bytes] of ADDRESSES) {
    assert.deepEqual(ipBytes(text), bytes, text);
  }
});

const HOSTS: readonly [string, string][] = [
  ["Node.Example", "node.example"],
  ["010.0.0.1", "010.0.0.1"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["FE80::1", "fe80::1"],
  ["FE80::1%Eth0", "fe80::1%eth0"],
  ["::", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["1:0:0:0:0:0:0:0", "1::"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
];

test("a host is written in one way", () => {
  for (const [text, host] of HOSTS) assert.equal(normalHost(text), host, text);
});
