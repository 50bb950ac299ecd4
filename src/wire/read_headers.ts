/**
 * Headers of a message, as far as the server itself reads them: for traces, for
 * latency, and for requests to it. They are read all at once, so those that are
 * longer than anybody needs are not: a megabyte of them takes most of a second.
 */
import { decodeHeaders, type MsgHdrs } from "../core/headers.ts";
import type { Message } from "./message.ts";

/** Bytes of a block of headers, the first line included. */
export const HEADERS_READ_MAX = 8192;

/** Undefined where there are none, or none that are read. */
export function headersIn(
  { bodyBuffer, payloadStart, headerSize }: Message,
): MsgHdrs | undefined {
  if (headerSize <= 0 || headerSize > HEADERS_READ_MAX) return undefined;
  try {
    return decodeHeaders(
      bodyBuffer.subarray(payloadStart, payloadStart + headerSize),
    );
  } catch {
    // What begins like no block of headers has none.
    return undefined;
  }
}
