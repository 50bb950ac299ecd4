/** What one client of a load has done, and what all of them have done together. */
import type { Clock } from "../platform/clock.ts";
import { Histogram, type LatencyFacts } from "./histogram.ts";

/** What a client does. */
export type Role =
  | "pub"
  | "sub"
  | "request"
  | "reply"
  | "js pub"
  | "js fetch"
  | "js consume";

export class Tally {
  readonly role: Role;
  /** From 1 on, for each role. */
  readonly client: number;
  readonly clock: Clock;
  msgs = 0;
  /** Of headers and payloads. */
  bytes = 0;
  /** Requests without an answer, messages that did not come. */
  lost = 0;
  /** When its first message was on its way, and when the last one was done; NaN before. */
  startMs: number = NaN;
  endMs: number = NaN;
  latency: Histogram | undefined;

  constructor(role: Role, client: number, clock: Clock) {
    this.role = role;
    this.client = client;
    this.clock = clock;
  }

  begin(): void {
    this.startMs = this.clock.monotonic();
    this.endMs = this.startMs;
  }

  /** Notes that what was counted so far is done by now. */
  mark(): void {
    this.endMs = this.clock.monotonic();
  }
}

/** What was measured, of one client or of several. Times of messages are in milliseconds. */
export interface Figures {
  readonly msgs: number;
  readonly bytes: number;
  readonly lost: number;
  readonly seconds: number;
  readonly msgsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly latency?: LatencyFacts;
}

/** The figures of some clients: all that they did, from the first begin to the last end. */
export function figuresOf(tallies: readonly Tally[]): Figures {
  const begun = tallies.filter(({ startMs }) => !Number.isNaN(startMs));
  const start = Math.min(...begun.map(({ startMs }) => startMs));
  const end = Math.max(...begun.map(({ endMs }) => endMs));
  const seconds = begun.length === 0 ? 0 : Math.max(0, end - start) / 1000;
  const msgs = sum(tallies, ({ msgs }) => msgs);
  const bytes = sum(tallies, ({ bytes }) => bytes);
  const latency = latencyOf(tallies);
  return {
    msgs,
    bytes,
    lost: sum(tallies, ({ lost }) => lost),
    seconds,
    msgsPerSecond: rate(msgs, seconds),
    bytesPerSecond: rate(bytes, seconds),
    ...(latency !== undefined && { latency: latency.facts() }),
  };
}

/** The latencies of some clients together; undefined when none of them measures any. */
function latencyOf(tallies: readonly Tally[]): Histogram | undefined {
  const measured = tallies.flatMap(({ latency }) => latency ?? []);
  if (measured.length === 0) return undefined;
  const all = new Histogram();
  for (const one of measured) all.add(one);
  return all;
}

function sum(
  tallies: readonly Tally[],
  of: (tally: Tally) => number,
): number {
  return tallies.reduce((total, tally) => total + of(tally), 0);
}

/** What was too short to be timed has no rate. */
function rate(count: number, seconds: number): number {
  return seconds === 0 ? 0 : count / seconds;
}
