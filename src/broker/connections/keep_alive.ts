/**
 * Is the peer still there, and how far away is it? PINGs go out on a timer,
 * PONGs come back; a peer that leaves too many unanswered is stale.
 *
 * NATS: the first PING comes early, to measure the round trip; later ones come
 * at an interval, and to a client only if nothing was heard of it or the
 * measurement is old.
 *
 * More than a dozen members: because it is an `Alarm` as well, and what its
 * connection hears and asks stands in one object.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { FIRST_PING_JITTER, RTT_MAX_AGE_MS } from "../../core/limits.ts";
import type { Alarm, Alarms } from "./alarms.ts";

export interface KeepAliveSettings {
  readonly pingIntervalMs: number;
  /** PINGs that may be unanswered at once. */
  readonly pingMax: number;
  /** Send PINGs to a peer that is heard of anyway. */
  readonly pingAlways: boolean;
}

/** The connection, as far as its keep-alive knows it. */
export interface KeptAlive {
  readonly closed: boolean;
  /** It is not read from at the moment, so its answers cannot come. */
  readonly isHeld: boolean;
  /** Times that it was not read from for a while. */
  readonly holdCount: number;
  writePing(): void;
  becameStale(): void;
}

export class KeepAlive implements Alarm {
  /** Round trip in milliseconds; undefined before the first was measured. */
  rttMs: number | undefined = undefined;
  dueAt = 0;
  place = -1;
  readonly #clock: Clock;
  readonly #alarms: Alarms;
  #settings: KeepAliveSettings;
  readonly #peer: KeptAlive;
  #unanswered = 0;
  #sentAt = -Infinity;
  #heardAt = 0;
  /** The peer's `holdCount` when it was last seen to. */
  #holdCount = 0;

  constructor(
    clock: Clock,
    alarms: Alarms,
    settings: KeepAliveSettings,
    peer: KeptAlive,
  ) {
    this.#clock = clock;
    this.#alarms = alarms;
    this.#settings = settings;
    this.#peer = peer;
  }

  /** What is under way keeps its time. */
  reconfigure(settings: KeepAliveSettings): void {
    this.#settings = settings;
  }

  /** Sends the next PING an interval from now. */
  start(): void {
    this.#arm(this.#settings.pingIntervalMs);
  }

  /** Sends the next PING `delayMs` from now or a little later, so that a herd spreads out. */
  startEarly(delayMs: number, random: Random): void {
    this.#arm(delayMs * (1 + random.next() * FIRST_PING_JITTER));
  }

  stop(): void {
    this.#alarms.cancel(this);
  }

  /** When something came from the peer last, by the monotonic clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heardAt = this.#clock.monotonic();
  }

  /** A PONG came, asked for or not. */
  answered(): void {
    if (this.#unanswered > 0) {
      this.rttMs = this.#clock.monotonic() - this.#sentAt;
    }
    this.#unanswered = 0;
  }

  /** Asks for the round trip, unless an answer is under way. */
  measure(): void {
    if (!this.#peer.closed && this.#unanswered === 0) this.ping();
  }

  /** Sends a PING now. */
  ping(): void {
    this.#unanswered++;
    this.#sentAt = this.#clock.monotonic();
    this.#peer.writePing();
  }

  #arm(delayMs: number): void {
    this.#alarms.set(this, delayMs);
  }

  /** It is time for the next PING. */
  due(): void {
    if (this.#peer.closed) return;
    if (!this.#wasHeld() && this.#isWanted()) {
      if (this.#unanswered + 1 > this.#settings.pingMax) {
        return this.#peer.becameStale();
      }
      this.ping();
    }
    this.start();
  }

  /** While an answer was awaited it was not read from all the time: it may be under way. */
  #wasHeld(): boolean {
    const { isHeld, holdCount } = this.#peer;
    const wasHeld = this.#unanswered > 0 && holdCount > this.#holdCount;
    this.#holdCount = holdCount;
    return isHeld || wasHeld;
  }

  #isWanted(): boolean {
    const { pingAlways, pingIntervalMs } = this.#settings;
    const now = this.#clock.monotonic();
    return pingAlways || this.rttMs === undefined ||
      now - this.#sentAt > RTT_MAX_AGE_MS ||
      now - this.#heardAt >= pingIntervalMs;
  }
}
