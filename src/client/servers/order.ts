/**
 * In which order the servers of a pool are tried while there is no connection.
 * The freshest news come first: what the cluster itself says and providers that
 * push theirs, then providers that are asked, then what the user named long ago,
 * then what the cluster has dropped, then what an earlier run remembers. Lame
 * ducks come last.
 *
 * Inside a class the rules of SRV hold (RFC 2782): lower priorities first, and
 * equal ones in a random order in which weight counts.
 */
import type { Random } from "../../platform/clock.ts";
import type { Origin } from "../api/servers.ts";
import type { PoolServer } from "./pool_server.ts";

export interface OrderRules {
  /** Undefined: the order in which servers became known. */
  readonly random: Random | undefined;
  /** Whether a provider pushes its news. */
  isWatched(origin: Origin): boolean;
}

const Rank = {
  FIRST: 0,
  FRESH: 1,
  FOUND: 2,
  STATIC: 3,
  GRACE: 4,
  CACHE: 5,
  LAME_DUCK: 6,
} as const;

/** A server of weight 0 keeps a small chance. */
const WEIGHT_MIN = 0.01;

/** The order of one round; a server that comes to be known meanwhile takes its place in it. */
export class RoundOrder {
  readonly #rules: OrderRules;
  readonly #lots = new Map<PoolServer, number>();
  /** The one that was lost, which comes last in its class. */
  readonly #lost: PoolServer | undefined;
  /** There was no connection yet. */
  readonly #isFirst: boolean;

  constructor(
    rules: OrderRules,
    lost: PoolServer | undefined,
    isFirst: boolean,
  ) {
    this.#rules = rules;
    this.#lost = lost;
    this.#isFirst = isFirst;
  }

  /** The best of these; undefined when there are none. */
  first(servers: readonly PoolServer[]): PoolServer | undefined {
    return servers.reduce<PoolServer | undefined>(
      (best, server) =>
        best === undefined || this.#compare(server, best) < 0 ? server : best,
      undefined,
    );
  }

  #compare(one: PoolServer, other: PoolServer): number {
    return this.#rank(one) - this.#rank(other) ||
      Number(one === this.#lost) - Number(other === this.#lost) ||
      one.priority - other.priority ||
      this.#lot(one) - this.#lot(other);
  }

  #rank({ origins, lameDuck }: PoolServer): number {
    if (lameDuck) return Rank.LAME_DUCK;
    // The order in which the user named them counts where there is nothing better to go by.
    const isGivenOrder = this.#rules.random === undefined && this.#isFirst;
    if (isGivenOrder && origins.has("static")) return Rank.FIRST;
    if (origins.has("gossip")) return Rank.FRESH;
    const providers = [...origins].filter((origin) =>
      origin.startsWith("provider:")
    );
    if (providers.some((origin) => this.#rules.isWatched(origin))) {
      return Rank.FRESH;
    }
    if (providers.length > 0) return Rank.FOUND;
    if (origins.has("static")) return Rank.STATIC;
    return origins.has("grace") ? Rank.GRACE : Rank.CACHE;
  }

  /**
   * A waiting time by chance that is the shorter the larger the weight is:
   * sorting by it draws one after the other, each time in proportion to weight.
   */
  #lot(server: PoolServer): number {
    const { random } = this.#rules;
    if (random === undefined) return -server.weight;
    let lot = this.#lots.get(server);
    if (lot === undefined) {
      const weight = Math.max(server.weight, WEIGHT_MIN);
      lot = -Math.log(1 - random.next()) / weight;
      this.#lots.set(server, lot);
    }
    return lot;
  }
}
