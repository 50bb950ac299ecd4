/**
 * The operations of the NATS protocol and the seam between framing and
 * meaning: `parser.ts` finds where an operation begins and ends, an
 * `OpHandler` (a client session, a route, the client library) knows what it
 * means. One table names the verbs, for all kinds of connection.
 */

import { CASE_BIT } from "../core/ascii.ts";
import type { MessageArgs } from "./args.ts";
import type { Words } from "./words.ts";

/** An operation's number; the order is that of `VERBS`. */
export const Op = {
  CONNECT: 0,
  INFO: 1,
  PUB: 2,
  HPUB: 3,
  SUB: 4,
  UNSUB: 5,
  MSG: 6,
  HMSG: 7,
  PING: 8,
  PONG: 9,
  OK: 10,
  ERR: 11,
  RS_PLUS: 12,
  RS_MINUS: 13,
  RMSG: 14,
  LS_PLUS: 15,
  LS_MINUS: 16,
  LMSG: 17,
  A_PLUS: 18,
  A_MINUS: 19,
} as const;

export type Op = typeof Op[keyof typeof Op];

/** What must stand between a verb and the end of its line. */
export type VerbRule =
  /** Arguments, after at least one blank. */
  | "arguments"
  /** Arguments, with or without a blank: `CONNECT{}`. */
  | "optional-blank"
  /** A text, after at least one blank. */
  | "text"
  /** Whatever stands there is ignored: `PINGXYZ` is a PING. */
  | "ignored";

/** Every verb, indexed by its `Op`. Case does not matter on the wire. */
export const VERBS: readonly {
  readonly verb: string;
  readonly rule: VerbRule;
}[] = [
  { verb: "CONNECT", rule: "optional-blank" },
  { verb: "INFO", rule: "optional-blank" },
  { verb: "PUB", rule: "arguments" },
  { verb: "HPUB", rule: "arguments" },
  { verb: "SUB", rule: "arguments" },
  { verb: "UNSUB", rule: "arguments" },
  { verb: "MSG", rule: "arguments" },
  { verb: "HMSG", rule: "arguments" },
  { verb: "PING", rule: "ignored" },
  { verb: "PONG", rule: "ignored" },
  { verb: "+OK", rule: "ignored" },
  { verb: "-ERR", rule: "text" },
  { verb: "RS+", rule: "arguments" },
  { verb: "RS-", rule: "arguments" },
  { verb: "RMSG", rule: "arguments" },
  { verb: "LS+", rule: "arguments" },
  { verb: "LS-", rule: "arguments" },
  { verb: "LMSG", rule: "arguments" },
  { verb: "A+", rule: "arguments" },
  { verb: "A-", rule: "arguments" },
];

const LETTER_C = 0x43;

/** NATS protocol: what a stranger says first begins as CONNECT does. */
export function beginsConnect(chunk: Uint8Array): boolean {
  return (chunk[0]! & ~CASE_BIT) === LETTER_C;
}

/** What `OpHandler.line` gives for an operation that is complete with its line. */
export const NO_PAYLOAD = -1;

/** Gives operations their meaning. Every byte range is borrowed for the call. */
export interface OpHandler {
  /** The operations that this kind of connection may send. */
  readonly allowedOps: readonly Op[];

  /**
   * One control line; its arguments are `buffer[start, end)`, without the blanks
   * behind the verb and without the line end, and, for verbs whose rule is
   * "arguments", cut into `words`. Returns `NO_PAYLOAD`, or how many
   * bytes of payload follow. A line with a payload may be handed over again,
   * from another buffer, when more of its payload has arrived: for such an
   * operation this call only reads arguments.
   *
   * Throws `ProtocolError` to end the connection.
   */
  line(
    op: Op,
    buffer: Uint8Array,
    start: number,
    end: number,
    words: Words,
  ): number;

  /**
   * Set where PUB, the commonest operation, takes a fast lane: the parser reads
   * one that is written as usual and all there right into these arguments, which
   * it asks for at the first, and calls `published`. Any other PUB comes to
   * `line` and `payload`.
   */
  pubArgs?(): MessageArgs;

  /**
   * Set where RMSG is the commonest operation: `line` reads it into these
   * arguments. One that is all there and whose line is the one before once more
   * comes to `published` only.
   */
  readonly routedArgs?: MessageArgs;

  /**
   * The message in `pubArgs` or `routedArgs`, completed with its payload; throws as
   * `line` does. Gives how many messages like it may come at once, by
   * `publishedAgain`, if they stand behind it.
   */
  published?(): number;

  /** `count` messages more that are like the last one but for their payloads, behind it in the same buffer. */
  publishedAgain?(count: number): void;

  /** The payload, `buffer[start, end)` and two bytes of line end, of the line handed over last. */
  payload(op: Op, buffer: Uint8Array, start: number, end: number): void;
}
