/**
 * The setting of the tests with scripted servers: a network in memory on a
 * clock that the test moves, from one seed.
 */
import assert from "node:assert/strict";
import { NatsConnection } from "../../src/client/connection.ts";
import type { ConnectionOptions } from "../../src/client/api/options.ts";
import type { Status } from "../../src/client/api/status.ts";
import type { ClientRuntime } from "../../src/client/link.ts";
import type { Clock } from "../../src/platform/clock.ts";
import type { Network } from "../../src/platform/socket.ts";
import type { WebTarget } from "../../src/platform/web_dialler.ts";
import { flow } from "../../src/runtime/process/flow.ts";
import { MemoryNetwork } from "../../src/net/memory.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import type { Cleanup } from "../support/temp.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { FakeServer, type FakeServerOptions } from "./fake_server.ts";
import { rejection } from "../support/rejection.ts";

const SEED = freshSeed();
console.log(`seed ${SEED}`);

export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: MemoryNetwork;
  /** `host:port` and time of each dial. */
  readonly dials: { readonly to: string; readonly at: number }[] = [];
  /** The WebSockets that were dialled; what is in one goes to the server as it is. */
  readonly webs: WebTarget[] = [];
  readonly #t: Cleanup;
  readonly #names: Readonly<Record<string, string[]>>;

  /** The addresses of `names` may change meanwhile. */
  constructor(t: Cleanup, names: Readonly<Record<string, string[]>> = {}) {
    this.#t = t;
    this.#names = names;
    const random = seededRandom(SEED);
    this.network = new MemoryNetwork(this.clock, random);
  }

  async server(options: FakeServerOptions = {}): Promise<FakeServer> {
    const server = await FakeServer.start(this.network, options);
    this.#t.after(() => server.stop());
    return server;
  }

  /** Starts to connect; by default in the given order, with 1 s between attempts. */
  open(
    servers: readonly (FakeServer | string)[],
    options: ConnectionOptions = {},
    clock: Clock = this.clock,
    others: Partial<ClientRuntime> = {},
  ): Promise<NatsConnection> {
    return NatsConnection.open({
      servers: servers.map((s) => typeof s === "string" ? s : s.listen),
      noRandomize: true,
      reconnectTimeWait: 1000,
      reconnectJitter: 0,
      ...options,
    }, {
      network: this.#recording(),
      dialWeb: (network, host, target) => {
        this.webs.push(target);
        return network.dial({ host, port: target.port });
      },
      clock,
      random: seededRandom(SEED),
      flow,
      ...others,
    });
  }

  /** Connects as `open` does, and closes when the test ends. */
  async connect(
    servers: readonly (FakeServer | string)[],
    options: ConnectionOptions = {},
    clock: Clock = this.clock,
  ): Promise<NatsConnection> {
    const client = await this.settled(this.open(servers, options, clock));
    this.#t.after(async () => {
      await this.settled(client.close());
      assert.equal(client.isClosed(), true);
    });
    return client;
  }

  /** What a promise comes to when time goes on. Only one wait may move the time at once. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const done = (): void => void (isSettled = true);
    promise.then(done, done);
    await this.until(() => isSettled);
    return await promise;
  }

  /** The error that a promise rejects with when time goes on. */
  failure(promise: Promise<unknown>): Promise<unknown> {
    return this.settled(rejection(promise));
  }

  /** Lets time go on until something is so. */
  until(isReached: () => boolean): Promise<void> {
    return this.clock.advanceUntil(isReached, 600_000);
  }

  #recording(): Network {
    const { network, clock, dials } = this;
    return {
      listen: (at, options, onSocket) => network.listen(at, options, onSocket),
      lookup: (host) => {
        const addresses = this.#names[host];
        return addresses === undefined
          ? network.lookup(host)
          : Promise.resolve(addresses);
      },
      dial: (to, options) => {
        dials.push({ to: `${to.host}:${to.port}`, at: clock.monotonic() });
        return network.dial(to, options);
      },
    };
  }
}

/** Collects events as they come. */
export function eventsOf(client: NatsConnection): Status[] {
  const events: Status[] = [];
  const collect = async (): Promise<void> => {
    for await (const event of client.status()) events.push(event);
  };
  collect();
  return events;
}

/** Events without the errors in them, to be compared as a whole. */
export function withoutReasons(events: readonly Status[]): object[] {
  return events.map((event) => {
    if (event.type !== "disconnect") return event;
    const { reason: _, ...rest } = event;
    return rest;
  });
}
