/**
 * Traces of messages, as far as clients have to do with them: what a client asks
 * for with a message, and why another one does not get it.
 */
import { randomBelow } from "../../platform/clock.ts";
import type {
  Following,
  Interest,
  MessageSource,
} from "../../accounts/interest.ts";
import { FollowedMessage } from "../../accounts/message_trace.ts";
import {
  areTraceHeadersOdd,
  mayBeTraced,
  TRACE_DESTINATION,
  TRACE_DISABLED,
  traceRequest,
} from "../../accounts/trace_headers.ts";
import { type Message, subjectOf } from "../../wire/message.ts";
import { replaceHeader } from "../../wire/rewrite.ts";
import type { Connection } from "../connections/connection.ts";
import type { ClientHost } from "./client_host.ts";
import type { Login } from "./login.ts";

/** Of a client. */
interface Hearer {
  readonly connection: Connection;
  readonly login: Login;
}

/** The trace that the headers of a client's `message` ask for; undefined: none, as with nearly all. */
export function traceOf(
  message: Message,
  host: ClientHost,
  connection: Connection,
  { account, fields }: Login,
): FollowedMessage | undefined {
  if (!mayBeTraced(message, account.trace)) return undefined;
  if (areTraceHeadersOdd(message)) {
    // Nor is it by another server, for which it cannot be judged here.
    replaceHeader(message, TRACE_DESTINATION, TRACE_DISABLED);
    connection.log.error(
      "Trace headers that are long, or have bare line feeds, are not followed",
    );
    return undefined;
  }
  host.turn.meter.spent += message.headerSize;
  const draws = (percent: number): boolean =>
    percent >= 100 || randomBelow(host.random, 100) < percent;
  const request = traceRequest(message, account.trace, draws);
  if (typeof request === "string") {
    connection.log.error(request);
    return undefined;
  }
  return request && new FollowedMessage(host.tracing, account, request, {
    kind: 0,
    cid: connection.facts.id,
    name: fields.name,
    subject: subjectOf(message),
    size: message.size,
  });
}

/** Notes in a trace that a client gets `message`, or why it does not; false when it does not. */
export function noteHearer(
  hearer: Hearer & MessageSource,
  interest: Interest,
  message: Message,
  publisher: MessageSource | undefined,
  { trace, subscription }: Following,
): boolean {
  const { connection, login } = hearer;
  const error = refusal(hearer, interest, message, publisher);
  trace.egress({
    kind: 0,
    cid: connection.facts.id,
    name: login.fields.name,
    account: login.account.name,
    subscription,
    queue: interest.queue,
    error,
  });
  return error === "";
}

/** NATS: why a client does not get a message; empty: it does. */
function refusal(
  hearer: Hearer & MessageSource,
  interest: Interest,
  message: Message,
  publisher: MessageSource | undefined,
): string {
  const { connection, login } = hearer;
  if (connection.isDeaf) return "Not delivered because client is closed";
  if (publisher === hearer && !login.echo) {
    return "Not delivered because of no echo";
  }
  const isDenied = login.rights?.mayHear(interest, message) === false;
  return isDenied
    ? "Not delivered because subscription denies this subject"
    : "";
}
