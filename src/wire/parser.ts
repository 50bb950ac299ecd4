/**
 * Framing: chunks of bytes in, whole operations out, whatever the cuts between
 * the chunks. The parser owns at most one partial operation; everything else is
 * read in place. It decodes nothing, so it makes no object and no string per
 * operation. Each connection has its own parser and gives it every chunk.
 *
 * `#operation` is one long function on purpose: it is the loop that every byte
 * of every control line passes, and it only scans. Arguments are parsed in `args.ts`,
 * meaning is in the `OpHandler`.
 */
import { CASE_BIT, CR, LF, SPACE, TAB } from "../core/ascii.ts";
import { assert } from "../core/assert.ts";
import { ClosedReason } from "../core/closed.ts";
import { ProtocolError, WireError } from "../core/errors.ts";
import { deliveryWork, OPERATION_WORK, WorkMeter } from "../core/work_meter.ts";
import { type MessageArgs, NOT_SCANNED } from "./args.ts";
import { HeldOperation } from "./held_operation.ts";
import { NO_PAYLOAD, Op, type OpHandler, VERBS } from "./ops.ts";
import { DEAD, FIRST_FINAL, NEXT, START } from "./verb_machine.ts";
import { Words } from "./words.ts";

/** `PUB` and a blank. */
const PUB_BYTES = 4;
const LOWER_P = 0x70;
const LOWER_U = 0x75;
const LOWER_B = 0x62;

/** `#operation` wants more bytes. */
const INCOMPLETE = -1;

/** The words of the line under way, of all parsers: read before another operation comes. */
const words = new Words();

/** What a parser does with an operation. */
const REFUSED = 0;
const WORDS_FOLLOW = 1;
const TEXT_FOLLOWS = 2;
const BLANK_IS_OPTIONAL = 3;
const REST_IS_IGNORED = 4;
const RULE_OF = {
  "arguments": WORDS_FOLLOW,
  "text": TEXT_FOLLOWS,
  "optional-blank": BLANK_IS_OPTIONAL,
  "ignored": REST_IS_IGNORED,
} as const;

export interface ParserOptions {
  /** Longest argument part of a line, in bytes. */
  readonly maxControlLineBytes: number;
  /** Charged for each operation; when it says that the turn is over, `parse` returns. None: no limit. */
  readonly meter?: WorkMeter;
}

export class Parser {
  readonly #handler: OpHandler;
  /** Indexed by operation. */
  readonly #rules: Uint8Array;
  /** PUB takes the fast lane. */
  readonly #isForPub: boolean;
  /** Of the operation whose lines are often the same; that of PUB comes with the first one. */
  #repeatedArgs: MessageArgs | undefined;
  readonly #meter: WorkMeter;
  #maxLine: number;
  #stopped = false;
  #suspended = false;
  /** The one partial operation. */
  readonly #held = new HeldOperation();
  /** Length that the operation under way will have once known, else 0: "until its line ends". */
  #wanted = 0;
  /** The bytes of an incomplete operation that need not be held. */
  #idleFrom = 0;
  #idleTo = 0;

  constructor(handler: OpHandler, options: ParserOptions) {
    this.#handler = handler;
    this.#isForPub = handler.pubArgs !== undefined;
    this.#repeatedArgs = handler.routedArgs;
    this.#rules = rulesFor(handler.allowedOps);
    this.#maxLine = options.maxControlLineBytes;
    this.#meter = options.meter ?? WorkMeter.unlimited();
  }

  /** Bytes of a partial operation that wait for the rest. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Bytes of memory that are kept for a partial operation. */
  get heldCapacity(): number {
    return this.#held.bytes.length;
  }

  set maxControlLineBytes(bytes: number) {
    this.#maxLine = bytes;
  }

  /** No operation is handed over any more, not even from the chunk under way. */
  stop(): void {
    this.#stopped = true;
    this.#held.forget();
  }

