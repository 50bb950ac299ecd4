/**
 * The arguments of control lines that bring a message. `parser.ts` cuts the
 * lines into words, this file knows which word is what in every form, and fills
 * a `Message` with the places; nothing is decoded and nothing is allocated.
 * Malformed arguments end the connection without an `-ERR`, as nats-server does.
 *
 * More than a dozen members: because places are kept for all forms of a line,
 * and each form has a method that reads it.
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
import type { SharedMemory } from "../core/shared_memory.ts";
import { Message, NO_HEADERS } from "./message.ts";
import { Words } from "./words.ts";

const NO_WORDS = new Words();

/** What `scanPub` and `repeatedLine` give for a line that they leave to the `read` methods. */
export const NOT_SCANNED = -1;

/**
 * What one control line says of its message. One object serves a connection:
 * first `scanPub` or one of the `read` methods, then, once the payload is
 * there, `complete`, after which `message` may be handed on.
 */
export class MessageArgs {
  readonly message: Message = new Message();
  words: Words = NO_WORDS;
  /** RMSG: where the account's name stands, in the message's subject buffer. */
  accountStart = 0;
  accountEnd = 0;
  /** MSG and HMSG: where the sid stands, in the message's subject buffer. */
  sidStart = 0;
  sidEnd = 0;
  /** RMSG: words `queuesFrom` up to `queuesTo` name queue groups. */
  queuesFrom = 0;
  queuesTo = 0;
  /** The line is, byte for byte, that of the message before, which stood in the same buffer. */
  isRepeated = false;
  /** Where a line stands that may be repeated, with its verb and its end. */
  #lineStart = 0;
  /** 0: there is none. */
  #lineBytes = 0;
  /** Where the sizes stand in the control line: one, or with headers two. */
  #sizesStart = 0;
  #sizesEnd = 0;

  /** Where the arguments end in the control line. */
  get end(): number {
    return this.#sizesEnd;
  }

