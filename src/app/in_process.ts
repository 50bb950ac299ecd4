/**
 * A client in the broker's own process: the two are joined by a pair of sockets
 * in memory, so that no port is needed and no system call is made. For the
 * broker it is a client like all others, with a login, limits and a line in
 * `/connz`; only the maximum of connections does not hold for it. It ends with
 * the broker.
 */
import type { Broker } from "../broker/broker.ts";
import { NatsConnection } from "../client/connection.ts";
import type { ConnectionOptions } from "../client/api/options.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { type Flow, NO_FLOW } from "../platform/flow.ts";
import { connectedPair, type PipeEnd } from "../net/memory_socket.ts";
import { type RunSoon, runSoonOn } from "../platform/turns.ts";
import { type Network, NetworkError, type Socket } from "../platform/socket.ts";
import { runAtEndOfTask } from "../core/microtask.ts";

/** What `connect` takes, less all that is about finding a server. */
export type InProcessOptions = Omit<
  ConnectionOptions,
  | "servers"
  | "port"
  | "tls"
  | "discovery"
  | "discoveryPolicy"
  | "ignoreClusterUpdates"
  | "waitOnFirstConnect"
  | "reconnect"
>;

/** What there may be besides the broker's own platform. */
export interface LocalPlatform {
  /** Default: turns of the broker's clock. */
  readonly runSoon?: RunSoon | undefined;
  readonly flow?: Flow | undefined;
}

/** Stands for an address, as for Go's pipes. */
const PIPE = "pipe";
/** Bytes that one direction holds before its writer has to wait. */
const PIPE_BYTES = 1024 * 1024;

/**
 * Connects to a broker of this process. Rejects when it does not let us in, or
 * has stopped.
 */
export function connectInProcess(
  broker: Broker,
  options: InProcessOptions,
  platform: LocalPlatform = {},
): Promise<NatsConnection> {
  const { clock, random } = broker.host;
  const { runSoon = runSoonOn(clock), flow = NO_FLOW } = platform;
  return NatsConnection.open({
    ...options,
    servers: PIPE,
    tls: null,
    ignoreClusterUpdates: true,
    waitOnFirstConnect: false,
    reconnect: false,
  }, { network: networkOf(broker, runSoon), clock, random, flow });
}

/** A network in which there is one broker and nothing else. */
function networkOf(broker: Broker, runSoon: RunSoon): Network {
  return {
    listen: () => Promise.reject(noSuch("listen")),
    lookup: (host) => Promise.resolve([host]),
    dial: () => {
      const [near, far] = pipe(broker.host.clock, runSoon);
      if (broker.join(far)) return Promise.resolve(near);
      return Promise.reject(noSuch("dial"));
    },
  };
}

function noSuch(verb: string): NetworkError {
  return new NetworkError(`${verb} ${PIPE}: no server`, "ECONNREFUSED");
}

function pipe(clock: Clock, runSoon: RunSoon): [Socket, Socket] {
  const end: PipeEnd = { machine: PIPE, address: { host: PIPE, port: 0 } };
  return connectedPair(
    {
      clock: new SwiftClock(clock, runSoon),
      random: undefined,
      capacity: PIPE_BYTES,
      delay: () => 0,
      isCut: () => false,
      afterHeal: () => {},
      closed: () => {},
    },
    end,
    end,
  );
}

/** Turns that may follow each other before the rest of the process has its own. */
const TURNS_IN_A_ROW_MAX = 64;

/** A clock on which no time means the next microtask, and not a millisecond. */
class SwiftClock implements Clock {
  readonly #clock: Clock;
  readonly #runSoon: RunSoon;
  #turns = 0;

  constructor(clock: Clock, runSoon: RunSoon) {
    this.#clock = clock;
    this.#runSoon = runSoon;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(delayMs: number, run: () => void): Timer {
    if (delayMs > 0) return this.#clock.after(delayMs, run);
    const mayHurry = ++this.#turns % TURNS_IN_A_ROW_MAX !== 0;
    const soon = mayHurry ? runAtEndOfTask : this.#runSoon;
    let isCancelled = false;
    soon(() => {
      if (!isCancelled) run();
    });
    return { cancel: () => void (isCancelled = true) };
  }
}
