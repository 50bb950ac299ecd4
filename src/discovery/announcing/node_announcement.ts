/**
 * This node at one registry: announced, kept up to date, and taken back. A
 * registry that is down is tried again and again, at longer and longer
 * intervals; nobody waits for it. The registrar renews what it announced.
 */
import { type Backoff, jittered, waitAfter } from "../../core/backoff.ts";
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import type { Logger } from "../../core/log.ts";
import { printableText } from "../../core/quote.ts";
import { DiscoveryError } from "../discovery.ts";
import type { Registrar, Registration } from "../registrar.ts";
import type { NodeRecord } from "../node_record.ts";
import { untilAborted } from "../until_aborted.ts";

const ATTEMPT_TIMEOUT_MS = 5000;
/** Between two attempts at a registry that failed. */
const RETRY: Backoff = { firstMs: 1000, factor: 2, longestMs: 30_000 };
/** A wait is longer by up to this part of it, so that a herd spreads out. */
const RETRY_JITTER = 0.2;
/** Renewals that fail are reported no more often than this. */
const REPORT_EVERY_MS = 60_000;

/** What announcing stands on. */
export interface AnnouncerPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export class NodeAnnouncement {
  readonly #registrar: Registrar;
  readonly #platform: AnnouncerPlatform;
  readonly #ttlMs: number;
  readonly #ender = new AbortController();
  #wanted: NodeRecord | undefined = undefined;
  #told: NodeRecord | undefined = undefined;
  #registration: Registration | undefined = undefined;
  #busy: Promise<void> | undefined = undefined;
  /** Set while it waits for the next attempt. */
  #retry: Timer | undefined = undefined;
  #failures = 0;
  #reportedAt = -Infinity;

  constructor(
    registrar: Registrar,
    platform: AnnouncerPlatform,
    ttlMs: number,
  ) {
    this.#registrar = registrar;
    this.#platform = platform;
    this.#ttlMs = ttlMs;
  }

  /** Has `node` announced, sooner or later; tells what is new of it when it is already. */
  announce(node: NodeRecord): void {
    this.#wanted = node;
    this.#goOn();
  }

  /** Takes the announcement back, as far as the registry can be reached. Never rejects. */
  async withdraw(): Promise<void> {
    this.#ender.abort(
      new DiscoveryError(`The announcement at "${this.#name}" is withdrawn`),
    );
    this.#retry?.cancel();
    await this.#busy;
    if (this.#registration === undefined) return;
    this.#platform.log.notice(`Withdrawing from ${this.#name}`);
    await this.#registration.close();
  }

  get #name(): string {
    return this.#registrar.name;
  }

  #goOn(): void {
    const isDone = this.#wanted === this.#told || this.#ender.signal.aborted;
    if (isDone || this.#busy !== undefined || this.#retry !== undefined) return;
    this.#busy = this.#tell(this.#wanted!).finally(() => {
      this.#busy = undefined;
      this.#goOn();
    });
  }

  /** One attempt. Never rejects. */
  async #tell(node: NodeRecord): Promise<void> {
    const { clock } = this.#platform;
    const attempt = new AbortController();
    const timer = clock.after(ATTEMPT_TIMEOUT_MS, () => {
      attempt.abort(
        new DiscoveryError(`No answer within ${ATTEMPT_TIMEOUT_MS / 1000} s`),
      );
    });
    const signal = AbortSignal.any([this.#ender.signal, attempt.signal]);
    try {
      await this.#send(node, signal);
      this.#succeeded(node);
    } catch (error) {
      this.#failed(error);
    } finally {
      timer.cancel();
    }
  }

  async #send(node: NodeRecord, signal: AbortSignal): Promise<void> {
    if (this.#registration !== undefined) {
      return await untilAborted(this.#registration.update(node), signal);
    }
    this.#registration = await this.#registrar.register(node, {
      ttlMs: this.#ttlMs,
      signal,
      onError: (error) => this.#renewalFailed(error),
    });
  }

  #succeeded(node: NodeRecord): void {
    const { log } = this.#platform;
    if (this.#told === undefined) log.notice(`Announced at ${this.#name}`);
    else log.debug(`Announced anew at ${this.#name}`);
    this.#told = node;
    this.#failures = 0;
  }

  #failed(error: unknown): void {
    if (this.#ender.signal.aborted) return;
    const { clock, log, random } = this.#platform;
    this.#failures++;
    const line =
      `Error announcing at ${this.#name} (attempt ${this.#failures}): ` +
      textOf(error);
    if (this.#failures === 1) log.error(line);
    else log.debug(line);
    const waitMs = jittered(
      waitAfter(RETRY, this.#failures),
      RETRY_JITTER,
      random,
    );
    this.#retry = clock.after(waitMs, () => {
      this.#retry = undefined;
      this.#goOn();
    });
  }

  #renewalFailed(error: DiscoveryError): void {
    const { clock, log } = this.#platform;
    const line = `Error renewing the announcement at ${this.#name}: ` +
      textOf(error);
    const isDue = clock.monotonic() - this.#reportedAt >= REPORT_EVERY_MS;
    if (!isDue) return log.debug(line);
    this.#reportedAt = clock.monotonic();
    log.error(line);
  }
}

function textOf(error: unknown): string {
  return printableText(error instanceof Error ? error.message : String(error));
}
