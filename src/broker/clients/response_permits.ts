/**
 * The responses that a client may send because it was asked: for each reply
 * subject that it was sent how many, and until when. Each request allows the
 * same number again, so those that share a reply subject are all answered.
 */
import { type MapKey, mapKey } from "../../core/map_key.ts";
import type { ResponseRules } from "../../options/options.ts";
import type { Clock } from "../../platform/clock.ts";

interface Permit {
  /** Messages that may still be sent. */
  left: number;
  /** When it ends, on the monotonic clock. */
  readonly endsAt: number;
  readonly bytes: number;
}

/** Permits that are over are taken out after this many requests, or this long. */
const SWEEP_AFTER_REQUESTS = 4096;
const SWEEP_AFTER_MS = 1000;

/** Memory for the permits of one client; beyond it, the oldest quarter goes. */
const BYTES_MAX = 8 * 1024 * 1024;
/** What a permit takes besides its subject. */
const PERMIT_BYTES = 128;

/** NATS permissions: JetStream's requests are nobody's reply subject. */
const NO_REPLY = "$JS.API.";

export class ResponsePermits {
  readonly #rules: ResponseRules;
  readonly #clock: Clock;
  /** The oldest first: all last equally long, and one that is renewed is put in anew. */
  readonly #permits = new Map<MapKey, Permit>();
  #bytes = 0;
  #sinceSweep = 0;
  #sweptAt: number;

  constructor(rules: ResponseRules, clock: Clock) {
    this.#rules = rules;
    this.#clock = clock;
    this.#sweptAt = clock.monotonic();
  }

  /** Whether these were made for rules that say the same. */
  holdsFor({ maxMessages, expiresMs }: ResponseRules): boolean {
    return this.#rules.maxMessages === maxMessages &&
      this.#rules.expiresMs === expiresMs;
  }

  /** The client was sent a request with the reply subject `reply`. */
  add(reply: string): void {
    if (reply.startsWith(NO_REPLY)) return;
    const { maxMessages, expiresMs } = this.#rules;
    const now = this.#clock.monotonic();
    const key = mapKey(reply);
    const known = this.#permits.get(key);
    if (known !== undefined) this.#drop(key, known);
    const left = known === undefined || known.endsAt <= now ? 0 : known.left;
    const bytes = reply.length + PERMIT_BYTES;
    this.#permits.set(key, {
      left: left + (maxMessages < 0 ? Infinity : maxMessages),
      endsAt: expiresMs < 0 ? Infinity : now + expiresMs,
      bytes,
    });
    this.#bytes += bytes;
    this.#sweep(now);
  }

  /** Whether a message to `subject` is a response that may be sent; it counts. */
  use(subject: string): boolean {
    const key = mapKey(subject);
    const permit = this.#permits.get(key);
    if (permit === undefined) return false;
    const isOver = permit.endsAt <= this.#clock.monotonic();
    if (isOver || --permit.left <= 0) this.#drop(key, permit);
    return !isOver;
  }

  /** Not for each request: going through a map steps over all that was taken out of it. */
  #sweep(now: number): void {
    const isDue = ++this.#sinceSweep > SWEEP_AFTER_REQUESTS ||
      now - this.#sweptAt >= SWEEP_AFTER_MS;
    if (!isDue && this.#bytes <= BYTES_MAX) return;
    this.#sinceSweep = 0;
    this.#sweptAt = now;
    const target = this.#bytes <= BYTES_MAX ? Infinity : BYTES_MAX * 3 / 4;
    for (const [key, permit] of this.#permits) {
      if (permit.endsAt > now && this.#bytes <= target) return;
      this.#drop(key, permit);
    }
  }

  #drop(key: MapKey, { bytes }: Permit): void {
    this.#permits.delete(key);
    this.#bytes -= bytes;
  }
}
