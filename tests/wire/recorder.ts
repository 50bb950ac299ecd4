/**
 * What the parser hands over, written down as text. A `Recorder` understands
 * one dialect of the protocol (what clients send, what routes send, what a
 * broker sends to a client) as far as framing goes; the tests of `src/wire`
 * compare its events.
 */
import { byteString } from "../../src/core/ascii.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { MessageArgs } from "../../src/wire/args.ts";
import { readConnect } from "../../src/wire/connect.ts";
import { defaultConnectFields, readInfo } from "../../src/wire/info.ts";
import { NO_HEADERS, replyOf, subjectOf } from "../../src/wire/message.ts";
import { NO_PAYLOAD, Op, type OpHandler, VERBS } from "../../src/wire/ops.ts";
import { Parser } from "../../src/wire/parser.ts";
import type { Words } from "../../src/wire/words.ts";

type ReadArgs = (
  args: MessageArgs,
  buffer: Uint8Array,
  words: Words,
) => void;

/** The operations that one kind of peer sends, and how it writes messages. */
export interface Dialect {
  readonly name: string;
  readonly ops: readonly Op[];
  readonly messages: ReadonlyMap<Op, ReadArgs>;
  /** What takes the parser's fast lane, if anything does. */
  readonly fastLane?: Op;
}

const COMMON_OPS = [Op.INFO, Op.PING, Op.PONG, Op.OK, Op.ERR];

export const CLIENT: Dialect = {
  name: "client",
  ops: [...COMMON_OPS, Op.CONNECT, Op.PUB, Op.HPUB, Op.SUB, Op.UNSUB],
  messages: new Map<Op, ReadArgs>([
    [Op.PUB, (args, ...line) => args.readPub(...line, false)],
    [Op.HPUB, (args, ...line) => args.readPub(...line, true)],
  ]),
};

/** As a broker reads its clients. */
export const FAST_CLIENT: Dialect = {
  ...CLIENT,
  name: "client in the fast lane",
  fastLane: Op.PUB,
};

export const ROUTE: Dialect = {
  name: "route",
  ops: [
    ...[...COMMON_OPS, Op.CONNECT, Op.SUB, Op.UNSUB, Op.RS_PLUS, Op.RS_MINUS],
    ...[Op.RMSG, Op.HMSG, Op.LS_PLUS, Op.LS_MINUS, Op.A_PLUS, Op.A_MINUS],
  ],
  messages: new Map<Op, ReadArgs>([
    [Op.RMSG, (args, ...line) => args.readRoutedMsg(...line, false)],
    [Op.HMSG, (args, ...line) => args.readRoutedMsg(...line, true)],
  ]),
};

/** As a broker reads the other servers of its cluster. */
export const FAST_ROUTE: Dialect = {
  ...ROUTE,
  name: "route in the fast lane",
  fastLane: Op.RMSG,
};

/** What the client library reads. */
export const LIBRARY: Dialect = {
  name: "client library",
  ops: [...COMMON_OPS, Op.MSG, Op.HMSG],
  messages: new Map<Op, ReadArgs>([
    [Op.MSG, (args, ...line) => args.readMsg(...line, false)],
    [Op.HMSG, (args, ...line) => args.readMsg(...line, true)],
  ]),
};

/** Places that are further on in a message that comes again. */
const PLACES = [
  "subjectStart",
  "subjectEnd",
  "replyStart",
  "replyEnd",
  "bodyStart",
  "bodyEnd",
  "payloadStart",
] as const;

