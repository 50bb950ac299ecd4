/**
 * The nodes of a test's cluster: those that joined, dead or alive, whose server
 * ids are whose, and the starts, of which there is one at a time.
 */
import type { ServerConfig } from "../../app/config.ts";
import {
  InvalidArgumentError,
  InvalidOperationError,
} from "../../core/errors.ts";
import type { Address } from "../../platform/socket.ts";
import { TestNode } from "./node.ts";
import type { World } from "./world.ts";

/** What becomes of the disk of a node. */
export interface DiskFate {
  /** Whether its streams are lost; they are there again otherwise. */
  readonly wipe?: boolean;
}

export class Nodes {
  readonly #world: World;
  readonly #checkRuns: () => void;
  readonly #nodes: TestNode[] = [];
  /** Whose id a server id is, or was in an earlier life. */
  readonly #ids = new Map<string, TestNode>();
  /** Settled when no node is being started. */
  #starting: Promise<unknown> = Promise.resolve();

  /** `checkRuns` throws once the cluster stops: no node is started then. */
  constructor(world: World, checkRuns: () => void) {
    this.#world = world;
    this.#checkRuns = checkRuns;
  }

  /** In the order of joining. */
  get all(): readonly TestNode[] {
    return this.#nodes;
  }

  /** The node whose id a server id is, or was. */
  withId(id: string): TestNode | undefined {
    return this.#ids.get(id);
  }

  /** The node of an index; an `InvalidArgumentError` where there is none. */
  at(index: number): TestNode {
    const node = this.#nodes[index];
    if (node !== undefined) return node;
    throw new InvalidArgumentError(
      `There is no node ${index}: there are 0 to ${this.#nodes.length - 1}`,
    );
  }

  livingAt(index: number): TestNode {
    const node = this.at(index);
    if (!node.alive) {
      throw new InvalidOperationError(`${node.name} is dead already`);
    }
    return node;
  }

  /** Starts one more, behind all others that are being started. */
  add(config: ServerConfig | undefined): Promise<TestNode> {
    return this.#inTurn(() =>
      this.join(config ?? this.#world.plan.node(this.#nodes.length))
    );
  }

  /** Starts a dead one again, with what its disk has or with an empty one. */
  restart(index: number, { wipe = false }: DiskFate): Promise<void> {
    return this.#inTurn(async () => {
      const node = this.at(index);
      if (node.alive) throw new InvalidOperationError(`${node.name} is alive`);
      if (wipe) await node.wipe();
      await this.#start(node);
    });
  }

  /** Resolves when no node is being started. */
  async started(): Promise<void> {
    await this.#starting;
  }

  /** Starts one more, at once. */
  async join(config: ServerConfig): Promise<TestNode> {
    const node = new TestNode(this.#world, this.#nodes.length, config);
    this.#nodes.push(node);
    try {
      await this.#start(node);
    } catch (error) {
      this.#nodes.pop();
      throw error;
    }
    return node;
  }

  /** One start after the other, and none once the cluster stops. */
  #inTurn<T>(start: () => Promise<T>): Promise<T> {
    const started = this.#starting.then(() => {
      this.#checkRuns();
      return start();
    });
    this.#starting = started.catch(() => {});
    return started;
  }

  async #start(node: TestNode): Promise<void> {
    const others = this.#nodes.filter((other) => other !== node)
      .map(({ routeAddress }) => routeAddress)
      .filter((address): address is Address => address !== undefined);
    await this.#world.pace.run(node.start(others));
    this.#ids.set(node.id, node);
  }
}
