/**
 * How long single messages stay, as their publishers ask: which goes next, and
 * when.
 *
 * NATS JetStream (`Nats-TTL`): whole seconds, a duration of at least a second, of
 * which whole seconds count, or `never`, which keeps a message beyond the stream's
 * own limit of age.
 */
import { parseDuration } from "../../core/duration.ts";
import { ApiError } from "../api/api_error.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";

const US_PER_S = 1_000_000;
const NS_PER_S = 1_000_000_000;
const MS_PER_S = 1000;

/** Microseconds that a message stays; undefined: nobody asked. Throws an `ApiError`. */
export function timeToLive(
  { allow_msg_ttl }: StreamConfig,
  headers: PublishHeaders,
  isInBatch: boolean = false,
): number | undefined {
  const text = headers.get("Nats-TTL");
  if (text === undefined || text === "") return undefined;
  // NATS JetStream: of a batch's message this is told first, of others last.
  if (isInBatch && !allow_msg_ttl) throw new ApiError(10166);
  const us = lifetimeIn(text);
  if (us === undefined) throw new ApiError(10165);
  if (!allow_msg_ttl) throw new ApiError(10166);
  return us;
}

/** As `timeToLive`, for a message whose publisher cannot be told what is wrong any more. */
export function keptTimeToLive(
  { allow_msg_ttl }: StreamConfig,
  headers: PublishHeaders,
): number | undefined {
  const text = headers.get("Nats-TTL");
  return allow_msg_ttl && text ? lifetimeIn(text) : undefined;
}

/**
 * NATS JetStream: where a marker says for a while that a subject has no message
 * any more, a message stays at least as long. Gives those seconds for one that
 * would stay `lifetimeUs`; undefined: it stays long enough.
 */
export function secondsBesideMarkers(
  { subject_delete_marker_ttl = 0, max_msgs_per_subject }: StreamConfig,
  lifetimeUs: number | undefined,
): number | undefined {
  if (lifetimeUs === undefined || max_msgs_per_subject === 1) return undefined;
  const least = Math.floor(subject_delete_marker_ttl / NS_PER_S);
  return lifetimeUs < least * US_PER_S ? least : undefined;
}

/** Microseconds that a text means; undefined: it makes no sense. */
export function lifetimeIn(text: string): number | undefined {
  if (text.toLowerCase() === "never") return Infinity;
  if (/^\d+$/.test(text)) {
    const seconds = Number(text);
    return seconds >= 1 ? seconds * US_PER_S : undefined;
  }
  const ms = parseDuration(text);
  if (ms === undefined || ms < MS_PER_S) return undefined;
  return Math.floor(ms / MS_PER_S) * US_PER_S;
}

/** A message and the moment when it goes. */
interface Ending {
  readonly seq: number;
  readonly atUs: number;
}

/** The messages that go at a time of their own: a heap, the next one first. */
export class Endings {
  readonly #heap: Ending[] = [];
  /** Messages that stay beyond the limit of age. */
  readonly #lasting = new Set<number>();

  /** When the next one goes; Infinity: none does. */
  get nextUs(): number {
    return this.#heap[0]?.atUs ?? Infinity;
  }

  /** Whether a message stays beyond the limit of age. */
  stays(seq: number): boolean {
    return this.#lasting.has(seq);
  }

  add(seq: number, atUs: number): void {
    if (atUs === Infinity) {
      this.#lasting.add(seq);
      return;
    }
    const heap = this.#heap;
    let at = heap.length;
    heap.push({ seq, atUs });
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atUs <= atUs) break;
      [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
      at = parent;
    }
  }

  /** A message has gone; its ending is found to be over later. */
  removed(seq: number): void {
    this.#lasting.delete(seq);
  }

  /** All messages have gone. */
  clear(): void {
    this.#heap.length = 0;
    this.#lasting.clear();
  }

  /** The next message that goes by `nowUs`; undefined: none does. */
  take(nowUs: number): number | undefined {
    const heap = this.#heap;
    const [first] = heap;
    if (first === undefined || first.atUs > nowUs) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.#sink();
    }
    return first.seq;
  }

  #sink(): void {
    const heap = this.#heap;
    for (let at = 0;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && heap[left]!.atUs < heap[least]!.atUs) {
        least = left;
      }
      if (right < heap.length && heap[right]!.atUs < heap[least]!.atUs) {
        least = right;
      }
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least]!, heap[at]!];
      at = least;
    }
  }
}