  /** `parse` returns behind the operation under way, until `resume`. */
  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    this.#suspended = false;
  }

  /**
   * Hands over every operation that `chunk` (borrowed) completes, and gives how
   * many of its bytes were used: all of them, unless the handler suspended or
   * stopped the parser, or the work of the turn is at its limit; one operation
   * is always handed over. Throws `ProtocolError`, and whatever the handler throws;
   * after that the parser is of no more use.
   */
  parse(chunk: Uint8Array): number {
    const end = chunk.length;
    let at = 0;
    this.#repeatedArgs?.forgetLine();
    while (this.#held.length > 0 && at < end) {
      at = this.#continueHeld(chunk, at);
    }
    const meter = this.#meter;
    while (at < end && !this.#stopped && !this.#suspended) {
      if (meter.spent >= meter.checkAt && at > 0 && meter.isOver()) return at;
      meter.spent += OPERATION_WORK;
      const next = this.#operation(chunk, at, end);
      if (next === INCOMPLETE) {
        this.#hold(chunk, at, end);
        return end;
      }
      at = next;
    }
    return at;
  }

  /** Reads one operation at `start`; gives the place behind it, or `INCOMPLETE`. */
  #operation(buffer: Uint8Array, start: number, end: number): number {
    const repeatedArgs = this.#repeatedArgs ??
      this.#firstPub(buffer, start, end);
    if (repeatedArgs !== undefined) {
      const next = this.#inFastLane(repeatedArgs, buffer, start, end);
      if (next !== NOT_SCANNED) return next;
    }
    let at = start;
    let state = START;
    while (state < FIRST_FINAL) {
      if (at === end) return this.#incomplete();
      state = NEXT[state << 8 | buffer[at]!]!;
      if (state === DEAD) throw unknownOperation();
      at++;
    }
    const op = (state - FIRST_FINAL) as Op;
    const rule = this.#rules[op]!;
    if (rule === REFUSED) throw unknownOperation();
    if (rule === REST_IS_IGNORED) return this.#bareVerb(op, buffer, at, end);
    const verbEnd = at;
    if (rule <= TEXT_FOLLOWS) {
      if (at === end) return this.#incomplete();
      if (buffer[at] !== SPACE && buffer[at] !== TAB) throw unknownOperation();
    }
    while (at < end && (buffer[at] === SPACE || buffer[at] === TAB)) at++;
    // NATS protocol: what stands behind the blanks is an argument, even an LF.
    const lineEnd = rule === WORDS_FOLLOW
      ? words.cut(buffer, at, end)
      : findLineEnd(buffer, at + 1, end);
    const argsEnd = lineEnd > at && buffer[lineEnd - 1] === CR
      ? lineEnd - 1
      : lineEnd;
    if (argsEnd - at > this.#maxLine) throw lineTooLong();
    if (lineEnd === end) return this.#incomplete(verbEnd + 1, at);

    const behind = lineEnd + 1;
    const size = this.#handler.line(op, buffer, at, argsEnd, words);
    if (size === NO_PAYLOAD || this.#stopped) return behind;

    // The payload must be followed by exactly CR LF; a wrong byte is refused as
    // soon as it is seen.
    const payloadEnd = behind + size;
    if (payloadEnd < end && buffer[payloadEnd] !== CR) throw unknownOperation();
    if (payloadEnd + 2 > end) {
      this.#incomplete(verbEnd + 1, at);
      this.#wanted = payloadEnd + 2 - start - (this.#idleTo - this.#idleFrom);
      return INCOMPLETE;
    }
    if (buffer[payloadEnd + 1] !== LF) throw unknownOperation();
    this.#handler.payload(op, buffer, behind, payloadEnd);
    if (op === Op.RMSG) repeatedArgs?.noteLine(start, behind);
    return payloadEnd + 2;
  }

  /** The arguments of PUBs, if one begins at `start`. */
  #firstPub(
    buffer: Uint8Array,
    start: number,
    end: number,
  ): MessageArgs | undefined {
    if (!this.#isForPub || !isPub(buffer, start, end)) return undefined;
    return this.#repeatedArgs = this.#handler.pubArgs?.();
  }

  /**
   * The fast lane: a message whose line is the one before once more, or a PUB that
   * is written as usual, and all there. Gives the place behind it, or
   * `NOT_SCANNED` to have it read the ordinary way.
   */
  #inFastLane(
    args: MessageArgs,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): number {
    let behind = args.repeatedLine(buffer, start, end);
    if (behind === NOT_SCANNED) {
      if (!this.#isForPub || !isPub(buffer, start, end)) {
        return NOT_SCANNED;
      }
      const argsStart = start + PUB_BYTES;
      const lineEnd = args.scanPub(buffer, argsStart, end);
      if (lineEnd === NOT_SCANNED || lineEnd - 1 - argsStart > this.#maxLine) {
        return NOT_SCANNED;
      }
      behind = lineEnd + 1;
      args.noteLine(start, behind);
    }
    const payloadEnd = behind + args.message.size;
    const isWhole = payloadEnd + 2 <= end && buffer[payloadEnd] === CR &&
      buffer[payloadEnd + 1] === LF;
    if (!isWhole) return NOT_SCANNED;
    args.completeScanned(behind, payloadEnd);
    const most = this.#handler.published!();
    return most > 0
      ? this.#again(args, buffer, payloadEnd + 2, end, most)
      : payloadEnd + 2;
  }

  /** Hands over, at once, what stands at `start` and is like the message before; gives the place behind it. */
  #again(
    args: MessageArgs,
    buffer: Uint8Array,
    start: number,
    end: number,
    most: number,
  ): number {
    if (this.#stopped || this.#suspended) return start;
    const meter = this.#meter;
    const work = OPERATION_WORK + deliveryWork(args.message.size);
    const mostNow = Math.min(most, (meter.checkAt - meter.spent) / work);
    const count = args.repeats(buffer, start, end, mostNow);
    if (count === 0) return start;
    meter.spent += count * work;
    this.#handler.publishedAgain!(count);
    return start + count * args.messageBytes;
  }

  /** A verb whose line ends at the next LF, whatever comes before that. */
  #bareVerb(
    op: Op,
    buffer: Uint8Array,
    verbEnd: number,
    end: number,
  ): number {
    const lineEnd = findLineEnd(buffer, verbEnd, end);
    if (lineEnd === end) return this.#incomplete(verbEnd, end);
    this.#handler.line(op, buffer, verbEnd, verbEnd, words);
    return lineEnd + 1;
  }

  /**
   * The end of an operation is not there yet; of what is there `buffer[from, to)`
   * means nothing, so that nobody has it held by sending blanks for ever.
   */
  #incomplete(from = 0, to = 0): number {
    this.#wanted = 0;
    this.#idleFrom = from;
    this.#idleTo = Math.max(from, to);
    return INCOMPLETE;
  }

  /** Holds `chunk[start, end)`, an operation that `#operation` found incomplete. */
  #hold(chunk: Uint8Array, start: number, end: number): void {
    this.#held.length = 0;
    if (this.#idleFrom === this.#idleTo) this.#append(chunk, start, end);
    else {
      this.#append(chunk, start, this.#idleFrom);
      this.#append(chunk, this.#idleTo, end);
    }
  }

  /** The held operation is still incomplete: keeps of it what has a meaning. */
  #dropIdle(): void {
    if (this.#idleFrom === this.#idleTo) return;
    this.#hold(this.#held.bytes, 0, this.#held.length);
    this.#held.trim();
  }

  /** Takes what the held operation lacks, and no byte of the next one; gives the place behind it. */
  #continueHeld(chunk: Uint8Array, start: number): number {
    const takeEnd = this.#wanted > 0
      ? Math.min(chunk.length, start + this.#wanted - this.#held.length)
      : behindLine(chunk, start);
    this.#append(chunk, start, takeEnd);
    // Not yet at the byte behind the payload: nothing new can be learnt.
    if (this.#held.length + 1 < this.#wanted) return takeEnd;

    const length = this.#held.length;
    this.#repeatedArgs?.readFrom(this.#held.shared());
    const next = this.#operation(this.#held.bytes, 0, length);
    this.#repeatedArgs?.readFrom(undefined);
    if (next === INCOMPLETE) {
      this.#dropIdle();
      return takeEnd;
    }
    assert(
      this.#stopped || next === length,
      "a held operation ends with its last byte",
    );
    this.#held.release();
    this.#wanted = 0;
    return takeEnd;
  }

  #append(chunk: Uint8Array, start: number, end: number): void {
    this.#held.append(chunk, start, end, this.#wanted);
  }
}

