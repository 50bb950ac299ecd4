/**
 * One node of a test's cluster and its lives, one after the other. A life has a
 * network, a clock and a log of its own, so that a kill takes all of it away at
 * once, as the end of a process does.
 *
 * More than a dozen members: because the cluster asks each node for all that it
 * shows of it.
 */
import type { ServerConfig } from "../../app/config.ts";
import { Server } from "../../app/server.ts";
import type { ServerOptions } from "../../options/options.ts";
import type { PlacedNetwork } from "../faults/placed_network.ts";
import { type Address, NetworkError } from "../../platform/socket.ts";
import type { LoadStorage } from "../../platform/storage.ts";
import { runSoonOn } from "../../platform/turns.ts";
import { type LogLine, NodeLog } from "./log_tail.ts";
import { TestDisk } from "../disk/test_disk.ts";
import { MortalClock } from "../time/mortal_clock.ts";
import {
  leavesPortOpen,
  nodeOptions,
  withPorts,
  withPortsOf,
  withRoutes,
} from "./node_options.ts";
import { connectedWhile } from "../faults/plug.ts";
import type { World } from "./world.ts";

/** A node of a cluster, living or dead. */
export interface ClusterNode {
  /** From 0, in the order of joining. */
  readonly index: number;
  /** `node-a`, `node-b`, ..., or the `server_name` of its options. */
  readonly name: string;
  /** Where its clients connect; it keeps its port while it is dead. */
  readonly url: string;
  /** Where its clients connect by WebSocket; undefined without such a port. */
  readonly websocketUrl: string | undefined;
  readonly alive: boolean;
  /** Undefined while it is dead; after a restart, another one. */
  readonly server: Server | undefined;
  /** Where its streams are, from life to life. */
  readonly disk: TestDisk;
  /** The last lines of its log, those of earlier lives included. */
  log(): LogLine[];
}

interface Life {
  readonly server: Server;
  readonly network: PlacedNetwork;
  readonly clock: MortalClock;
  readonly log: NodeLog;
}

/** Sets of ports that are tried before a node gives up, when another program has one of them. */
const PORT_TRIES = 20;

export class TestNode implements ClusterNode {
  readonly index: number;
  readonly name: string;
  readonly disk: TestDisk;
  /** Of its last server. */
  id = "";
  readonly #world: World;
  readonly #hasRoutes: boolean;
  #options: ServerOptions;
  #url = "";
  #websocketUrl: string | undefined;
  #routeAddress: Address | undefined;
  #life: Life | undefined;
  #lives = 0;
  /** Resolves when the last life is over, and its ports are free. */
  #ended: Promise<void> = Promise.resolve();

  /** Throws for options that make no sense. */
  constructor(world: World, index: number, config: ServerConfig) {
    this.index = index;
    this.#world = world;
    this.#options = nodeOptions(world, index, config);
    this.#hasRoutes = config.cluster?.routes !== undefined;
    this.name = this.#options.serverName;
    this.disk = new TestDisk(this.name);
  }

  get url(): string {
    return this.#url;
  }

  get websocketUrl(): string | undefined {
    return this.#websocketUrl;
  }

  /** Where other nodes connect; undefined without a route port. */
  get routeAddress(): Address | undefined {
    return this.#routeAddress;
  }

  get alive(): boolean {
    return this.#life !== undefined;
  }

  get server(): Server | undefined {
    return this.#life?.server;
  }

  log(): LogLine[] {
    return this.#world.tail.lines(this.name);
  }

  /**
   * Starts a life, in which it dials `others` unless its options name routes.
   * Rejects as `startServer` does.
   */
  async start(others: readonly Address[]): Promise<void> {
    await this.#ended;
    if (!this.#hasRoutes) this.#options = withRoutes(this.#options, others);
    const life = await this.#begin();
    const { server } = life;
    this.#life = life;
    this.id = server.broker.identity.id;
    this.#options = withPortsOf(this.#options, server);
    this.#url = server.url;
    this.#websocketUrl = server.websocketUrl;
    this.#routeAddress = server.clusterAddress;
    void server.stopped.then(() => this.#buryIf(life));
  }

  /** A server that the test has stopped itself, by `lameDuck` say, is a dead node as well. */
  #buryIf(life: Life): void {
    if (this.#life !== life) return;
    this.stop().catch(() => {});
    this.#world.pace.happened();
  }

  /** As `kill -9`. */
  kill(): Promise<void> {
    return this.#endLife(async ({ log, network, server }) => {
      log.mute();
      network.unplug();
      this.disk.die();
      await server.stop();
    });
  }

  /** The streams of a dead node are gone, as with a new disk. */
  async wipe(): Promise<void> {
    await this.#ended;
    this.disk.wipe();
  }

  /** In peace. */
  stop(): Promise<void> {
    return this.#endLife(async ({ network, server }) => {
      await server.stop();
      await this.#world.pace.until(
        `The connections of ${this.name} did not end`,
        () => network.isIdle ? [] : ["one is held open"],
      );
    });
  }

  /** Ends the life that there is; of one that ends already it waits for the end. */
  #endLife(end: (life: Life) => Promise<void>): Promise<void> {
    const life = this.#life;
    if (life === undefined) return this.#ended;
    this.#life = undefined;
    const ending = end(life).finally(() => life.clock.die());
    this.#ended = ending.catch(() => {});
    return ending;
  }

  /** A life at ports that nobody else has. */
  async #begin(): Promise<Life> {
    const { plan, platform } = this.#world;
    for (let tries = 1;; tries++) {
      const options = withPorts(this.#options, plan, platform.random);
      try {
        return await this.#live(options);
      } catch (error) {
        const isTaken = error instanceof NetworkError &&
          error.code === "EADDRINUSE";
        const mayTry = leavesPortOpen(this.#options) && tries < PORT_TRIES;
        if (!isTaken || !mayTry) throw error;
      }
    }
  }

  async #live(options: ServerOptions): Promise<Life> {
    const { plan, platform, tail, pace } = this.#world;
    const clock = new MortalClock(this.#world.clock);
    const runSoon = plan.isVirtual ? runSoonOn(clock) : platform.runSoon;
    const network = this.#world.networkOfNode(this.index);
    const log = new NodeLog(tail, this.name, {
      debug: options.debug,
      trace: options.trace,
      also: plan.log(this.index),
    });
    try {
      const server = await Server.start(options, {
        ...connectedWhile(() => !network.isUnplugged, platform),
        clock,
        network,
        log,
        runSoon,
        loadStorage: storageOf(platform, plan),
        overStores: (stores) => this.disk.over(stores, { clock, runSoon }),
        random: this.#world.randomFor(`${this.name} ${++this.#lives}`),
        compareHash: (secret, hash) =>
          pace.hold(platform.compareHash(secret, hash)),
      });
      return { server, network, clock, log };
    } catch (error) {
      clock.die();
      throw error;
    }
  }
}

/** No virtual time passes while a disk writes: each commit waits for it. */
function storageOf(
  { loadStorage }: World["platform"],
  { isVirtual }: World["plan"],
): LoadStorage | undefined {
  if (!isVirtual || loadStorage === undefined) return loadStorage;
  return (syncing) => loadStorage(syncing === "lazy" ? "lazy" : "in commits");
}
