/**
 * The first record of a TLS handshake, as far as a server looks at it before the
 * handshake: whether it is one at all, whether it is all there, and which
 * versions a client offers.
 */

const HEADER_BYTES = 5;
const ALERT = 21;
const HANDSHAKE = 22;
/** Go: a larger number of a version is no TLS. */
const MAJOR_MAX = 0x10;
/** RFC 8446, with what ciphers may add. */
const RECORD_BYTES_MAX = 16_384 + 256;

/** What is known of a first record by its bytes so far. */
export type RecordState = "incomplete" | "complete" | "foreign";

export function recordState(bytes: Uint8Array): RecordState {
  const [type = 0, major = 0] = bytes;
  if (bytes.length < HEADER_BYTES) return "incomplete";
  if (type !== ALERT && type !== HANDSHAKE || major >= MAJOR_MAX) {
    return "foreign";
  }
  const length = (bytes[3]! << 8) + bytes[4]!;
  // One that is too long is for the handshake to refuse.
  const wanted = HEADER_BYTES + Math.min(length, RECORD_BYTES_MAX);
  return bytes.length < wanted ? "incomplete" : "complete";
}

/** Whether a TLS handshake may begin with this. */
export function beginsHandshake(bytes: Uint8Array): boolean {
  return bytes[0] === HANDSHAKE;
}

const SSL_3 = 0x300;
const TLS_1_0 = 0x301;
const TLS_1_2 = 0x303;
const SUPPORTED_VERSIONS = 43;

/**
 * The versions that a ClientHello offers, the newest first as Go has them;
 * empty for what is none.
 */
export function offeredVersions(record: Uint8Array): number[] {
  const reader = new Reader(record, HEADER_BYTES);
  if (reader.take(1) !== 1) return [];
  reader.skip(3);
  const legacy = reader.take(2);
  reader.skip(32);
  reader.skip(reader.take(1));
  reader.skip(reader.take(2));
  reader.skip(reader.take(1));
  const end = reader.take(2) + reader.at;
  while (reader.at < end && reader.isWithin) {
    const type = reader.take(2);
    const length = reader.take(2);
    if (type === SUPPORTED_VERSIONS) return versionsIn(reader);
    reader.skip(length);
  }
  // RFC 8446: without a list it is all up to the one that is named.
  const newest = Math.min(legacy, TLS_1_2);
  const versions: number[] = [];
  for (let one = newest; one >= TLS_1_0 && one > SSL_3; one--) {
    versions.push(one);
  }
  return versions;
}

function versionsIn(reader: Reader): number[] {
  const count = reader.take(1) >> 1;
  const versions = Array.from({ length: count }, () => reader.take(2));
  return reader.isWithin ? versions : [];
}

/** Reads numbers out of bytes; beyond their end all are 0. */
class Reader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isWithin(): boolean {
    return this.at <= this.#bytes.length;
  }

  take(count: number): number {
    let number = 0;
    for (let left = count; left > 0; left--) {
      number = (number << 8) + (this.#bytes[this.at++] ?? 0);
    }
    return number;
  }

  skip(count: number): void {
    this.at += count;
  }
}
