/**
 * The clients of a test's cluster: connections of the client library, on a
 * node's side or on that of all clients.
 */
import {
  type ConnectOptions,
  withProviders,
} from "../../app/client_discovery.ts";
import { webDialler } from "../../app/web_dialler.ts";
import { NatsConnection } from "../../client/connection.ts";
import type { Status } from "../../client/api/status.ts";
import { deferred } from "../../core/deferred.ts";
import { MidgeError } from "../../core/errors.ts";
import type { Clock } from "../../platform/clock.ts";
import { runSoonOn } from "../../platform/turns.ts";
import { MortalClock } from "../time/mortal_clock.ts";
import { selfDriven } from "../time/self_driven.ts";
import type { World } from "./world.ts";

/** What `connect` of a cluster takes: the options of a client, and where it is. */
export interface ClusterConnectOptions extends ConnectOptions {
  /**
   * Told of this node only, by its index; of the others it hears from there.
   * Default: of all nodes, or of those in `servers`.
   */
  readonly node?: number;
  /**
   * Lives beside this node, by its index: whatever cuts that off cuts the client
   * off. It is told of this node only, unless `node` or `servers` say other.
   */
  readonly on?: number;
}

/** Where a client is, and whom it is told of. */
export interface ClientPlace {
  /** Undefined: among all clients. */
  readonly on: number | undefined;
  readonly servers: readonly string[];
}

/** What the clients have asked their servers. */
export interface Questions {
  /** Clients whose connection stands, and which have no answer yet. */
  missing(): string[];
  /** False when a connection broke before its answer came. */
  readonly isAnswered: boolean;
}

interface Client {
  readonly name: string;
  readonly on: number | undefined;
  readonly connection: NatsConnection;
  /** The connection's own, for which no time passes by itself. */
  readonly flush: () => Promise<void>;
}

export class Clients {
  /** What a callback of a client threw first. */
  thrown: Error | undefined;
  /** What becomes of such errors besides. */
  onThrown: (error: Error) => void = () => {};
  /** The clients are about to be closed: what is lost by that is no mistake. */
  isEnding = false;
  readonly #world: World;
  readonly #clients = new Set<Client>();
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Rejects as the library's `connect` does. */
  async connect(
    options: ConnectOptions,
    { on, servers }: ClientPlace,
  ): Promise<NatsConnection> {
    const { platform, pace } = this.#world;
    const name = `client ${++this.#count}`;
    const clock = new MortalClock(this.#world.clock);
    const random = this.#world.randomFor(name);
    const network = on === undefined
      ? this.#world.networkOfClients()
      : this.#world.networkOfNode(on);
    const onStatus = (status: Status): void => {
      if (status.type === "error") {
        this.heed(name, status.error, status.subject);
      }
      options.onStatus?.(status);
    };
    const tls = this.#tlsOf(options);
    const all = { servers, ...options, ...tls, onStatus };
    const { isVirtual } = this.#world.plan;
    const runSoon = isVirtual ? runSoonOn(clock) : platform.runSoon;
    const own = { ...platform, clock, random, runSoon };
    const opening = NatsConnection.open(
      withProviders(all, own),
      { ...own, network, dialWeb: webDialler(own) },
    );
    try {
      const connection = await pace.run(opening);
      const flush = connection.flush.bind(connection);
      this.#keep({ name, on, connection, flush }, clock);
      return isVirtual ? selfDriven(connection, pace) : connection;
    } catch (error) {
      // It may have been too slow for us, and come still.
      opening.then((connection) => connection.close(), () => {});
      clock.die();
      throw error;
    }
  }

  /** Where nodes have certificates, a client knows their authority. */
  #tlsOf({ tls = {} }: ConnectOptions): Pick<ConnectOptions, "tls"> {
    const { certificates } = this.#world;
    if (certificates === undefined || tls === null) return {};
    const { ca } = certificates.forClients;
    return { tls: { ...(tls.caFile === undefined && { ca }), ...tls } };
  }

  /**
   * The server complained, or the callback for `subject` threw: that would be an
   * assertion, or a mistake.
   */
  heed(name: string, error: Error, subject: string | undefined): void {
    const isOurs = error instanceof MidgeError;
    const isTheirs = !isOurs || (subject !== undefined && !this.isEnding);
    const text = isOurs ? error.message : error.stack ?? error.message;
    this.#world.tail.add(name, "ERR", text);
    if (!isTheirs) return;
    this.thrown ??= error;
    this.onThrown(error);
  }

  #keep(client: Client, clock: MortalClock): void {
    this.#clients.add(client);
    client.connection.closed().then(() => {
      this.#clients.delete(client);
      clock.die();
    });
  }

  /** Clients that are without a server, where they could have one. */
  missing(hasServerFor: (on: number | undefined) => boolean): string[] {
    return [...this.#clients]
      .filter(({ connection, on }) =>
        connection.getServer() === "" && hasServerFor(on)
      )
      .map(({ name }) => `${name} has no server`);
  }

  /** Asks each client's server whether it has handled what the client sent. */
  ask(): Questions {
    const asked = [...this.#clients]
      .filter(({ connection }) => connection.getServer() !== "");
    const open = new Set(asked);
    let isAnswered = true;
    for (const client of asked) {
      client.flush()
        .catch(() => isAnswered = false)
        .finally(() => open.delete(client));
    }
    return {
      missing: () =>
        [...open].map(({ name }) => `${name} gets no answer from its server`),
      get isAnswered(): boolean {
        return isAnswered;
      },
    };
  }

  /**
   * Resolves when what the clients have sent has arrived, and their callbacks
   * and loops are done with it, or after `limitMs`.
   */
  async idle(limitMs: number): Promise<void> {
    const clients = [...this.#clients];
    // The second answer comes behind what others had sent before the first.
    const flushed = (async () => {
      for (let round = 0; round < 2; round++) {
        await Promise.all(
          clients.filter(({ connection }) => connection.getServer() !== "")
            .map(({ flush }) => flush()),
        );
      }
    })();
    await firstOf(this.#world.clock, limitMs, flushed.catch(() => {}));
    await Promise.all(
      clients.map(({ connection }) => connection.idle(limitMs)),
    );
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#clients].map(({ connection }) => connection.close()),
    );
  }
}

/** Resolves with the work, or after `limitMs`. */
async function firstOf(
  clock: Clock,
  limitMs: number,
  work: Promise<void>,
): Promise<void> {
  const late = deferred<void>();
  const timer = clock.after(limitMs, late.resolve);
  await Promise.race([work, late.promise]);
  timer.cancel();
}
