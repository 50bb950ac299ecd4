/**
 * Requests in the system account as they come in: their text, the encodings that
 * they take an answer in, and the JSON that others send.
 */
import { byteString } from "../core/ascii.ts";
import { Match } from "../core/headers.ts";
import { type Message, replyOf } from "../wire/message.ts";
import { headersIn } from "../wire/read_headers.ts";

const LINE_END_SIZE = 2;
const decoder = new TextDecoder();

/** One request, which outlives its message. */
export interface SystemRequest {
  /** A byte string; empty where no answer is wanted. */
  readonly reply: string;
  readonly text: string;
  /** `Accept-Encoding`, in small letters; undefined without that header. */
  readonly encodings: string | undefined;
}

export function readRequest(message: Message): SystemRequest {
  return {
    reply: replyOf(message),
    text: decoder.decode(borrowedPayload(message)),
    encodings: headerOf(message, "Accept-Encoding")?.toLowerCase(),
  };
}

/** The payload of `message`, borrowed as that is. */
export function borrowedPayload(message: Message): Uint8Array {
  const { bodyBuffer, bodyEnd, payloadStart } = message;
  const start = payloadStart + Math.max(0, message.headerSize);
  return bodyBuffer.subarray(start, bodyEnd - LINE_END_SIZE);
}

/** The first value of a header of `message`, whatever the case of its name. */
function headerOf(message: Message, name: string): string | undefined {
  const headers = headersIn(message);
  return headers?.has(name, Match.IgnoreCase)
    ? headers.get(name, Match.IgnoreCase)
    : undefined;
}

/** What JSON says; undefined when it is none. */
export function jsonIn(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
}

/** The token at `place` of a subject, from 0; empty without one. */
export function tokenAt(message: Message, place: number): string {
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  const subject = byteString(subjectBuffer, subjectStart, subjectEnd);
  return subject.split(".")[place] ?? "";
}
