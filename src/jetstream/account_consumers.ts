/**
 * The consumers of an account's streams: how they are made, taken up after a
 * restart, changed and deleted. What a request may ask for is checked before.
 */
import type { Steps } from "../core/steps.ts";
import { ApiError } from "./api/api_error.ts";
import { Consumer } from "./consumer/consumer.ts";
import { type ConsumerConfig, patternsOf } from "./consumer/consumer_config.ts";
import { Inactivity } from "./consumer/inactivity.ts";
import { Pulling, tellWaiting } from "./consumer/pulling.ts";
import { Pushing } from "./consumer/pushing.ts";
import { savedConsumers } from "./consumer/saved_consumer.ts";
import { usOf } from "./moments.ts";
import type { Stream } from "./stream/stream.ts";
import type { StreamHost } from "./stream/stream_host.ts";

/** A stream with its consumers, by their names. */
export interface StreamConsumers {
  readonly stream: Stream;
  readonly consumers: Map<string, Consumer>;
}

export class AccountConsumers {
  readonly #host: StreamHost;
  readonly #streams: ReadonlyMap<string, StreamConsumers>;

  /** `streams`: those of the account, by name. */
  constructor(host: StreamHost, streams: ReadonlyMap<string, StreamConsumers>) {
    this.#host = host;
    this.#streams = streams;
  }

  /** Makes a consumer, whose configuration has been checked. */
  add(
    { stream, consumers }: StreamConsumers,
    name: string,
    config: ConsumerConfig,
  ): Consumer {
    const { moments } = this.#host;
    const consumer = new Consumer(name, config, stream, moments.nowUs());
    consumers.set(name, consumer);
    stream.changed(consumer);
    if (!config.direct) {
      this.#host.advisories.consumer(stream.name, name, "create");
    }
    return consumer;
  }

  /** A consumer that was added hands messages out from now on. */
  start(consumer: Consumer): void {
    consumer.start();
    this.#openDemand(consumer);
    this.#watchUse(consumer);
  }

  #openDemand(consumer: Consumer): void {
    consumer.demand = consumer.config.deliver_subject === undefined
      ? new Pulling(consumer)
      : new Pushing(consumer);
  }

  /** A consumer that nobody uses for too long is deleted. */
  #watchUse(consumer: Consumer): void {
    consumer.inactivity?.stop();
    const { name, stream, config: { inactive_threshold } } = consumer;
    if (!inactive_threshold) return;
    consumer.inactivity = new Inactivity(
      this.#host.clock,
      usOf(inactive_threshold) / 1000,
      () => ({
        isInUse: consumer.demand?.isInUse === true,
        lastUse: consumer.lastUse,
      }),
      () => {
        const open = this.#streams.get(stream.name);
        if (open?.consumers.get(name) === consumer) {
          this.delete(open, name);
        }
      },
    );
  }

  /** A consumer, unless it has gone, becomes what `config` says, which has been checked. */
  update(consumer: Consumer, config: ConsumerConfig): void {
    const { name, stream, config: { deliver_subject: to } } = consumer;
    const open = this.#streams.get(stream.name);
    if (open?.consumers.get(name) !== consumer) return;
    consumer.reconfigure(config);
    if (to !== config.deliver_subject) {
      consumer.demand?.stop();
      this.#openDemand(consumer);
      // NATS JetStream: what waits comes again where messages go from now on.
      consumer.deliverAgain();
    }
    this.#watchUse(consumer);
  }

  /** Throws an `ApiError` where there is no consumer of that name. */
  delete({ consumers }: StreamConsumers, name: string): void {
    const consumer = consumers.get(name);
    if (consumer === undefined) throw new ApiError(10014);
    consumers.delete(name);
    tellWaiting(consumer, "409 Consumer Deleted");
    consumer.stop();
    consumer.forget();
    consumer.stream.readersChanged();
    if (!consumer.config.direct) {
      this.#host.advisories.consumer(consumer.stream.name, name, "delete");
    }
  }

  /** The consumers that a stream has from an earlier life of the server, before they are started. */
  *restore({ stream, consumers }: StreamConsumers): Steps<void> {
    const kept = (prefix: string): Iterable<readonly [string, string]> =>
      stream.kept(prefix);
    for (const saved of savedConsumers(kept)) {
      const { name, config, createdUs } = saved;
      const filter = stream.index.subjects.filter(patternsOf(config));
      while (!filter.learnPart()) yield;
      const consumer = new Consumer(name, config, stream, createdUs);
      consumers.set(name, consumer);
      filter.release();
      consumer.restore(saved);
      yield;
    }
  }

  /** Those that were restored go on. */
  startAll({ stream, consumers }: StreamConsumers, isServing: boolean): void {
    for (const consumer of consumers.values()) this.start(consumer);
    stream.readersRestored(isServing);
  }
}
