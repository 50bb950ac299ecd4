/**
 * The headers that ask for the trace of a message: NATS's own, which name where
 * the trace goes, and the `traceparent` of other tracers, for which an account
 * may name a place.
 */
import { CR, LF, utf8ByteString } from "../core/ascii.ts";
import type { MsgHdrs } from "../core/headers.ts";
import { HeaderSearch } from "../core/header_search.ts";
import { isLiteralSubject } from "../core/subject.ts";
import type { AccountTrace } from "../options/options.ts";
import type { Message } from "../wire/message.ts";
import { HEADERS_READ_MAX, headersIn } from "../wire/read_headers.ts";

export const TRACE_DESTINATION = "Nats-Trace-Dest";
export const TRACE_HOP = "Nats-Trace-Hop";
const TRACE_ONLY = "Nats-Trace-Only";
const TRACE_PARENT = "traceparent";

/** NATS: a destination that is none, and turns traces off from there on. */
export const TRACE_DISABLED = "trace disabled";

const DESTINATION = new HeaderSearch(TRACE_DESTINATION);
const PARENT = new HeaderSearch(TRACE_PARENT, { ignoresCase: true });

/** What the headers of a message ask for. */
export interface TraceRequest {
  /** A byte string. */
  readonly destination: string;
  /** A tracer's header asks for it, not NATS's own. */
  readonly isExternal: boolean;
  /** The message is followed, but not delivered. */
  readonly isOnly: boolean;
  /** Where on its way the message is; empty at the first server. */
  readonly hop: string;
  /** All of the message's, by their names. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** Whether `message` has a header that may ask for a trace. Costs no string. */
export function mayBeTraced(
  { bodyBuffer, payloadStart, headerSize }: Message,
  account: AccountTrace | undefined,
): boolean {
  const end = payloadStart + headerSize;
  return DESTINATION.isIn(bodyBuffer, payloadStart, end) ||
    (account !== undefined && PARENT.isIn(bodyBuffer, payloadStart, end));
}

/**
 * Whether the headers of `message` are not to be followed: they are long, or a
 * line of them ends without CR. Other servers do not take that for an end, and
 * may read another destination.
 */
export function areTraceHeadersOdd(
  { bodyBuffer, payloadStart, headerSize }: Message,
): boolean {
  if (headerSize > HEADERS_READ_MAX) return true;
  for (let at = payloadStart; at < payloadStart + headerSize; at++) {
    if (bodyBuffer[at] === LF && bodyBuffer[at - 1] !== CR) return true;
  }
  return false;
}

/**
 * What the headers of `message` ask for; undefined: nothing. `account` says where
 * traces go that other tracers ask for, and `draws` whether this is one of the
 * share that is traced. A text says why a trace cannot be.
 */
export function traceRequest(
  message: Message,
  account: AccountTrace | undefined,
  draws: (percent: number) => boolean,
): TraceRequest | string | undefined {
  const headers = headersIn(message);
  if (headers === undefined) return undefined;
  const wanted = headers.get(TRACE_DESTINATION);
  if (wanted === TRACE_DISABLED) return undefined;
  const hop = headers.get(TRACE_HOP);
  const told = { hop, headers: sortedValues(headers) };
  if (wanted !== "") {
    const destination = utf8ByteString(wanted);
    if (!isLiteralSubject(destination)) {
      return `Destination ${
        JSON.stringify(wanted)
      } is not valid, won't be able to trace events`;
    }
    const only = headers.get(TRACE_ONLY).toLowerCase();
    const isOnly = ["1", "true", "on"].includes(only);
    return { destination, isExternal: false, isOnly, ...told };
  }
  if (account === undefined || !isRecorded(headers)) return undefined;
  // The first server has drawn for all.
  if (hop === "" && !draws(account.sampling)) return undefined;
  const destination = utf8ByteString(account.destination);
  return { destination, isExternal: true, isOnly: false, ...told };
}

/** W3C trace context: the last of four parts is odd. */
function isRecorded(headers: MsgHdrs): boolean {
  const name = headers.keys()
    .find((key) => key.toLowerCase() === TRACE_PARENT);
  const parts = name === undefined ? [] : headers.get(name).split("-");
  return parts.length === 4 && /^[0-9a-f]{2}$/i.test(parts[3]!) &&
    (parseInt(parts[3]!, 16) & 1) === 1;
}

function sortedValues(headers: MsgHdrs): Record<string, readonly string[]> {
  return Object.fromEntries(
    headers.keys().sort().map((name) => [name, headers.values(name)]),
  );
}
