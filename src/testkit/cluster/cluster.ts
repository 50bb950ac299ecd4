/**
 * N nodes in one process, for tests: started, killed, cut off from each other,
 * healed and waited for. The face of the test kit: what a test calls stands
 * here, `nodes.ts` has the nodes and their starts, `places.ts` the faults
 * between them, `clients.ts` the clients, and `world.ts` what they live in.
 *
 * More than a dozen members: because it is what tests are written with, and its
 * API is kept.
 */
import type { ServerConfig } from "../../app/config.ts";
import type { Server } from "../../app/server.ts";
import type { NatsConnection } from "../../client/connection.ts";
import type { Clock } from "../../platform/clock.ts";
import type { TestTls } from "../tls/kit_certificates.ts";
import { clusterStopped } from "../time/pace.ts";
import { Clients, type ClusterConnectOptions } from "./clients.ts";
import type { LogLine } from "./log_tail.ts";
import type { ClusterNode } from "./node.ts";
import { type DiskFate, Nodes } from "./nodes.ts";
import { type Place, Places, type Side } from "./places.ts";
import type { TestPlatform } from "./platform.ts";
import type { Plan } from "./setup.ts";
import { UnderTest } from "./under_test.ts";
import { World } from "./world.ts";

/**
 * Nodes that know each other, and the faults that befall them: what
 * `startCluster` gives. A node is named by its index, from 0 in the order of
 * joining; an index that no node has is an `InvalidArgumentError`.
 *
 * ```ts
 * await using cluster = await startCluster({ size: 3 });
 * const connection = await cluster.connect({ node: 0 });
 * await cluster.kill(0);
 * await cluster.settled();
 * console.log(connection.getServer() !== ""); // true
 * ```
 */
export class RunningCluster implements AsyncDisposable {
  readonly #world: World;
  readonly #nodes: Nodes;
  readonly #places: Places;
  readonly #clients: Clients;
  readonly #release: () => void;
  /** @internal For the function that runs a test on it. */
  readonly underTest: UnderTest;
  #stopping: Promise<void> | undefined;

  private constructor(plan: Plan, platform: TestPlatform) {
    this.#world = new World(plan, platform);
    this.#nodes = new Nodes(this.#world, () => this.#checkRuns());
    this.#places = new Places(this.#world.networks, this.#nodes);
    this.#clients = new Clients(this.#world);
    this.underTest = new UnderTest(this.#world, this.#clients);
    this.#release = platform.keepAlive();
  }

  /**
   * Rejects, with nothing left running, as `startServer` does.
   *
   * @internal Programs call `startCluster`.
   */
  static async start(
    plan: Plan,
    platform: TestPlatform,
  ): Promise<RunningCluster> {
    const cluster = new RunningCluster(plan, platform);
    try {
      await cluster.#world.prepare();
      for (let index = 0; index < plan.size; index++) {
        await cluster.#nodes.join(plan.node(index));
      }
      await cluster.meshed();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Number of nodes, dead ones included. */
  get size(): number {
    return this.#nodes.all.length;
  }

  /** All nodes, in the order of joining. */
  get nodes(): readonly ClusterNode[] {
    return this.#nodes.all;
  }

  /** The servers of the nodes that live. */
  get servers(): readonly Server[] {
    return this.#nodes.all.map(({ server }) => server)
      .filter((server) => server !== undefined);
  }

  /** Where clients connect, one URL for each node, dead ones included. */
  get urls(): readonly string[] {
    return this.#nodes.all.map(({ url }) => url);
  }

  /** Where clients connect by WebSocket, one URL for each node; none without such ports. */
  get websocketUrls(): readonly string[] {
    return this.#nodes.all.map(({ websocketUrl }) => websocketUrl)
      .filter((url) => url !== undefined);
  }

  /**
   * What a client needs to connect by TLS; undefined without it. The clients of
   * `connect` have it.
   */
  get tls(): TestTls | undefined {
    return this.#world.certificates?.forClients;
  }

  /** What `startCluster` takes to do the same again; undefined where chance came from the machine. */
  get seed(): number | undefined {
    return this.#world.plan.seed;
  }

  /** The clock of all nodes and clients. */
  get clock(): Clock {
    return this.#world.clock;
  }

  /**
   * Connects a client that knows all nodes; it is closed with the cluster.
   * Rejects as the library's `connect` does.
   *
   * ```ts
   * const connection = await cluster.connect({ node: 1, name: "worker" });
   * ```
   */
  connect(options: ClusterConnectOptions = {}): Promise<NatsConnection> {
    return this.#whileRunning(() => {
      const { node, on, ...others } = options;
      const told = node ?? on;
      if (on !== undefined) this.#nodes.at(on);
      return this.#clients.connect(others, {
        on,
        servers: told === undefined ? this.urls : [this.#nodes.at(told).url],
      });
    });
  }

