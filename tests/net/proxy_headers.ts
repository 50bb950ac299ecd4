/**
 * Headers of the PROXY protocol for tests: what nats-server 2.15.3 makes of
 * each, chance ones with what they say, and what a reader makes of chunks.
 */
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import {
  ProxyHeaderError,
  ProxyHeaderReader,
} from "../../src/net/proxy_header.ts";
import { ipText } from "../../src/net/ip.ts";
import { type Random, randomBelow } from "../../src/platform/clock.ts";

export const SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";

/** A header of version 2, a byte string; its length may lie. */
export function v2(
  versionAndCommand: number,
  familyAndTransport: number,
  rest: string,
  length: number = rest.length,
): string {
  return SIGNATURE + String.fromCharCode(
    versionAndCommand,
    familyAndTransport,
    length >> 8,
    length & 0xff,
  ) + rest;
}

/** What became of a stream. */
export interface HeaderOutcome {
  /** `host port`; empty without one. */
  readonly source: string;
  /** What is the peer's own. */
  readonly rest: string;
  /** Why it is of no use; empty if it is. */
  readonly refused: string;
  readonly isDone: boolean;
}

/** Reads `chunks` as a connection does. */
export function outcomeOf(chunks: readonly Uint8Array[]): HeaderOutcome {
  const reader = new ProxyHeaderReader();
  let rest = "";
  let refused = "";
  for (const chunk of chunks) {
    // What is lent is gone after the call.
    const lent = chunk.slice();
    try {
      const used = reader.isDone ? 0 : reader.take(lent);
      rest += text(lent.subarray(used));
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      refused = error.message;
      break;
    }
    lent.fill(0xaa);
  }
  const { source, isDone } = reader;
  return {
    source: source === undefined ? "" : `${source.host} ${source.port}`,
    rest: refused === ""
      ? text(reader.isDone ? reader.givenBack : new Uint8Array()) + rest
      : "",
    refused,
    isDone,
  };
}

export function isSame(one: HeaderOutcome, other: HeaderOutcome): boolean {
  return one.source === other.source && one.rest === other.rest &&
    one.refused === other.refused && one.isDone === other.isDone;
}

/** What is said when `stream` ends for the reason `why`. */
export function missingOf(stream: string, why: string): string {
  const reader = new ProxyHeaderReader();
  reader.take(asciiBytes(stream));
  return reader.missing(why);
}

function text(bytes: Uint8Array): string {
  return byteString(bytes, 0, bytes.length);
}

/** A header that is well formed, and the source that it names. */
export function chanceHeader(
  random: Random,
): { header: string; source: string } {
  const isIpv6 = randomBelow(random, 2) === 1;
  const size = isIpv6 ? 16 : 4;
  const [source, target] = [
    chanceBytes(random, size),
    chanceBytes(random, size),
  ];
  const [port, other] = [
    randomBelow(random, 65_536),
    randomBelow(random, 65_536),
  ];
  const named = `${ipText(source)} ${port}`;
  if (randomBelow(random, 2) === 0) {
    const words = [
      isIpv6 ? "TCP6" : "TCP4",
      written(source),
      written(target),
      port,
      other,
    ];
    return { header: `PROXY ${words.join(" ")}\r\n`, source: named };
  }
  const idle = text(
    Uint8Array.from(chanceBytes(random, randomBelow(random, 40))),
  );
  const body = text(Uint8Array.from([
    ...source,
    ...target,
    port >> 8,
    port & 0xff,
    other >> 8,
    other & 0xff,
  ]));
  return { header: v2(0x21, isIpv6 ? 0x21 : 0x11, body + idle), source: named };
}

/** IPv6 with all of its groups. */
function written(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from(
    { length: 8 },
    (_, at) => (bytes[2 * at]! * 256 + bytes[2 * at + 1]!).toString(16),
  ).join(":");
}

/** Many of them zero, so that there is something to shorten. */
function chanceBytes(random: Random, count: number): number[] {
  return Array.from(
    { length: count },
    () => randomBelow(random, 3) === 0 ? randomBelow(random, 256) : 0,
  );
}
