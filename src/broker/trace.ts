/**
 * Operations as the trace log shows them: readable, in one line, and without
 * the secrets of a CONNECT.
 */
import { byteString } from "../core/ascii.ts";
import { quotedBytes } from "../core/quote.ts";
import { redactedConnect } from "../wire/info.ts";
import { Op, VERBS } from "../wire/ops.ts";

/** An operation that came in, with its arguments `buffer[start, end)`. */
export function operationText(
  op: Op,
  buffer: Uint8Array,
  start: number,
  end: number,
): string {
  const text = byteString(buffer, start, end);
  const args = op === Op.CONNECT ? redactedConnect(text) : text;
  const { verb } = VERBS[op]!;
  return `<<- [${printable(args === "" ? verb : `${verb} ${args}`)}]`;
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
  return `->> [${printable(text)}]`;
}

/** A byte string with its control characters escaped. */
function printable(text: string): string {
  return quotedBytes(text).slice(1, -1).replaceAll('\\"', '"');
}