export class Recorder implements OpHandler {
  /** One text per operation: `PING`, `SUB foo 1`, `PUB subject=foo rest="2\r\nhi\r\n"`. */
  readonly events: string[] = [];
  readonly allowedOps: readonly Op[];
  /** How often a control line was handed over, repetitions included. */
  linesSeen = 0;
  /** How many messages took the fast lane, and how many of those came at once behind another. */
  fastMessages = 0;
  messagesAgain = 0;
  /** What each message in the fast lane says of those behind it. */
  mostAgain = 0;
  readonly pubArgs?: () => MessageArgs;
  readonly routedArgs?: MessageArgs;
  readonly #dialect: Dialect;
  readonly #args = new MessageArgs();

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    this.allowedOps = dialect.ops;
    if (dialect.fastLane === Op.PUB) this.pubArgs = () => this.#args;
    if (dialect.fastLane === Op.RMSG) this.routedArgs = this.#args;
  }

  published(): number {
    this.linesSeen++;
    this.fastMessages++;
    this.#describe(this.#dialect.fastLane!);
    return this.mostAgain;
  }

  publishedAgain(count: number): void {
    this.fastMessages += count;
    this.messagesAgain += count;
    const { message, messageBytes } = this.#args;
    const before = { ...message };
    for (let i = 1; i <= count; i++) {
      for (const place of PLACES) {
        message[place] = before[place] + i * messageBytes;
      }
      this.#describe(this.#dialect.fastLane!);
    }
    Object.assign(message, before);
  }

  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number {
    this.linesSeen++;
    const readMessage = this.#dialect.messages.get(op);
    if (readMessage !== undefined) {
      readMessage(this.#args, buffer, words);
      return this.#args.message.size;
    }
    if (op === Op.INFO) readInfo(buffer, start, end);
    if (op === Op.CONNECT) {
      readConnect(defaultConnectFields(), buffer, start, end);
    }
    this.events.push(
      `${verbOf(op)} ${byteString(buffer, start, end)}`.trimEnd(),
    );
    return NO_PAYLOAD;
  }

  payload(op: Op, buffer: Uint8Array, start: number, end: number): void {
    this.#args.complete(buffer, start, end);
    this.#describe(op);
  }

  #describe(op: Op): void {
    this.events.push(
      `${verbOf(op)} ${describeMessage(this.#args, this.#dialect)}`,
    );
  }
}

/** A parser and its recorder; the limit is that of a client connection. */
export function recordingParser(
  dialect: Dialect,
  maxControlLineBytes: number = 4096,
): { parser: Parser; recorder: Recorder } {
  const recorder = new Recorder(dialect);
  return { recorder, parser: new Parser(recorder, { maxControlLineBytes }) };
}

/** How an input ended: its events and, if it was refused, why. */
export interface Outcome {
  readonly events: string[];
  /** Reason and `-ERR` text, or nothing when the input was accepted. */
  readonly refusal: string;
  /** Bytes that wait for more, when the input was accepted. */
  readonly held: number;
}

/**
 * Parses `chunks` in order. Each is a copy that is spoilt after its call, so
 * whatever keeps borrowed bytes shows.
 */
export function outcomeOf(
  dialect: Dialect,
  chunks: readonly Uint8Array[],
  maxControlLineBytes?: number,
  mostAgain: number = 0,
): Outcome {
  const { parser, recorder } = recordingParser(dialect, maxControlLineBytes);
  recorder.mostAgain = mostAgain;
  const { events } = recorder;
  try {
    for (const chunk of chunks) {
      const lent = chunk.slice();
      parser.parse(lent);
      lent.fill(0xff);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const refusal = `${error.reason}: ${error.wire}`;
    return { events, refusal, held: 0 };
  }
  return { events, refusal: "", held: parser.heldBytes };
}

/** `bytes` cut at the given places. */
export function cutAt(
  bytes: Uint8Array,
  places: readonly number[],
): Uint8Array[] {
  const bounds = [0, ...places, bytes.length];
  return bounds.slice(1).map((end, index) =>
    bytes.subarray(bounds[index], end)
  );
}

function verbOf(op: Op): string {
  return VERBS[op]!.verb;
}

function describeMessage(args: MessageArgs, dialect: Dialect): string {
  const { message } = args;
  const { subjectBuffer, bodyBuffer, headerSize, payloadStart } = message;
  const fields: [string, string][] = [["subject", subjectOf(message)]];
  if (dialect.messages.has(Op.RMSG)) {
    const account = byteString(
      subjectBuffer,
      args.accountStart,
      args.accountEnd,
    );
    fields.unshift(["account", account]);
    fields.push(["queues", queuesOf(args).join(",")]);
  }
  if (dialect === LIBRARY) {
    fields.push(["sid", byteString(subjectBuffer, args.sidStart, args.sidEnd)]);
  }
  if (message.hasReply) fields.push(["reply", replyOf(message)]);
  if (headerSize !== NO_HEADERS) {
    const headerEnd = payloadStart + headerSize;
    const headers = byteString(bodyBuffer, payloadStart, headerEnd);
    fields.push(["headers", JSON.stringify(headers)]);
  }
  const restText = byteString(bodyBuffer, message.bodyStart, message.bodyEnd);
  fields.push(["rest", JSON.stringify(restText)]);
  return fields
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name}=${text}`)
    .join(" ");
}

/** The queue groups that a routed message names. */
export function queuesOf(args: MessageArgs): string[] {
  const { words, message, queuesFrom, queuesTo } = args;
  return words.starts
    .slice(queuesFrom, queuesTo)
    .map((start, index) =>
      byteString(
        message.subjectBuffer,
        start,
        words.ends[queuesFrom + index]!,
      )
    );
}
