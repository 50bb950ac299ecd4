/**
 * Which requests to a service are measured: a share of them, and those whose
 * headers say that they are traced anyway.
 */
import { type Random, randomBelow } from "../platform/clock.ts";
import { canonicalMIMEHeaderKey } from "../core/headers.ts";
import type { LatencyOptions } from "../options/options.ts";
import type { Message } from "../wire/message.ts";
import { headersIn } from "../wire/read_headers.ts";

/** Headers by their names, as a record tells them. */
export type TracingHeaders = Readonly<Record<string, readonly string[]>>;

const UBER = "Uber-Trace-Id";
const UBER_CONTEXT = "Uberctx-";
const B3 = "B3";
const B3_SAMPLED = "X-B3-Sampled";
const B3_ID = "X-B3-Traceid";
const B3_ALL = [
  B3_SAMPLED,
  B3_ID,
  "X-B3-Parentspanid",
  "X-B3-Spanid",
] as const;
const TRACE_PARENT = "Traceparent";
const TRACE_STATE = "Tracestate";

/** The headers that made a request one to be measured, perhaps none; undefined: it is not measured. */
export function sampledHeaders(
  { sampling }: LatencyOptions,
  message: Message,
  random: Random,
): TracingHeaders | undefined {
  const isDrawn = sampling !== "headers" &&
    (sampling >= 100 || randomBelow(random, 100) < sampling);
  if (isDrawn) return {};
  if (message.headerSize <= 0) return undefined;
  const headers = headersOf(message);
  const names = tracedNames(headers);
  return names && Object.fromEntries(
    names.filter((name) => headers.has(name)).sort()
      .map((name) => [name, headers.get(name)!]),
  );
}

/** By their canonical names. */
function headersOf(message: Message): ReadonlyMap<string, readonly string[]> {
  const canonical = new Map<string, string[]>();
  for (const [name, values] of headersIn(message) ?? []) {
    const key = canonicalMIMEHeaderKey(name);
    canonical.set(key, [...canonical.get(key) ?? [], ...values]);
  }
  return canonical;
}

/** The names of the headers that ask for a measurement; undefined: none does. */
function tracedNames(
  headers: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  const first = (name: string): string | undefined => headers.get(name)?.[0];
  const uber = first(UBER);
  if (uber !== undefined) {
    const parts = uber.split(":");
    const isTraced = parts.length === 4 && /^[0-9a-f]{1,2}$/i.test(parts[3]!) &&
      isOdd(parts[3]!);
    const context = [...headers.keys()]
      .filter((name) => name.startsWith(UBER_CONTEXT));
    return isTraced ? [UBER, ...context] : undefined;
  }
  const sampled = first(B3_SAMPLED);
  if (sampled === "1") return B3_ALL;
  if (sampled === "0") return undefined;
  if (headers.has(B3_ID)) return B3_ALL;
  const single = first(B3);
  if (single !== undefined) {
    const parts = single.split("-");
    const isDenied = parts[2] === "0" || single === "0";
    return isDenied ? undefined : [B3];
  }
  const parts = first(TRACE_PARENT)?.split("-");
  const isTraced = parts?.length === 4 && /^[0-9a-f]{2}$/i.test(parts[3]!) &&
    isOdd(parts[3]!);
  return isTraced ? [TRACE_PARENT, TRACE_STATE] : undefined;
}

/** The lowest bit of flags in hexadecimal digits: the trace is recorded. */
function isOdd(flags: string): boolean {
  return (parseInt(flags, 16) & 1) === 1;
}
