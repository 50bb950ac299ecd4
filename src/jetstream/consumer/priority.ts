/**
 * Which of the requests that wait for messages may be served, where a consumer
 * has priority groups.
 *
 * NATS JetStream (priority groups): `overflow` serves a request once enough
 * messages are there or wait for an acknowledgement, `prioritized` the lowest
 * number first, and `pinned_client` one client, which names itself by the id that
 * came with its messages, until it asks for none in time or is unpinned.
 */
import { Nuid } from "../../core/nuid.ts";
import type { Timer } from "../../platform/clock.ts";
import { usOf } from "../moments.ts";
import type { ConsumerConfig } from "./consumer_config.ts";
import type { Deliverer } from "./delivery_news.ts";
import { PullRefusal, type PullRequest } from "./pull_request.ts";
import type { Selection } from "./selection.ts";

const US_PER_MS = 1000;

/** The consumer that is asked. */
interface Asked extends Deliverer {
  readonly config: ConsumerConfig;
  readonly selection: Selection;
  pump(): void;
}

/** The one client that is served. */
interface Pin {
  readonly id: string;
  readonly group: string;
  /** In microseconds. */
  readonly sinceUs: number;
}

/** What a request says of its priority. */
export type Claim = Pick<
  PullRequest,
  "group" | "min_pending" | "min_ack_pending" | "id" | "priority"
>;

export class Priority {
  readonly #consumer: Asked;
  readonly #ids: Nuid;
  #pin: Pin | undefined = undefined;
  #timer: Timer | undefined = undefined;

  constructor(consumer: Asked) {
    this.#consumer = consumer;
    this.#ids = new Nuid(consumer.stream.host.random);
  }

  get pin(): Pin | undefined {
    return this.#isPinning ? this.#pin : undefined;
  }

  get #isPinning(): boolean {
    return this.#consumer.config.priority_policy === "pinned_client";
  }

  /** The place of a request in the queue; lower ones come first. */
  rank({ priority }: Claim): number {
    const { priority_policy } = this.#consumer.config;
    return priority_policy === "prioritized" ? priority : 0;
  }

  /** A request has come. Throws a `PullRefusal` where another client is pinned. */
  claimed({ id }: Claim): void {
    const { pin } = this;
    if (pin === undefined || id === "") return;
    if (id !== pin.id) throw new PullRefusal("423 Nats-Pin-Id mismatch");
    this.#watch();
  }

  /** Whether a request may be served now; `wrong`: its client is not the pinned one. */
  verdict(claim: Claim): "now" | "later" | "wrong" {
    switch (this.#consumer.config.priority_policy) {
      case "overflow":
        return this.#isOverflowing(claim) ? "now" : "later";
      case "pinned_client":
        if (claim.id === (this.#pin?.id ?? "")) return "now";
        return claim.id === "" ? "later" : "wrong";
      default:
        return "now";
    }
  }

  /** A request is about to be served. Gives the header that its message has for that. */
  serve(claim: Claim): string | undefined {
    if (!this.#isPinning) return undefined;
    if (this.#pin === undefined && claim.group !== "") this.#pinTo(claim.group);
    return `Nats-Pin-Id: ${this.#pin?.id ?? ""}`;
  }

  /** The next client that asks is pinned. */
  unpin(reason: "admin" | "timeout", group: string): void {
    this.stop();
    this.#pin = undefined;
    const { name, stream } = this.#consumer;
    const facts = { stream: stream.name, consumer: name, group, reason };
    stream.host.advisories.group("UNPINNED", "unpinned", facts);
    // Behind the answer to the request that asked for it.
    stream.host.clock.after(0, () => this.#consumer.pump());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #isOverflowing({ min_pending, min_ack_pending }: Claim): boolean {
    if (min_pending <= 0 && min_ack_pending <= 0) return true;
    const { selection, progress } = this.#consumer;
    return min_pending > 0 && selection.pending >= min_pending ||
      min_ack_pending > 0 && progress.pending.size >= min_ack_pending;
  }

  #pinTo(group: string): void {
    const { name, stream } = this.#consumer;
    const { advisories, moments } = stream.host;
    this.#pin = { id: this.#ids.next(), group, sinceUs: moments.nowUs() };
    this.#watch();
    advisories.group("PINNED", "pinned", {
      stream: stream.name,
      consumer: name,
      group,
      pinned_id: this.#pin.id,
    });
  }

  /** It is pinned for a while from now on. */
  #watch(): void {
    const { config, stream: { host: { clock } } } = this.#consumer;
    const { priority_timeout = 0 } = config;
    this.stop();
    this.#timer = clock.after(usOf(priority_timeout) / US_PER_MS, () => {
      if (this.#pin !== undefined) this.unpin("timeout", this.#pin.group);
    });
  }
}
