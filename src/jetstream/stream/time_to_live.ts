/**
 * How long single messages stay, as their publishers ask: which goes next, and
 * when.
 *
 * NATS JetStream (`Nats-TTL`): whole seconds, a duration of at least a second, or
 * `never`, which keeps a message beyond the stream's own limit of age.
 */
import { parseDuration } from "../../core/duration.ts";
import { ApiError } from "../api/api_error.ts";
import type { PublishHeaders } from "./publish_headers.ts";
import type { StreamConfig } from "./stream_config.ts";

const US_PER_S = 1_000_000;
const US_PER_MS = 1000;
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

/** The same for a message that the stream has had for some time. */
export function keptTimeToLive(
  config: StreamConfig,
  headers: PublishHeaders,
): number | undefined {
  return config.allow_msg_ttl ? timeToLive(config, headers) : undefined;
}

/** Microseconds that a text means; undefined: it makes no sense. */
export function lifetimeIn(text: string): number | undefined {
  if (text === "never") return Infinity;
  if (/^\d+$/.test(text)) {
    const seconds = Number(text);
    return seconds >= 1 ? seconds * US_PER_S : undefined;
  }
  const ms = parseDuration(text);
  return ms !== undefined && ms >= MS_PER_S ? ms * US_PER_MS : undefined;
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
