/** A provider that says what the test tells it to, and counts how often it is asked. */
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type ResolveOptions,
  type Snapshot,
  type WatchOptions,
} from "../../src/discovery/discovery.ts";
import type { FakeServer } from "./fake_server.ts";

type Named = FakeServer | string | Endpoint;

export class FakeDiscovery implements Discovery {
  readonly name: string;
  /** Reasons of all questions. */
  readonly asked: string[] = [];
  /** What the next questions are answered with. */
  isDown = false;
  #endpoints: readonly Endpoint[];

  constructor(named: readonly Named[] = [], name: string = "fake") {
    this.name = name;
    this.#endpoints = named.map(endpointOf);
  }

  names(...named: readonly Named[]): void {
    this.#endpoints = named.map(endpointOf);
  }

  resolve({ reason }: ResolveOptions): Promise<Snapshot> {
    this.asked.push(reason);
    if (this.isDown) return Promise.reject(new DiscoveryError("It is down"));
    return Promise.resolve(this.snapshot());
  }

  protected snapshot(): Snapshot {
    return { endpoints: this.#endpoints, authoritative: true };
  }
}

/** One that pushes what it is told. */
export class PushingDiscovery extends FakeDiscovery {
  #next = Promise.withResolvers<void>();

  override names(...named: readonly Named[]): void {
    super.names(...named);
    this.#next.resolve();
  }

  async *watch({ signal }: WatchOptions): AsyncGenerator<Snapshot> {
    while (!signal.aborted) {
      this.#next = Promise.withResolvers();
      await this.#next.promise;
      yield this.snapshot();
    }
  }
}

function endpointOf(named: Named): Endpoint {
  if (typeof named === "string") return { url: `nats://${named}` };
  return "url" in named ? named : { url: `nats://${named.listen}` };
}
