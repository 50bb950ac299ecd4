/**
 * The header of the PROXY protocol: what each one says, or why it is refused,
 * in nats-server's words, wherever the stream is cut.
 */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import {
  chanceHeader,
  type HeaderOutcome,
  missingOf,
  outcomeOf,
  SIGNATURE,
  v2,
} from "./proxy_headers.ts";

const REST = "CONNECT {}\r\n";
const FOUR = "\x0a\0\0\x05\x0a\0\0\x06\x01\0\x02\0";
const SIX = `\x20\x01\x0d\xb8${"\0".repeat(11)}\x07${
  "\0".repeat(16)
}\x01\0\x02\0`;
const MAPPED = `${"\0".repeat(10)}\xff\xff\x01\x02\x03\x04${
  "\0".repeat(16)
}\0\x50\0\x01`;

/** Behind each stands what the client says itself. */
const READ: readonly (readonly [header: string, source: string])[] = [
  ["PROXY TCP4 10.0.0.1 10.0.0.2 111 222\r\n", "10.0.0.1 111"],
  ["PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0 0"],
  ["PROXY TCP4 1.1.1.1 1.1.1.1 000000000000000080 0002\r\n", "1.1.1.1 80"],
  ["PROXY TCP6 2001:DB8:0:0::1 ::1 65535 1\r\n", "2001:db8::1 65535"],
  ["PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", "1.2.3.4 1"],
  ["PROXY TCP6 64:ff9b::1.2.3.4 ::1 1 2\r\n", "64:ff9b::102:304 1"],
  ["PROXY UNKNOWN\r\n", ""],
  ["PROXY UNKNOWN and whatever else\r\n", ""],
  ["PROXY  UNKNOWN\r\n", ""],
  [`PROXY UNKNOWN ${"x".repeat(91)}\r\n`, ""],
  ["PROXY  TCP4 \t1.1.1.1\v1.1.1.1\f1\r2 \n\r\n", "1.1.1.1 1"],
  [
    "PROXY TCP4\xc2\xa01.1.1.1\xc2\x851.1.1.1\xe2\x80\x831\xe3\x80\x802\r\n",
    "1.1.1.1 1",
  ],
  [v2(0x21, 0x11, FOUR), "10.0.0.5 256"],
  [v2(0x21, 0x11, `${FOUR}\x03\0\x04abcd`), "10.0.0.5 256"],
  [v2(0x21, 0x21, SIX), "2001:db8::7 256"],
  [v2(0x21, 0x21, MAPPED), "1.2.3.4 80"],
  [v2(0x20, 0x00, ""), ""],
  [v2(0x20, 0x11, FOUR), ""],
  [v2(0x20, 0x32, "abc"), ""],
  [v2(0x21, 0x01, ""), ""],
  [v2(0x21, 0x01, "abcdef"), ""],
];

for (const [header, source] of READ) {
  test(`${shown(header)} names ${source || "nobody"}`, () => {
    assert.deepEqual(
      everywhereCut(header + REST),
      { source, rest: REST, refused: "", isDone: true },
    );
  });
}

const NONE = [
  "CONNECT {}\r\n",
  "proxy TCP4 1.1.1.1 1.1.1.1 1 2\r\n",
  "Proxy TCP4",
  "PROXY\tTCP4 1.1.1.1 1.1.1.1 1 2\r\n",
  "PROXX TCP4",
  "PING\r\n",
  "\r\n\r\nPING\r\n",
  "\r\n\r\n\0X",
  "\x16\x03\x01\x02\0\x01\0",
];

for (const stream of NONE) {
  test(`${shown(stream)} begins with no header, and nothing of it is lost`, () => {
    assert.deepEqual(
      everywhereCut(stream),
      { source: "", rest: stream, refused: "", isDone: true },
    );
  });
}

const INVALID = "invalid PROXY protocol header: ";
const UNSUPPORTED = "unsupported PROXY protocol feature: ";
const FORMAT = `${INVALID}invalid v1 format`;
const ADDRESS = `${INVALID}invalid address`;
const TOO_LONG = `${INVALID}v1 line too long`;
const SIGNED = `${INVALID}invalid signature`;
const PARSING = "strconv.ParseUint: parsing ";

