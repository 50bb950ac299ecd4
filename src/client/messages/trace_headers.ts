/** The headers by which a message asks servers to tell which way it went (NATS ADR-41). */
import { headers, type MsgHdrs } from "../../core/headers.ts";
import type { RequestHeaders } from "../api/message.ts";

const TRACE_DESTINATION = "Nats-Trace-Dest";
const TRACE_ONLY = "Nats-Trace-Only";

/** The headers that a message leaves with; those that were given are not changed. */
export function headersOf(options: RequestHeaders): MsgHdrs | undefined {
  const { headers: given, traceDestination, traceOnly } = options;
  if (traceDestination === undefined) return given;
  const all = headers(given?.code ?? 0, given?.description ?? "");
  for (const [name, values] of given ?? []) {
    for (const value of values) all.append(name, value);
  }
  all.set(TRACE_DESTINATION, traceDestination);
  if (traceOnly === true) all.set(TRACE_ONLY, "true");
  return all;
}
