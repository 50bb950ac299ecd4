/**
 * The arguments of control lines. `parser.ts` cuts the lines, these functions
 * cut the words; nothing is decoded and nothing is allocated for a message.
 * Malformed arguments end the connection without an `-ERR`, as nats-server does.
 */
import {
  asciiBytes,
  byteString,
  CR,
  LF,
  PIPE,
  PLUS,
  readDecimal,
  SPACE,
  TAB,
} from "../core/ascii.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError } from "../core/errors.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The words of one line as places in its buffer. One object serves a whole parser. */
export class Words {
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  /**
   * Cuts `buffer[start, end)` at blanks and tabs, and at `separator` too. NATS
   * client protocol: SUB and UNSUB are also cut at a lone CR, other lines are not.
   */
  split(
    buffer: Uint8Array,
    start: number,
    end: number,
    separator: number = SPACE,
  ): number {
    const { starts, ends } = this;
    let count = 0;
    let at = start;
    while (true) {
      while (at < end && isSeparator(buffer[at]!, separator)) at++;
      if (at === end) break;
      starts[count] = at;
      while (at < end && !isSeparator(buffer[at]!, separator)) at++;
      ends[count++] = at;
    }
    this.count = count;
    return count;
  }
}

function isSeparator(byte: number, separator: number): boolean {
  return byte === SPACE || byte === TAB || byte === separator;
}

const NO_WORDS = new Words();

/** What `scanPub` gives for a line that it leaves to `readPub`. */
export const NOT_SCANNED = -1;

/** `MessageArgs.headerSize` of a message without headers. */
export const NO_HEADERS = -1;

/**
 * One message under way: where its parts stand in the buffer that it came in.
 * PUB, HPUB, MSG, HMSG, RMSG and LMSG all end up here. The object is filled
 * anew for each message of its connection; nobody keeps it.
 */
export class MessageArgs {
  /** Holds the words of the control line. */
  buffer: Uint8Array = NO_BYTES;
  words: Words = NO_WORDS;
  accountStart = 0;
  accountEnd = 0;
  subjectStart = 0;
  subjectEnd = 0;
  /** MSG and HMSG only. */
  sidStart = 0;
  sidEnd = 0;
  /** Equal to `replyEnd` when the message has no reply subject. */
  replyStart = 0;
  replyEnd = 0;
  /** RMSG: words `queuesFrom` up to `queuesTo` name queue groups. */
  queuesFrom = 0;
  queuesTo = 0;
  /** Bytes of the header block, or `NO_HEADERS`. */
  headerSize: number = NO_HEADERS;
  /** Bytes of headers and payload together. */
  size = 0;
  /** Where the sizes stand in the control line: one, or with headers two. */
  sizesStart = 0;
  sizesEnd = 0;

  /**
   * What every form of the message has in common, ready to be copied to a
   * receiver: `rest[restStart, restEnd)` is sizes, line end, payload, line end.
   * The same object as `buffer` unless the sender wrote its line oddly.
   */
  rest: Uint8Array = NO_BYTES;
  restStart = 0;
  restEnd = 0;
  /** Where headers and payload begin, in `rest`. */
  payloadStart = 0;

  get hasReply(): boolean {
    return this.replyEnd > this.replyStart;
  }

  /** Notes where the payload stands, `buffer[start, end)`, once all of it is there. */
  complete(buffer: Uint8Array, start: number, end: number): void {
    this.rest = buffer;
    this.restStart = this.sizesStart;
    this.restEnd = end + 2;
    this.payloadStart = start;
    if (!this.#endsAsReceiversExpect()) this.#rewriteRest();
  }

  /** Single blanks between the sizes, and CR LF right behind them. */
  #endsAsReceiversExpect(): boolean {
    const { words, buffer, sizesEnd } = this;
    if (buffer[sizesEnd] !== CR || sizesEnd + 2 !== this.payloadStart) {
      return false;
    }
    if (this.headerSize === NO_HEADERS) return true;
    const headerSizeEnd = words.ends[words.count - 2]!;
    return buffer[headerSizeEnd] === SPACE &&
      headerSizeEnd + 1 === words.starts[words.count - 1]!;
  }