  /**
   * Ends a node as `kill -9` does: it says nothing to anybody, its connections
   * break, and nothing that it meant to do happens any more. Its streams are
   * there again when it is restarted, unless its disk is to be wiped. Rejects
   * with an `InvalidOperationError` when it is dead already.
   *
   * ```ts
   * await cluster.kill(0);
   * await cluster.settled(); // its clients are connected elsewhere
   * ```
   */
  kill(index: number, { wipe = false }: DiskFate = {}): Promise<void> {
    return this.#whileRunning(async () => {
      const node = this.#nodes.livingAt(index);
      await node.kill();
      if (wipe) await node.wipe();
    });
  }

  /**
   * Stops a node in peace, as a signal does; who is cut off from it hears of that
   * when the partition heals. Without an index all nodes and clients.
   */
  stop(index?: number): Promise<void> {
    if (index !== undefined) {
      return this.#whileRunning(() => this.#nodes.livingAt(index).stop());
    }
    this.#stopping ??= this.#world.pace.drive(this.#stop());
    return this.#stopping;
  }

  /**
   * Starts a dead node again, with its ports and options; its server id is
   * another. It dials all other nodes, unless its options name routes. It has
   * its streams again, or none with `{ wipe: true }`. Rejects with an
   * `InvalidOperationError` when it is alive.
   *
   * ```ts
   * await cluster.kill(2);
   * await cluster.restart(2);
   * await cluster.meshed();
   * ```
   */
  restart(index: number, fate: DiskFate = {}): Promise<void> {
    return this.#whileRunning(() => this.#nodes.restart(index, fate));
  }

  /**
   * Starts one more node, which dials all others. Its options are `config`, or
   * else what the setup's `node` gives for its index.
   *
   * ```ts
   * const node = await cluster.add({ server_name: "late" });
   * console.log(node.name, node.index); // late 3
   * ```
   */
  add(config?: ServerConfig): Promise<ClusterNode> {
    return this.#whileRunning(() => this.#nodes.add(config));
  }

  /**
   * Cuts two sides off from each other, until `heal`: nothing that is sent
   * arrives, connections stay open until one of their ends gives them up, and
   * a dialler waits. A place on no side can reach both.
   *
   * ```ts
   * cluster.partition([0, "clients"], [1, 2]);
   * ```
   */
  partition(side: Side, other: Side): void {
    this.#places.partition(side, other);
  }

  /** Ends all partitions. What was sent meanwhile arrives, where there still is a connection. */
  heal(): void {
    this.#world.networks.heal();
    this.#world.pace.happened();
  }

  /**
   * What is sent between the two, either way, is under way for `ms` more
   * milliseconds; 0 takes that back.
   *
   * ```ts
   * cluster.delay(0, "clients", 50);
   * ```
   */
  delay(place: Place, other: Place, ms: number): void {
    this.#places.delay(place, other, ms);
  }

  /**
   * Breaks connections: those between two, all of one, or without arguments all
   * that there are. What is under way in them is lost.
   */
  reset(place?: Place, other?: Place): void {
    this.#places.reset(place, other);
  }

  /**
   * Resolves once every living node has a route to every other one that it can
   * reach, and none to a dead one. Rejects with a `ClusterError` that tells
   * which routes are missing after `limitMs`, by default the setup's.
   */
  meshed(limitMs?: number): Promise<void> {
    return this.#whileRunning(() =>
      this.#world.pace.until(
        "The cluster did not mesh",
        () => this.#places.missingRoutes(),
        limitMs,
      )
    );
  }

  /**
   * Resolves once the cluster is meshed, the clients that `connect` gave have a
   * server that knows all their subscriptions, and each node knows those of all
   * others. Rejects with a `ClusterError` that tells what is missing, if one of
   * these takes longer than `limitMs`.
   */
  settled(limitMs?: number): Promise<void> {
    return this.#whileRunning(() => this.#settle(limitMs));
  }

  /**
   * Waits for a promise, while a virtual clock moves. Rejects when it takes
   * longer than `limitMs`, by default that of the setup.
   *
   * ```ts
   * const news = connection.subscribe("news", { max: 1 });
   * connection.publish("news", "hello");
   * await cluster.run(news.closed);
   * ```
   */
  run<T>(work: Promise<T>, limitMs?: number): Promise<T> {
    return this.#world.pace.run(work, limitMs);
  }

  /**
   * Resolves once `isTrue`, which is asked whenever something happens; on the
   * real clock also every 20 ms. Rejects with a `ClusterError` that names `what`
   * after `limitMs`.
   *
   * ```ts
   * const received: string[] = [];
   * connection.subscribe("news", {
   *   callback: (_error, message) => void received.push(message.string()),
   * });
   * connection.publish("news", "hello");
   * await cluster.until(() => received.length === 1, "a message");
   * ```
   */
  until(
    isTrue: () => boolean,
    what: string = "a condition",
    limitMs?: number,
  ): Promise<void> {
    const failure = `What was waited for, ${what}, did not come`;
    return this.#whileRunning(() =>
      this.#world.pace.untilTrue(failure, isTrue, limitMs)
    );
  }

  /** Lets `ms` milliseconds pass on a virtual clock, and runs what is due meanwhile. */
  advance(ms: number): Promise<void> {
    return this.#world.pace.advance(ms);
  }

  /**
   * Waits for what takes real time, such as a file: meanwhile a virtual clock
   * stands still.
   */
  hold<T>(work: Promise<T>): Promise<T> {
    return this.#world.pace.hold(work);
  }

  /**
   * The last lines of a node's log, or of all in the order of time; those of all
   * have the errors of clients among them.
   */
  log(index?: number): LogLine[] {
    return index === undefined
      ? this.#world.tail.lines()
      : this.#nodes.at(index).log();
  }

  /** Ends all nodes and clients. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #settle(limitMs?: number): Promise<void> {
    const { pace } = this.#world;
    const what = "The cluster did not settle";
    const connected = (): string[] => [
      ...this.#places.missingRoutes(),
      ...this.#clients.missing((on) => this.#places.hasServerFor(on)),
    ];
    let questions;
    do {
      await pace.until(what, connected, limitMs);
      questions = this.#clients.ask();
      await pace.until(what, questions.missing, limitMs);
    } while (!questions.isAnswered);
    const told = (): string[] => [
      ...this.#places.missingRoutes(),
      ...this.#places.missingInterest(),
    ];
    await pace.until(what, told, limitMs);
  }

  async #stop(): Promise<void> {
    const world = this.#world;
    this.#clients.isEnding = true;
    world.networks.open();
    try {
      await this.#nodes.started();
      await this.#clients.close();
      await Promise.all(this.#nodes.all.map((node) => node.stop()));
      await world.end();
      await world.pace.end();
    } finally {
      this.#release();
    }
  }

  /** Runs `act`; whatever it throws comes as a rejection. */
  async #whileRunning<T>(act: () => Promise<T>): Promise<T> {
    this.#checkRuns();
    return await this.#world.pace.drive(act());
  }

  #checkRuns(): void {
    if (this.#stopping !== undefined) throw clusterStopped();
  }
}
