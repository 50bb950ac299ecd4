/**
 * Keeps a node announced at a registry that wants to hear from it again and
 * again: renews at a third of the time to live, announces anew what the
 * registry forgot, and tries again what failed. How a registry is told, its
 * `NodeEntry` knows; one thing is said at a time.
 */
import { type Backoff, jittered, waitAfter } from "../../core/backoff.ts";
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import { within } from "../deadline.ts";
import { DiscoveryError } from "../discovery.ts";
import type { RegisterOptions, Registration } from "../registrar.ts";
import type { NodeRecord } from "../node_record.ts";

/** What a registry is told about one node. Each call is bounded in time from outside, by its signal. */
export interface NodeEntry {
  /** For errors; without secrets. */
  readonly name: string;
  announce(node: NodeRecord, signal: AbortSignal): Promise<void>;
  /** False when the registry knows nothing of the node any more. */
  renew(signal: AbortSignal): Promise<boolean>;
  withdraw(signal: AbortSignal): Promise<void>;
}

/** A node may miss two renewals before it is forgotten. */
const RENEWALS_PER_TTL = 3;
/** Renewals come earlier by up to this part, so that nodes drift apart. */
const JITTER = 0.1;
/** After a failure; doubles up to the time between two renewals. */
const RETRY_FIRST_MS = 1000;
const REQUEST_TIMEOUT_MAX_MS = 5000;
const REQUEST_TIMEOUT_MIN_MS = 1000;
/** Nobody waits longer than this for a registry that is out of reach. */
const WITHDRAWAL_TIMEOUT_MS = 2000;

interface Machine {
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Announces `node`, and keeps it announced. Rejects when the first announcement
 * fails, or is given up; then, as far as can be, nothing of it is left.
 */
export async function keepAnnounced(
  entry: NodeEntry,
  node: NodeRecord,
  options: RegisterOptions,
  machine: Machine,
): Promise<Registration> {
  options.signal.throwIfAborted();
  const kept = new KeptAnnouncement(entry, node, options, machine);
  try {
    await kept.begin(options.signal);
    return kept;
  } catch (error) {
    // It may have been heard all the same. A caller that gave up may end the process
    // next, and waits until that is taken back; a failure is told at once.
    const closed = kept.close();
    if (options.signal.aborted) await closed;
    throw error;
  }
}

class KeptAnnouncement implements Registration {
  readonly #entry: NodeEntry;
  readonly #options: RegisterOptions;
  readonly #machine: Machine;
  readonly #renewalMs: number;
  readonly #retry: Backoff;
  readonly #closer: AbortController = new AbortController();
  #node: NodeRecord;
  /** What the registry has heard; undefined after a failure, which leaves that open. */
  #announced: NodeRecord | undefined;
  #failures = 0;
  #timer: Timer | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(
    entry: NodeEntry,
    node: NodeRecord,
    options: RegisterOptions,
    machine: Machine,
  ) {
    this.#entry = entry;
    this.#node = node;
    this.#options = options;
    this.#machine = machine;
    this.#renewalMs = options.ttlMs / RENEWALS_PER_TTL;
    this.#retry = {
      firstMs: RETRY_FIRST_MS,
      factor: 2,
      longestMs: this.#renewalMs,
    };
  }

  begin(signal: AbortSignal): Promise<void> {
    return this.#next(() => this.#announce(signal));
  }

  update(node: NodeRecord): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closer.signal.reason);
    this.#node = node;
    return this.#next(() => this.#announce(this.#closer.signal));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return await this.#work;
    this.#closer.abort(
      new DiscoveryError(
        `The announcement at "${this.#entry.name}" was withdrawn`,
      ),
    );
    this.#timer?.cancel();
    const withdrawal = this.#next(() =>
      this.#timed(
        WITHDRAWAL_TIMEOUT_MS,
        new AbortController().signal,
        (signal) => this.#entry.withdraw(signal),
      )
    );
    // A registry that cannot be reached forgets the node when its time is up.
    await withdrawal.catch(() => {});
  }

  get #isClosed(): boolean {
    return this.#closer.signal.aborted;
  }

  #next(run: () => Promise<void>): Promise<void> {
    const done = this.#work.then(run);
    this.#work = done.catch(() => {});
    return done;
  }

  async #announce(parent: AbortSignal): Promise<void> {
    const node = this.#node;
    this.#announced = undefined;
    try {
      await this.#request(
        parent,
        (signal) => this.#entry.announce(node, signal),
      );
      this.#announced = node;
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#renewLater();
    }
  }

  async #renew(): Promise<void> {
    const { signal } = this.#closer;
    if (this.#announced !== this.#node) return await this.#announce(signal);
    try {
      const isKnown = await this.#request(
        signal,
        (signal) => this.#entry.renew(signal),
      );
      this.#failures = 0;
      if (!isKnown) return await this.#announce(signal);
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      this.#renewLater();
    }
  }

  #renewLater(): void {
    this.#timer?.cancel();
    if (this.#isClosed) return;
    const { clock, random } = this.#machine;
    const delayMs = this.#failures === 0
      ? this.#renewalMs
      : waitAfter(this.#retry, this.#failures);
    this.#timer = clock.after(jittered(delayMs, -JITTER, random), () => {
      this.#next(() => this.#renew()).catch((error: unknown) => {
        if (!this.#isClosed) this.#options.onError(this.#failureOf(error));
      });
    });
  }

  #request<T>(
    parent: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const ms = Math.min(
      Math.max(this.#renewalMs, REQUEST_TIMEOUT_MIN_MS),
      REQUEST_TIMEOUT_MAX_MS,
    );
    return this.#timed(ms, parent, work);
  }

  #timed<T>(
    ms: number,
    parent: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const late = new DiscoveryError(
      `"${this.#entry.name}" did not answer in ${ms} ms`,
    );
    return within(this.#machine.clock, ms, parent, late, work);
  }

  #failureOf(error: unknown): DiscoveryError {
    return error instanceof DiscoveryError ? error : new DiscoveryError(
      `Announcing at "${this.#entry.name}" failed`,
      { cause: error },
    );
  }
}