  /** Notes where the payload stands, `buffer[start, end)`, once all of it is there. */
  complete(buffer: Uint8Array, start: number, end: number): void {
    const { message } = this;
    message.bodyBuffer = buffer;
    message.bodyStart = this.#sizesStart;
    message.bodyEnd = end + 2;
    message.payloadStart = start;
    if (!this.#endsAsReceiversExpect()) this.#rewriteBody();
  }

  /** As `complete`, for a line that `scanPub` has read: it ends as receivers expect. */
  completeScanned(start: number, end: number): void {
    const { message } = this;
    message.bodyBuffer = message.subjectBuffer;
    message.bodyStart = this.#sizesStart;
    message.bodyEnd = end + 2;
    message.payloadStart = start;
  }

  /** The line `[start, end)` of the buffer was read last, and may come again. */
  noteLine(start: number, end: number): void {
    const isWhole = this.message.headerSize === NO_HEADERS &&
      this.queuesFrom === this.queuesTo;
    this.#lineStart = start;
    this.#lineBytes = isWhole ? end - start : 0;
  }

  /** What is read now stands in `memory`, which may be shared. */
  readFrom(memory: SharedMemory | undefined): void {
    this.message.shared = memory;
  }

  /** What stood in a buffer is not there any more. */
  forgetLine(): void {
    this.#lineBytes = 0;
  }

  /**
   * Whether the line at `start` is the one before once more: then all that it
   * says is known, and stands further on by as many bytes as the line does.
   * Gives the place behind it, or `NOT_SCANNED`.
   */
  repeatedLine(buffer: Uint8Array, start: number, end: number): number {
    const length = this.#lineBytes;
    if (length === 0 || start + length > end) return NOT_SCANNED;
    const { message } = this;
    // A part that was replaced stands elsewhere.
    if (
      message.subjectBuffer !== buffer || message.replyBuffer !== buffer ||
      message.bodyBuffer !== buffer ||
      !sameWords(message.bodyView, this.#lineStart, start, length)
    ) return NOT_SCANNED;
    const distance = start - this.#lineStart;
    this.#lineStart = start;
    this.isRepeated = true;
    message.subjectStart += distance;
    message.subjectEnd += distance;
    message.replyStart += distance;
    message.replyEnd += distance;
    this.accountStart += distance;
    this.accountEnd += distance;
    this.#sizesStart += distance;
    this.#sizesEnd += distance;
    return start + length;
  }

  /**
   * How many messages of `buffer[start, end)`, at most `most`, are like the one
   * before: line by line the same, as long, and all there. The bytes of each, one
   * behind the other, are `messageBytes`.
   */
  repeats(
    buffer: Uint8Array,
    start: number,
    end: number,
    most: number,
  ): number {
    const { bodyView } = this.message;
    const lineBytes = this.#lineBytes;
    const { messageBytes } = this;
    let count = 0;
    let at = start;
    while (
      count < most && at + messageBytes <= end &&
      sameWords(bodyView, this.#lineStart, at, lineBytes) &&
      buffer[at + messageBytes - 2] === CR &&
      buffer[at + messageBytes - 1] === LF
    ) {
      at += messageBytes;
      count++;
    }
    return count;
  }

  /** Bytes of a message whose line may be repeated, with that and all line ends. */
  get messageBytes(): number {
    return this.#lineBytes + this.message.size + 2;
  }

  /** Single blanks between the sizes, and CR LF right behind them. */
  #endsAsReceiversExpect(): boolean {
    const { words, message } = this;
    const { bodyBuffer, headerSize, payloadStart } = message;
    const sizesEnd = this.#sizesEnd;
    if (bodyBuffer[sizesEnd] !== CR || sizesEnd + 2 !== payloadStart) {
      return false;
    }
    if (headerSize === NO_HEADERS) return true;
    const headerSizeEnd = words.ends[words.count - 2]!;
    return bodyBuffer[headerSizeEnd] === SPACE &&
      headerSizeEnd + 1 === words.starts[words.count - 1]!;
  }

  /** Lines with other blanks, or with LF alone, are legal to send but not to pass on. */
  #rewriteBody(): void {
    const { words, message } = this;
    const { bodyBuffer: buffer, bodyEnd, payloadStart } = message;
    const sizes = [];
    for (
      let word = message.headerSize === NO_HEADERS
        ? words.count - 1
        : words.count - 2;
      word < words.count;
      word++
    ) {
      sizes.push(byteString(buffer, words.starts[word]!, words.ends[word]!));
    }
    const line = asciiBytes(`${sizes.join(" ")}\r\n`);
    const body = new Uint8Array(line.length + bodyEnd - payloadStart);
    body.set(line);
    body.set(buffer.subarray(payloadStart, bodyEnd), line.length);
    message.bodyBuffer = body;
    message.bodyStart = 0;
    message.bodyEnd = body.length;
    message.payloadStart = line.length;
  }

  /** Sets what all forms share: the sizes, which are the last words. */
  #read(buffer: Uint8Array, words: Words, withHeaders: boolean): void {
    const { message } = this;
    const { starts, ends, count } = words;
    this.words = words;
    this.isRepeated = false;
    this.#lineBytes = 0;
    message.subjectBuffer = buffer;
    message.memo = undefined;
    message.replyBuffer = buffer;
    this.#sizesStart = starts[count - (withHeaders ? 2 : 1)]!;
    this.#sizesEnd = ends[count - 1]!;
    message.size = readDecimal(buffer, starts[count - 1]!, this.#sizesEnd);
    if (message.size < 0) throw malformed("message size");
    message.headerSize = NO_HEADERS;
    if (!withHeaders) return;
    message.headerSize = readDecimal(
      buffer,
      this.#sizesStart,
      ends[count - 2]!,
    );
    if (message.headerSize < 0 || message.headerSize > message.size) {
      throw malformed("header size");
    }
  }

  #subjectAt(word: number): void {
    this.message.subjectStart = this.words.starts[word]!;
    this.message.subjectEnd = this.words.ends[word]!;
  }

  #replyAt(word: number): void {
    this.message.replyStart = this.words.starts[word]!;
    this.message.replyEnd = this.words.ends[word]!;
  }

  #noReply(): void {
    this.message.replyStart = this.message.replyEnd = 0;
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
    const { message } = this;
    this.isRepeated = false;
    message.subjectBuffer = buffer;
    message.memo = undefined;
    message.subjectStart = start;
    message.subjectEnd = subjectEnd;
    message.replyBuffer = buffer;
    message.replyStart = replyStart;
    message.replyEnd = replyEnd;
    message.headerSize = NO_HEADERS;
    message.size = size;
    this.#sizesStart = wordStart;
    this.#sizesEnd = at;
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

/** Whether `length` bytes, four at least, stand at `a` and at `b`. */
function sameWords(
  view: DataView,
  a: number,
  b: number,
  length: number,
): boolean {
  // The last word overlaps the one before.
  const last = length - 4;
  for (let i = 0; i < last; i += 4) {
    if (view.getInt32(a + i) !== view.getInt32(b + i)) return false;
  }
  return view.getInt32(a + last) === view.getInt32(b + last);
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