/** By the operations that a kind of connection may send. */
const knownRules = new WeakMap<readonly Op[], Uint8Array>();

function rulesFor(allowedOps: readonly Op[]): Uint8Array {
  const known = knownRules.get(allowedOps);
  if (known !== undefined) return known;
  const rules = Uint8Array.from(
    VERBS,
    ({ rule }, op) => allowedOps.includes(op as Op) ? RULE_OF[rule] : REFUSED,
  );
  knownRules.set(allowedOps, rules);
  return rules;
}

/** Whether a PUB begins at `start`, in any case, with one blank before its arguments. */
function isPub(buffer: Uint8Array, start: number, end: number): boolean {
  return start + PUB_BYTES < end &&
    (buffer[start]! | CASE_BIT) === LOWER_P &&
    (buffer[start + 1]! | CASE_BIT) === LOWER_U &&
    (buffer[start + 2]! | CASE_BIT) === LOWER_B &&
    buffer[start + 3] === SPACE && buffer[start + PUB_BYTES]! > SPACE;
}

/** The place of the first LF at or after `start`, or `end`. */
function findLineEnd(buffer: Uint8Array, start: number, end: number): number {
  const lineEnd = buffer.indexOf(LF, start);
  return lineEnd < 0 || lineEnd > end ? end : lineEnd;
}

/** The place behind the first line end at or after `start`, or the chunk's end. */
function behindLine(chunk: Uint8Array, start: number): number {
  const lineEnd = chunk.indexOf(LF, start);
  return lineEnd < 0 ? chunk.length : lineEnd + 1;
}

function unknownOperation(): ProtocolError {
  return new ProtocolError(
    ClosedReason.PROTOCOL_VIOLATION,
    WireError.UNKNOWN_OPERATION,
  );
}

function lineTooLong(): ProtocolError {
  return new ProtocolError(
    ClosedReason.MAX_CONTROL_LINE,
    WireError.MAX_CONTROL_LINE,
  );
}
