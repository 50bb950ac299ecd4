/**
 * All messages of a database, one after the other. A row costs every runtime more
 * than what stands in it, so that many short messages are read as one row: their
 * numbers as text, and all bytes of theirs in a row. Where one of them is not as it
 * was written, or long, these are read again, each as a row of its own.
 */
import { forEachInSteps, type Steps } from "../../core/steps.ts";
import type { Database, Statement } from "../../platform/storage.ts";
import { MESSAGE_ROWS, type Records } from "./records.ts";
import type { StoredMessage } from "./stream_store.ts";

/** Messages that are read as one row. */
const CHUNK = 500;
/** Headers and payload of one that is short. */
const SHORT_BYTES = 4096;

const SHORT = "ifnull(octet_length(headers), 0) + " +
  `ifnull(octet_length(payload), 0) <= ${SHORT_BYTES}`;
const FACTS = "seq || ' ' || time_us || ' ' || checksum || ' ' || " +
  "octet_length(subject) || ' ' || ifnull(octet_length(headers), 0) || ' ' || " +
  "ifnull(octet_length(payload), 0) || ' '";
const BYTES = "CAST(subject AS TEXT) || ifnull(CAST(headers AS TEXT), '') || " +
  "ifnull(CAST(payload AS TEXT), '')";

function joined(sql: string): string {
  return `CAST(group_concat(CASE WHEN ${SHORT} THEN ${sql} END, '') AS BLOB)`;
}

const CHUNK_ROW = `SELECT count(*), ${joined(FACTS)}, ${joined(BYTES)} ` +
  "FROM (SELECT * FROM message WHERE seq > ? ORDER BY seq LIMIT ?)";
const SINGLE_ROWS = `${MESSAGE_ROWS} WHERE seq > ? ORDER BY seq LIMIT ?`;

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** A message, or that there is one which is not as it was written. */
interface Found {
  readonly seq: number;
  readonly message: StoredMessage | undefined;
}

export class MessageScan {
  readonly #records: Records;
  readonly #chunk: Statement;
  readonly #single: Statement;

  constructor(database: Database, records: Records) {
    this.#records = records;
    this.#chunk = database.prepare(CHUNK_ROW);
    this.#single = database.prepare(SINGLE_ROWS);
  }

  /** Calls `act` for each, in ascending order, and makes a step of some hundred; what `act` has had may be removed. */
  each(act: (found: Found) => void): Steps<void> {
    return forEachInSteps(this.#all(), CHUNK, act);
  }

  *#all(): Iterable<Found> {
    for (let after = -Infinity;;) {
      const chunk = this.#read(after) ?? this.#readSingly(after);
      yield* chunk;
      if (chunk.length < CHUNK) return;
      after = chunk.at(-1)!.seq;
    }
  }

  /** The messages behind a sequence; undefined: they are to be read singly. */
  #read(after: number): Found[] | undefined {
    const row = this.#chunk.first(after, CHUNK);
    const [count, facts, bytes] = Object.values(row ?? {});
    if (count === 0) return [];
    if (!(facts instanceof Uint8Array && bytes instanceof Uint8Array)) {
      return undefined;
    }
    const found: Found[] = [];
    const numbers = new Numbers(facts);
    let at = 0;
    while (numbers.isMore) {
      const seq = numbers.next();
      const timeUs = numbers.next();
      const checksum = numbers.next();
      const headersAt = at + numbers.next();
      const payloadAt = headersAt + numbers.next();
      const end = payloadAt + numbers.next();
      const message = this.#records.messageIn([
        seq,
        timeUs,
        bytes.subarray(at, headersAt),
        bytes.subarray(headersAt, payloadAt),
        bytes.subarray(payloadAt, end),
        checksum,
      ]);
      if (message === undefined) return undefined;
      found.push({ seq, message });
      at = end;
    }
    return found.length === count ? found : undefined;
  }

  #readSingly(after: number): Found[] {
    return Array.from(this.#single.rows(after, CHUNK), (row) => {
      const columns = Object.values(row);
      return {
        seq: columns[0] as number,
        message: this.#records.messageIn(columns),
      };
    });
  }
}

/** Whole numbers with a blank behind each; NaN for anything else. */
class Numbers {
  readonly #text: Uint8Array;
  #at = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  get isMore(): boolean {
    return this.#at < this.#text.length;
  }

  next(): number {
    const text = this.#text;
    let value = 0;
    let at = this.#at;
    for (; at < text.length && text[at] !== SPACE; at++) {
      const digit = text[at]!;
      value = digit < ZERO || digit > NINE ? NaN : value * 10 + digit - ZERO;
    }
    this.#at = at + 1;
    return value;
  }
}