/** nats-server 2.15.3 says the same of each of them. */
const REFUSED: readonly (readonly [header: string, why: string])[] = [
  ["PROXY \r\n", FORMAT],
  ["PROXY    \r\n", FORMAT],
  ["PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n", FORMAT],
  ["PROXY TCP4 1.1.1.1 1.1.1.1 1 2 3\r\n", FORMAT],
  ["PROXY unknown\r\n", FORMAT],
  ["PROXY UNKNOWNX\r\n", FORMAT],
  ["PROXY UDP4 a b\r\n", FORMAT],
  ["PROXY TCP4\xa01.1.1.1\xa01.1.1.1 1 2\r\n", FORMAT],
  ["PROXY TCP4 10.0.0.300 1.1.1.1 1 2\r\n", ADDRESS],
  ["PROXY TCP4 1.1.1.1 host 1 2\r\n", ADDRESS],
  ["PROXY TCP4 010.0.0.1 1.1.1.1 1 2\r\n", ADDRESS],
  ["PROXY TCP4 1.1.1.1\0 1.1.1.1 1 2\r\n", ADDRESS],
  ["PROXY TCP4 1.2.3 1.1.1.1 1 2\r\n", ADDRESS],
  ["PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", ADDRESS],
  ["PROXY TCP6 [::1] ::1 1 2\r\n", ADDRESS],
  ["PROXY TCP6 1:2:3:4::5:6:7:8 ::1 1 2\r\n", ADDRESS],
  ["PROXY TCP6 12345:: ::1 1 2\r\n", ADDRESS],
  ["PROXY UDP4 zz zz x y\r\n", ADDRESS],
  ["PROXY TCP4 ::1 ::1 1 2\r\n", `${INVALID}TCP4 with IPv6 address`],
  ["PROXY TCP4 1.1.1.1 ::1 1 2\r\n", `${INVALID}TCP4 with IPv6 address`],
  [
    "PROXY TCP4 ::ffff:1.2.3.4 1.1.1.1 1 2\r\n",
    `${INVALID}TCP4 with IPv6 address`,
  ],
  ["PROXY TCP6 1.1.1.1 1.1.1.1 1 2\r\n", `${INVALID}TCP6 with IPv4 address`],
  ["PROXY TCP6 ::1 1.1.1.1 1 2\r\n", `${INVALID}TCP6 with IPv4 address`],
  ["PROXY UDP4 1.1.1.1 1.1.1.1 1 2\r\n", `${INVALID}invalid protocol UDP4`],
  ["PROXY tcp4 1.1.1.1 1.1.1.1 1 2\r\n", `${INVALID}invalid protocol tcp4`],
  [
    "PROXY \xc3\xa4\x01 1.1.1.1 1.1.1.1 1 2\r\n",
    `${INVALID}invalid protocol ä\\x01`,
  ],
  [
    "PROXY TCP4 1.1.1.1 1.1.1.1 111 99999\r\n",
    `invalid dest port: ${PARSING}"99999": value out of range`,
  ],
  [
    "PROXY TCP4 1.1.1.1 1.1.1.1 99999999999999999999999999 2\r\n",
    `invalid source port: ${PARSING}"99999999999999999999999999": value out of range`,
  ],
  [
    "PROXY TCP4 ::1 ::1 x y\r\n",
    `invalid source port: ${PARSING}"x": invalid syntax`,
  ],
  [
    'PROXY TCP4 1.1.1.1 1.1.1.1 \xc3\xa4\x01\xff" 2\r\n',
    `invalid source port: ${PARSING}"ä\\x01\\xff\\"": invalid syntax`,
  ],
  ...["-1", "+1", "0x1", "1_1"].map((port) =>
    [
      `PROXY TCP4 1.1.1.1 1.1.1.1 ${port} 2\r\n`,
      `invalid source port: ${PARSING}"${port}": invalid syntax`,
    ] as const
  ),
  [`PROXY UNKNOWN ${"x".repeat(92)}\r\n`, TOO_LONG],
  [`PROXY TCP4 ${"1".repeat(96)}`, TOO_LONG],
  [`PROXY TCP4 ${"1".repeat(95)}\r`, TOO_LONG],
  ["\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0", SIGNED],
  ["\r\n\r\n\0\rXQUIT\n", SIGNED],
  [v2(0x11, 0x11, FOUR), `${INVALID}invalid version 0x10`],
  [v2(0x3f, 0x12, FOUR), `${INVALID}invalid version 0x30`],
  [v2(0x22, 0x11, FOUR), "unknown PROXY protocol command: 0x02"],
  [v2(0x2f, 0x12, FOUR), "unknown PROXY protocol command: 0x0f"],
  [v2(0x21, 0x12, FOUR), `${UNSUPPORTED}only STREAM protocol supported`],
  [v2(0x21, 0x00, ""), `${UNSUPPORTED}only STREAM protocol supported`],
  [v2(0x21, 0x31, "x"), `${UNSUPPORTED}unsupported address family 0x30`],
  [v2(0x21, 0xf1, ""), `${UNSUPPORTED}unsupported address family 0xf0`],
  [v2(0x21, 0x11, "", 3), "IPv4 address data too short: 3 bytes"],
  [v2(0x21, 0x21, "", 35), "IPv6 address data too short: 35 bytes"],
];

