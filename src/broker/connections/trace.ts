/**
 * Operations as the trace log shows them: readable, in one line, and without
 * the secrets of a CONNECT.
 */
import { byteString } from "../../core/ascii.ts";
import { printableBytes, quotedBytes } from "../../core/quote.ts";
import { redactConnect } from "../../core/redact.ts";
import {
  type Message,
  NO_HEADERS,
  replyOf,
  subjectOf,
} from "../../wire/message.ts";
import { Op, VERBS } from "../../wire/ops.ts";

/** An operation that came in, with its arguments `buffer[start, end)`. */
export function operationText(
  op: Op,
  buffer: Uint8Array,
  start: number,
  end: number,
): string {
  const text = byteString(buffer, start, end);
  const args = op === Op.CONNECT ? redactConnect(text) : text;
  const { verb } = VERBS[op]!;
  return `<<- [${printableBytes(args === "" ? verb : `${verb} ${args}`)}]`;
}

/** The subject that a message came on, and the one that it is mapped to. */
export function mappingText(from: string, to: string): string {
  return `<<- [MAPPING ${printableBytes(from)} -> ${printableBytes(to)}]`;
}

/** A payload; of more than `max` bytes only the first are shown, 0 shows all. */
export function payloadText(
  buffer: Uint8Array,
  start: number,
  end: number,
  max: number,
): string {
  const isCut = max > 0 && end - start > max;
  const shown = quotedBytes(
    byteString(buffer, start, isCut ? start + max : end),
  );
  return `<<- MSG_PAYLOAD: [${isCut ? `${shown.slice(0, -1)}..."` : shown}]`;
}

/** What goes out, a byte string. */
export function outputText(text: string): string {
  return `->> [${printableBytes(text)}]`;
}

/** A message as it goes to a client's subscription. */
export function deliveryText(message: Message, sid: Uint8Array): string {
  const { headerSize, size } = message;
  const isPlain = headerSize === NO_HEADERS;
  const words = [
    isPlain ? "MSG" : "HMSG",
    subjectOf(message),
    byteString(sid),
    ...(message.hasReply ? [replyOf(message)] : []),
    ...(isPlain ? [size] : [headerSize, size]),
  ];
  return words.join(" ");
}
