/**
 * What stands in a stream's database: messages, and values by name. Each row has a
 * checksum of all that it says. Values that nothing else could replace stand in
 * two tables, so that one damaged page does not take them.
 */
import {
  asciiBytes,
  byteString,
  SPACE,
  utf8ByteString,
  utf8Text,
  writeBytes,
  writeDecimal,
} from "../../core/ascii.ts";
import type { StoredValue } from "../../platform/storage.ts";
import type { StoredMessage } from "./stream_store.ts";

/** As SQLite keeps them; in this order. */
export const TABLES: readonly string[] = [
  "CREATE TABLE message (seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, " +
  "subject NOT NULL, headers BLOB, payload BLOB, checksum INTEGER NOT NULL)",
  ...["value", "spare"].map((name) =>
    `CREATE TABLE ${name} (name TEXT PRIMARY KEY, value TEXT NOT NULL, ` +
    "checksum INTEGER NOT NULL) WITHOUT ROWID"
  ),
];

/** Inserts as many rows, whose columns are given one behind the other. */
export function insertMessages(rows: number, how: string = "INSERT"): string {
  const row = "(?, ?, ?, ?, ?, ?)";
  return `${how} INTO message VALUES ${Array(rows).fill(row).join(", ")}`;
}

/**
 * Columns as they are read. Damage may have made anything of them: what no runtime
 * could give back as it is, such as text that is none, would end the reading.
 */
export const MESSAGE_ROWS: string =
  "SELECT CAST(seq AS REAL), CAST(time_us AS REAL), CAST(subject AS BLOB), " +
  "CAST(headers AS BLOB), CAST(payload AS BLOB), CAST(checksum AS REAL) " +
  "FROM message";

export function valueRows(table: "value" | "spare"): string {
  return "SELECT CAST(name AS BLOB), CAST(value AS BLOB), " +
    `CAST(checksum AS REAL) FROM ${table}`;
}

export function putInto(table: "value" | "spare"): string {
  return `INSERT OR REPLACE INTO ${table} VALUES (?, ?, ?)`;
}

/** Columns of a row, in their order. */
type Columns = readonly (StoredValue | undefined)[];

export const MESSAGE_COLUMNS = 6;
const VALUE_COLUMNS = 3;
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Three numbers, and a blank behind each. */
const FACTS_BYTES = 3 * 17;
const ASCII_MAX = 0x7f;
/** A message up to this size is copied, to have one checksum made of it. */
const SHORT_BYTES = 4096;

/** Room that `Records.addColumns` needs for a message, at most. */
export function roomOf(message: StoredMessage): number {
  const { subject, headers, payload } = message;
  return FACTS_BYTES + subject.length + headers.length + payload.length;
}

/** Checksums of rows, and rows that have the right ones. */
export class Records {
  readonly #checksum: (bytes: Uint8Array, before: number) => number;
  /** Room for what a checksum is made of. */
  #room: Uint8Array = NO_BYTES;
  /** The last subject, and what a row has in its place: publishers tend to repeat themselves. */
  #subject = "";
  #subjectValue: StoredValue = "";

  constructor(checksum: (bytes: Uint8Array, before: number) => number) {
    this.#checksum = checksum;
  }

  /** Adds the columns of a row; `room` has the bytes of the message from `at` on. */
  addColumns(
    columns: StoredValue[],
    message: StoredMessage,
    room: Uint8Array,
    at: number,
  ): void {
    const { seq, timeUs, subject, headers, payload } = message;
    const headersAt = writeFacts(room, at, message);
    const payloadAt = headersAt + headers.length;
    const end = payloadAt + payload.length;
    if (headers.length > 0) room.set(headers, headersAt);
    room.set(payload, payloadAt);
    if (subject !== this.#subject) {
      this.#subject = subject;
      this.#subjectValue = subjectValue(subject);
    }
    columns.push(
      seq,
      timeUs,
      this.#subjectValue,
      headers.length === 0 ? null : room.subarray(headersAt, payloadAt),
      room.subarray(payloadAt, end),
      this.#checksum(room.subarray(at, end), 0),
    );
  }

  valueColumns(name: string, value: string): StoredValue[] {
    return [name, value, this.#valueSum(name, value)];
  }

  /** Undefined: it is not what was written. */
  messageIn(columns: Columns): StoredMessage | undefined {
    const [seq, timeUs, subject, headers, payload, checksum] = columns;
    const isShaped = columns.length === MESSAGE_COLUMNS &&
      isCount(seq) && isCount(timeUs) &&
      (headers === null || headers instanceof Uint8Array) &&
      (payload === null || payload instanceof Uint8Array) &&
      (typeof subject === "string" || subject instanceof Uint8Array);
    if (!isShaped) return undefined;
    const message = {
      seq,
      timeUs,
      subject: typeof subject === "string"
        ? utf8ByteString(subject)
        : byteString(subject, 0, subject.length),
      headers: headers ?? NO_BYTES,
      payload: payload ?? NO_BYTES,
    };
    return this.#messageSum(message) === checksum ? message : undefined;
  }

  /** A name and what it stands for, of the columns of a row; undefined where they are damaged. */
  valueIn(columns: Columns): readonly [string, string] | undefined {
    const [name, value, checksum] = columns.map(textIn);
    const isShaped = columns.length === VALUE_COLUMNS &&
      typeof name === "string" && typeof value === "string";
    if (!isShaped) return undefined;
    return this.#valueSum(name, value) === checksum ? [name, value] : undefined;
  }

  /** Of a text with all numbers and the subject, and of headers and payload behind it. */
  #messageSum(message: StoredMessage): number {
    const { subject, headers, payload } = message;
    const bytes = roomOf(message);
    const isShort = bytes <= SHORT_BYTES;
    const needed = isShort ? SHORT_BYTES : FACTS_BYTES + subject.length;
    if (this.#room.length < needed) this.#room = new Uint8Array(needed);
    const room = this.#room;
    const checksum = this.#checksum;
    const headersAt = writeFacts(room, 0, message);
    if (!isShort) {
      const before = checksum(room.subarray(0, headersAt), 0);
      return checksum(payload, checksum(headers, before));
    }
    const payloadAt = headersAt + headers.length;
    room.set(headers, headersAt);
    room.set(payload, payloadAt);
    return checksum(room.subarray(0, payloadAt + payload.length), 0);
  }

  #valueSum(name: string, value: string): number {
    return this.#checksum(asciiBytes(utf8ByteString(`${name}\n${value}`)), 0);
  }
}

/** What the checksum of a message begins with; returns where it ends. */
function writeFacts(
  room: Uint8Array,
  at: number,
  { seq, timeUs, subject, headers }: StoredMessage,
): number {
  let end = writeDecimal(room, at, seq);
  room[end++] = SPACE;
  end = writeDecimal(room, end, timeUs);
  room[end++] = SPACE;
  end = writeDecimal(room, end, headers.length);
  room[end++] = SPACE;
  return writeBytes(room, end, subject);
}

/** A subject as text, which tools show; as bytes where it is none. */
function subjectValue(subject: string): string | Uint8Array {
  if (isAscii(subject)) return subject;
  const text = utf8Text(subject);
  return utf8ByteString(text) === subject ? text : asciiBytes(subject);
}

/** Whether it is a number that a whole row may have. */
function isCount(value: StoredValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > ASCII_MAX) return false;
  }
  return true;
}

/** A text that was read as bytes. */
function textIn(value: StoredValue | undefined): StoredValue | undefined {
  return value instanceof Uint8Array
    ? utf8Text(byteString(value, 0, value.length))
    : value;
}