for (const [header, why] of REFUSED) {
  test(`${shown(header)} is refused: ${why}`, () => {
    assert.deepEqual(
      everywhereCut(header),
      { source: "", rest: "", refused: why, isDone: false },
    );
  });
}

const READING = "failed to read ";
const DISCARDING = "failed to discard ";

/** What is said of a stream that ends there, as nats-server says it. */
const CUT_SHORT: readonly (readonly [stream: string, why: string])[] = [
  ["", `${READING}protocol version: EOF`],
  ["PROXY", `${READING}protocol version: unexpected EOF`],
  ["PROXY ", `${READING}v1 line: EOF`],
  ["PROXY TCP4 1.1", `${READING}v1 line: EOF`],
  [SIGNATURE.slice(0, 6), `${READING}v2 signature: EOF`],
  [SIGNATURE.slice(0, 7), `${READING}v2 signature: unexpected EOF`],
  [SIGNATURE, `${READING}v2 header: EOF`],
  [`${SIGNATURE}\x11`, `${READING}v2 header: unexpected EOF`],
  [v2(0x21, 0x11, "", 20), `${READING}IPv4 address data: EOF`],
  [v2(0x21, 0x11, "ab", 20), `${READING}IPv4 address data: unexpected EOF`],
  [v2(0x21, 0x11, FOUR, 20), `${READING}IPv4 address data: unexpected EOF`],
  [v2(0x21, 0x21, SIX, 40), `${READING}IPv6 address data: unexpected EOF`],
  [v2(0x20, 0x11, "", 20), `${DISCARDING}LOCAL command address data: EOF`],
  [v2(0x20, 0x11, "abc", 20), `${DISCARDING}LOCAL command address data: EOF`],
  [v2(0x21, 0x01, "abc", 20), `${DISCARDING}UNSPEC address address data: EOF`],
];

for (const [stream, why] of CUT_SHORT) {
  test(`a stream that ends behind ${shown(stream)}: ${why}`, () => {
    assert.equal(missingOf(stream, "EOF"), why);
    const part = why.slice(0, why.lastIndexOf(":"));
    assert.equal(
      missingOf(stream, "i/o timeout").replace("unexpected ", ""),
      `${part}: i/o timeout`,
    );
  });
}

test("the longest header of version 2 is passed over, a byte at a time", () => {
  const header = v2(0x21, 0x11, FOUR.padEnd(65_535, "x"));
  const bytes = asciiBytes(header + REST);
  const each = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  assert.deepEqual(
    outcomeOf(each),
    { source: "10.0.0.5 256", rest: REST, refused: "", isDone: true },
  );
});

test("chance headers are read as they were written, and spoilt ones never break the reader", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < 5000; round++) {
    const { header, source } = chanceHeader(random);
    const read = outcomeOf(cut(random, asciiBytes(header + REST)));
    assert.deepEqual(read, { source, rest: REST, refused: "", isDone: true });
    const spoilt = asciiBytes(header + REST);
    for (let i = randomBelow(random, 3); i >= 0; i--) {
      spoilt[randomBelow(random, spoilt.length)] = randomBelow(random, 256);
    }
    const whole = outcomeOf([spoilt]);
    assert.deepEqual(outcomeOf(cut(random, spoilt)), whole, shown(header));
    assert.ok(whole.rest.length <= spoilt.length);
  }
});

/** The outcome of `stream` in one piece, cut in two at each place, and byte by byte, all the same. */
function everywhereCut(stream: string): HeaderOutcome {
  const bytes = asciiBytes(stream);
  const whole = outcomeOf([bytes]);
  for (let at = 1; at < bytes.length; at++) {
    const halves = [bytes.subarray(0, at), bytes.subarray(at)];
    assert.deepEqual(outcomeOf(halves), whole, `cut at ${at}`);
  }
  const each = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  assert.deepEqual(outcomeOf(each), whole, "byte by byte");
  return whole;
}

function cut(random: Random, bytes: Uint8Array): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + randomBelow(random, 30);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function shown(text: string): string {
  const quoted = JSON.stringify(text);
  return quoted.length > 60 ? `${quoted.slice(0, 60)}...` : quoted;
}
