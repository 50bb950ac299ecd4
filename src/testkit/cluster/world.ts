/**
 * Where a test's nodes and clients live: a clock, networks with faults, chance,
 * and the log of all. On sockets that is the machine's; in memory it is made
 * from the seed.
 *
 * More than a dozen members: because all of a test's cluster lives in it.
 */
import type { Clock, Random } from "../../platform/clock.ts";
import { OUTSIDE } from "../faults/exchange.ts";
import { LinkedNetworks } from "../faults/linked_networks.ts";
import { MemoryNetwork } from "../../net/memory.ts";
import type { PlacedNetwork } from "../faults/placed_network.ts";
import { ClusterError, logText } from "./failure.ts";
import { LogTail } from "./log_tail.ts";
import { MortalClock } from "../time/mortal_clock.ts";
import { machineOf } from "./node_options.ts";
import { type Pace, RealPace, VirtualPace } from "../time/pace.ts";
import type { TestPlatform } from "./platform.ts";
import { seededRandom, seedFor } from "../time/random.ts";
import { KitCertificates } from "../tls/kit_certificates.ts";
import type { Plan } from "./setup.ts";
import type { ManualClock } from "../time/manual_clock.ts";

/** Where clients are that are on no node's side. */
const CLIENT_MACHINE = "10.1.0.1";
/** Lines of each node that come with a failure. */
const FAILURE_LINES = 15;

export class World {
  readonly plan: Plan;
  readonly platform: TestPlatform;
  readonly clock: Clock;
  readonly tail: LogTail;
  readonly networks: LinkedNetworks;
  readonly pace: Pace;
  /** Undefined without TLS, and before `prepare`. */
  certificates: KitCertificates | undefined;
  /** When something has happened at a socket or in a log last, by the machine's clock. */
  activeAtMs: number;
  /** What networks have pending dies with the world. */
  readonly #networkClock: MortalClock;
  /** Undefined: the machine's sockets. */
  readonly #memory: MemoryNetwork | undefined;

  constructor(plan: Plan, platform: TestPlatform) {
    const virtual = plan.isVirtual ? platform.virtualClock() : undefined;
    this.plan = plan;
    this.platform = platform;
    this.clock = virtual ?? platform.clock;
    this.tail = new LogTail(this.clock);
    this.#networkClock = new MortalClock(this.clock);
    this.networks = new LinkedNetworks(this.#networkClock);
    this.#memory = plan.inMemory
      ? new MemoryNetwork(this.#networkClock, this.randomFor("network"))
      : undefined;
    this.pace = this.#paceOn(virtual);
    this.activeAtMs = platform.clock.monotonic();
    this.tail.onLine = () => this.#happened();
    this.networks.onActivity = () => this.#happened();
  }

  /** Makes what nodes and clients need before the first of them. */
  async prepare(): Promise<void> {
    if (!this.plan.hasTls) return;
    const { clock, makeKeyPair } = this.platform;
    const random = this.randomFor("certificates");
    this.certificates = await KitCertificates.create({
      clock,
      random,
      makeKeyPair,
    });
  }

  /** Chance for `who`, which does not depend on what others draw. */
  randomFor(who: string): Random {
    const { seed } = this.plan;
    return seed === undefined
      ? this.platform.random
      : seededRandom(seedFor(seed, who));
  }

  networkOfNode(index: number): PlacedNetwork {
    return this.#networkAt(placeOfNode(index), machineOf(this.plan, index));
  }

  networkOfClients(): PlacedNetwork {
    return this.#networkAt(OUTSIDE, CLIENT_MACHINE);
  }

  failure(message: string): ClusterError {
    const { seed } = this.plan;
    const log = logText(this.tail.lines(undefined, FAILURE_LINES));
    const named = seed === undefined ? message : `${message} (seed ${seed})`;
    return new ClusterError(log === "" ? named : `${named}\n${log}`, seed);
  }

  /** Closes what is open still, and forgets what is pending. */
  async end(): Promise<void> {
    this.networks.discard();
    await this.pace.until(
      "The cluster's sockets did not close",
      () => this.networks.isIdle ? [] : ["one is open still"],
    );
    this.#networkClock.die();
  }

  #happened(): void {
    this.activeAtMs = this.platform.clock.monotonic();
    this.pace.happened();
  }

  #networkAt(place: string, machine: string): PlacedNetwork {
    return this.#memory === undefined
      ? this.networks.at(place, this.platform.network)
      : this.networks.at(place, this.#memory.on(machine), machine);
  }

  #paceOn(virtual: ManualClock | undefined): Pace {
    const { limitMs } = this.plan;
    const fail = (
      what: string,
      limit: number,
      missing: readonly string[],
    ): ClusterError => {
      const named = missing.filter((one) => one !== "");
      const list = named.length === 0 ? "" : `: ${named.join("; ")}`;
      return this.failure(`${what} within ${limit} ms${list}`);
    };
    return virtual === undefined
      ? new RealPace(this.platform.clock, this.platform.turn, limitMs, fail)
      : new VirtualPace(virtual, limitMs, fail);
  }
}

/** The name that the networks know a node's place by. */
export function placeOfNode(index: number): string {
  return `${index}`;
}