  /** Lines with other blanks, or with LF alone, are legal to send but not to pass on. */
  #rewriteRest(): void {
    const { words, buffer, payloadStart, restEnd } = this;
    const sizes = [];
    for (
      let word = this.headerSize === NO_HEADERS
        ? words.count - 1
        : words.count - 2;
      word < words.count;
      word++
    ) {
      sizes.push(byteString(buffer, words.starts[word]!, words.ends[word]!));
    }
    const line = asciiBytes(`${sizes.join(" ")}\r\n`);
    this.rest = new Uint8Array(line.length + restEnd - payloadStart);
    this.rest.set(line);
    this.rest.set(buffer.subarray(payloadStart, restEnd), line.length);
    this.restStart = 0;
    this.restEnd = this.rest.length;
    this.payloadStart = line.length;
  }

  /** Sets what all forms share: the sizes, which are the last words. */
  #read(buffer: Uint8Array, words: Words, withHeaders: boolean): void {
    const { starts, ends, count } = words;
    this.words = words;
    this.buffer = buffer;
    this.sizesStart = starts[count - (withHeaders ? 2 : 1)]!;
    this.sizesEnd = ends[count - 1]!;
    this.size = readDecimal(buffer, starts[count - 1]!, this.sizesEnd);
    if (this.size < 0) throw malformed("message size");
    this.headerSize = NO_HEADERS;
    if (!withHeaders) return;
    this.headerSize = readDecimal(buffer, this.sizesStart, ends[count - 2]!);
    if (this.headerSize < 0 || this.headerSize > this.size) {
      throw malformed("header size");
    }
  }

  #subjectAt(word: number): void {
    this.subjectStart = this.words.starts[word]!;
    this.subjectEnd = this.words.ends[word]!;
  }

  #replyAt(word: number): void {
    this.replyStart = this.words.starts[word]!;
    this.replyEnd = this.words.ends[word]!;
  }

  #noReply(): void {
    this.replyStart = this.replyEnd = 0;
  }

  /**
   * The fast lane: reads `<subject> [reply] <size>` and its CR LF straight from
   * `buffer[start, end)`. Gives the place of the LF, or `NOT_SCANNED` for a line
   * that is cut off or in any way unusual; `readPub` finds out what is with it.
   */
  scanPub(buffer: Uint8Array, start: number, end: number): number {
    const subjectEnd = wordEnd(buffer, start, end);
    let wordStart = behindBlanks(buffer, subjectEnd, end);
    let at = wordEnd(buffer, wordStart, end);
    let replyStart = 0;
    let replyEnd = 0;
    if (at < end && buffer[at] !== CR) {
      replyStart = wordStart;
      replyEnd = at;
      wordStart = behindBlanks(buffer, at, end);
      at = wordEnd(buffer, wordStart, end);
    }
    if (at + 1 >= end || buffer[at] !== CR || buffer[at + 1] !== LF) {
      return NOT_SCANNED;
    }
    const size = readDecimal(buffer, wordStart, at);
    if (size < 0) return NOT_SCANNED;
    this.buffer = buffer;
    this.subjectStart = start;
    this.subjectEnd = subjectEnd;
    this.replyStart = replyStart;
    this.replyEnd = replyEnd;
    this.headerSize = NO_HEADERS;
    this.size = size;
    this.sizesStart = wordStart;
    this.sizesEnd = at;
    return at + 1;
  }

  /** `<subject> [reply] <size>`, with headers `<subject> [reply] <header size> <size>`. */
  readPub(buffer: Uint8Array, words: Words, withHeaders: boolean): void {
    const count = words.count - (withHeaders ? 2 : 1);
    if (count < 1 || count > 2) throw malformed("PUB");
    this.#read(buffer, words, withHeaders);
    this.#subjectAt(0);
    if (count === 2) this.#replyAt(1);
    else this.#noReply();
  }

  /** `<subject> <sid> [reply] <size>`, with headers two sizes. */
  readMsg(buffer: Uint8Array, words: Words, withHeaders: boolean): void {
    const count = words.count - (withHeaders ? 2 : 1);
    if (count < 2 || count > 3) throw malformed("MSG");
    this.#read(buffer, words, withHeaders);
    this.#subjectAt(0);
    this.sidStart = this.words.starts[1]!;
    this.sidEnd = this.words.ends[1]!;
    if (count === 3) this.#replyAt(2);
    else this.#noReply();
  }

  /**
   * `<account> <subject> [reply] <size>`, or with queue groups
   * `<account> <subject> + <reply> <queue>... <size>` and
   * `<account> <subject> | <queue>... <size>`; with headers two sizes.
   */
  readRoutedMsg(buffer: Uint8Array, words: Words, withHeaders: boolean): void {
    const count = words.count - (withHeaders ? 2 : 1);
    if (count < 2) throw malformed("RMSG");
    this.#read(buffer, words, withHeaders);
    this.accountStart = words.starts[0]!;
    this.accountEnd = words.ends[0]!;
    this.#subjectAt(1);
    this.#noReply();
    this.queuesFrom = this.queuesTo = count;
    if (count === 2) return;
    if (count === 3) return this.#replyAt(2);
    const indicator = words.ends[2]! - words.starts[2]! === 1
      ? buffer[words.starts[2]!]
      : 0;
    if (indicator !== PLUS && indicator !== PIPE) {
      throw malformed("RMSG reply indicator");
    }
    if (indicator === PLUS) this.#replyAt(3);
    this.queuesFrom = indicator === PLUS ? 4 : 3;
  }
}

/** The first byte at or after `at` that is no graphic character: it may end a word. */
function wordEnd(buffer: Uint8Array, at: number, end: number): number {
  while (at < end && buffer[at]! > SPACE) at++;
  return at;
}

function behindBlanks(buffer: Uint8Array, at: number, end: number): number {
  while (at < end && (buffer[at] === SPACE || buffer[at] === TAB)) at++;
  return at;
}

/** Arguments that make no sense end the connection without an `-ERR`. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(
    ClosedReason.PROTOCOL_VIOLATION,
    "",
    `Malformed arguments: ${what}`,
  );
}
