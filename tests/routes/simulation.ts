/**
 * Servers on machines of a network in memory, on a clock that the test moves:
 * minutes of dials, PINGs and faults in milliseconds, the same for the same
 * seed.
 */
import { seededRandom } from "../support/random.ts";
import {
  startMidge,
  type TestOptions,
  type TestServer,
} from "../support/midge.ts";
import type { TestContext } from "../support/test.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import type { Random } from "../../src/platform/clock.ts";
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import { MemoryNetwork } from "../../src/net/memory.ts";
import type { Network, Socket } from "../../src/platform/socket.ts";
import { connectText, infoText } from "./route_peer.ts";

export const ROUTE_PORT = 6222;
export const CLIENT_PORT = 4222;

/** One attempt to reach another server. */
export interface Dial {
  readonly from: string;
  readonly to: string;
  /** Milliseconds since the beginning. */
  readonly at: number;
}

export class Simulation {
  readonly clock: VirtualClock = new VirtualClock();
  readonly random: Random;
  readonly network: MemoryNetwork;
  readonly dials: Dial[] = [];
  readonly #t: TestContext;

  constructor(
    t: TestContext,
    seed: number,
    delayMs: number = 2,
    names: Readonly<Record<string, readonly string[]>> = {},
  ) {
    this.#t = t;
    this.random = seededRandom(seed);
    this.network = new MemoryNetwork(this.clock, this.random, {
      delayMs,
      names,
    });
  }

  /** Starts a server on a machine, whose name is an address such as `10.0.0.1`. */
  start(
    machine: string,
    options: TestOptions = {},
    makers?: DiscoveryMakers,
  ): Promise<TestServer> {
    const { cluster, ...others } = options;
    return startMidge(this.#t, {
      host: machine,
      port: CLIENT_PORT,
      serverName: machine,
      ...others,
      cluster: { host: machine, port: ROUTE_PORT, ...cluster },
    }, {
      network: this.#noted(machine),
      clock: this.clock,
      random: this.random,
      ...(makers && { discovery: makers }),
    });
  }

  /** The times of all dials to a machine, from the first one on. */
  dialsTo(machine: string): number[] {
    const times = this.dials.filter(({ to }) => to === machine)
      .map(({ at }) => at);
    return times.map((at) => at - times[0]!);
  }

  /** Waits until each server has a route to every other one. */
  meshed(servers: readonly TestServer[], limitMs?: number): Promise<void> {
    return this.clock.advanceUntil(() => isMesh(servers), limitMs);
  }

  /** A connection that the test makes from one machine to another one's route port. */
  async knock(from: string, to: string): Promise<Mute> {
    const dialling = this.network.on(from).dial(routeOn(to));
    await this.clock.advance(10);
    return new Mute(await dialling);
  }

  /** A route that the test makes from one machine to another. */
  async join(from: string, to: string): Promise<Mute> {
    const peer = await this.knock(from, to);
    peer.say(connectText({}) + infoText({}));
    await this.clock.advance(10);
    return peer;
  }

  #noted(machine: string): Network {
    const network = this.network.on(machine);
    return {
      listen: network.listen,
      lookup: network.lookup,
      dial: (to, options) => {
        const at = this.clock.monotonic();
        this.dials.push({ from: machine, to: to.host, at });
        return network.dial(to, options);
      },
    };
  }
}

/** A route to dial, on a machine. */
export function routeOn(machine: string): { host: string; port: number } {
  return { host: machine, port: ROUTE_PORT };
}

export function isMesh(servers: readonly TestServer[]): boolean {
  return servers.every(({ server }) =>
    servers.every((other) =>
      other.server === server ||
      server.cluster!.routes.has(other.server.broker.identity.id)
    ) && server.cluster!.routes.size === servers.length - 1
  );
}

/** A machine that takes or makes a connection and says what the test says. */
export class Mute {
  /** Everything that has arrived. */
  received = "";
  ended = false;
  readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.open({
      onData: (chunk) => this.received += byteString(chunk),
      onDrain: () => {},
      onClose: () => this.ended = true,
    });
  }

  say(text: string): void {
    this.socket.write(asciiBytes(text));
  }
}
