/**
 * What a backup says, as nats-server 2.15 writes and reads it: the state of the
 * stream, its consumers, and its messages, each as an entry.
 *
 * NATS JetStream (backups): a word, then entries of name length, time, sequence,
 * size of headers, size of payload, name, headers, payload; the last one is all
 * zeros. Numbers are varints, the time is in nanoseconds and has its sign below.
 */
import { asciiBytes, byteString } from "../../core/ascii.ts";
import { joinBytes } from "../../core/join_bytes.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { BackupError } from "./s2_block.ts";

const MAGIC = "NATSARC1";
const NS_PER_US = 1000n;
/** Numbers that an entry begins with. */
const NUMBERS = 5;
const VARINT_MAX = 10;
/** No name, headers or payload of a message is longer than this. */
const PART_MAX = 64 << 20;

/** One thing that a backup has: a file by its name where `seq` is 0, a message otherwise. */
export type ArchiveEntry = StoredMessage;

/** What a backup begins with. */
export function archiveBegin(): Uint8Array {
  return asciiBytes(MAGIC);
}

/** What it ends with. */
export function archiveEnd(): Uint8Array {
  return new Uint8Array(NUMBERS);
}

export function entryBytes(entry: ArchiveEntry): Uint8Array {
  const { seq, timeUs, subject, headers, payload } = entry;
  return joinBytes([
    varint(BigInt(subject.length)),
    varint(BigInt(timeUs) * NS_PER_US * 2n),
    varint(BigInt(seq)),
    varint(BigInt(headers.length)),
    varint(BigInt(payload.length)),
    asciiBytes(subject),
    headers,
    payload,
  ]);
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  while (value >= 0x80n) {
    bytes.push(Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}

/** Takes a backup apart, however it is cut. */
export class ArchiveReader {
  #rest: Uint8Array = new Uint8Array(0);
  #hasBegun = false;
  #isOver = false;

  /** Whether it was all there. */
  get isComplete(): boolean {
    return this.#isOver;
  }

  /** The entries that `bytes` end. Throws a `BackupError`. */
  push(bytes: Uint8Array): ArchiveEntry[] {
    const all = joinBytes([this.#rest, bytes]);
    const entries: ArchiveEntry[] = [];
    let at = this.#hasBegun ? 0 : this.#begin(all);
    while (this.#hasBegun && !this.#isOver) {
      const found = entryAt(all, at);
      if (found === undefined) break;
      at = found.end;
      if (found.entry === undefined) this.#isOver = true;
      else entries.push(found.entry);
    }
    this.#rest = all.slice(at);
    return entries;
  }

  /** Where the first entry begins. */
  #begin(all: Uint8Array): number {
    if (all.length < MAGIC.length) return 0;
    const begin = byteString(all, 0, MAGIC.length);
    if (begin !== MAGIC) {
      throw new BackupError(
        "the backup is none of Midge or nats-server 2.15; those of a " +
          "nats-server before 2.15 have its files, which Midge does not read: " +
          "carry the stream over with midge stream copy",
      );
    }
    this.#hasBegun = true;
    return MAGIC.length;
  }
}

/** The entry at a place; no `entry`: it is the end. Undefined: it is not all there. */
function entryAt(
  bytes: Uint8Array,
  start: number,
):
  | { readonly entry: ArchiveEntry | undefined; readonly end: number }
  | undefined {
  const numbers: bigint[] = [];
  let at = start;
  while (numbers.length < NUMBERS) {
    const found = varintAt(bytes, at);
    if (found === undefined) return undefined;
    numbers.push(found.value);
    at = found.end;
  }
  const [nameSize, time, seq, headerSize, payloadSize] = numbers as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if (numbers.every((number) => number === 0n)) {
    return { entry: undefined, end: at };
  }
  for (const size of [nameSize, headerSize, payloadSize]) {
    if (size > PART_MAX) throw new BackupError("an entry is too large");
  }
  const isOdd = (time & 1n) === 1n;
  const seqNumber = Number(seq);
  if (nameSize === 0n || isOdd || !Number.isSafeInteger(seqNumber)) {
    throw new BackupError("an entry makes no sense");
  }
  const nameEnd = at + Number(nameSize);
  const headersEnd = nameEnd + Number(headerSize);
  const end = headersEnd + Number(payloadSize);
  if (end > bytes.length) return undefined;
  const entry: ArchiveEntry = {
    seq: seqNumber,
    timeUs: Number(time / 2n / NS_PER_US),
    subject: byteString(bytes, at, nameEnd),
    headers: bytes.slice(nameEnd, headersEnd),
    payload: bytes.slice(headersEnd, end),
  };
  return { entry, end };
}

function varintAt(
  bytes: Uint8Array,
  start: number,
): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let i = 0; i < VARINT_MAX; i++) {
    const byte = bytes[start + i];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return { value, end: start + i + 1 };
  }
  throw new BackupError("an entry makes no sense");
}
