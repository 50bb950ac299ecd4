/**
 * Puts what providers and the cluster name into the pool, as far as it is
 * admitted, and tells what came of it.
 */
import type { Endpoint } from "../../discovery/discovery.ts";
import type { Origin } from "../api/servers.ts";
import type { StatusSink } from "../api/status.ts";
import type { Admission } from "./admission.ts";
import type { PoolChange, ServerPool } from "./pool.ts";
import type { PoolServer } from "./pool_server.ts";
import { foundServer } from "./server_url.ts";
import type { Skips } from "./skips.ts";
import { tellServers } from "./told.ts";

export class Intake {
  readonly #pool: ServerPool;
  readonly #admission: Admission;
  readonly #skips: Skips;
  readonly #statuses: StatusSink;
  /** What each source named last, admitted or not. */
  readonly #named = new Map<Origin, readonly Endpoint[]>();
  /** What servers that were found are sent: the credentials in the first of the user's URLs with some. */
  readonly #credentials: PoolServer["credentials"];

  constructor(
    pool: ServerPool,
    admission: Admission,
    skips: Skips,
    statuses: StatusSink,
  ) {
    this.#pool = pool;
    this.#admission = admission;
    this.#skips = skips;
    this.#statuses = statuses;
    this.#credentials = pool.servers
      .find(({ credentials }) => credentials !== undefined)?.credentials;
  }

  /** Takes all that a source names now. */
  take(origin: Origin, endpoints: readonly Endpoint[]): PoolChange {
    this.#named.set(origin, endpoints);
    const found = endpoints
      .map((endpoint) => this.#serverOf(endpoint, origin))
      .filter((server) => server !== undefined)
      .filter((server) => this.#admits(server));
    return this.#tell(this.#pool.replace(origin, found), origin);
  }

  /** Gossip of a server that is itself only admitted is looked at like everything else. */
  takeGossip(connectUrls: readonly string[]): PoolChange {
    const admits = (server: PoolServer): boolean => this.#admits(server);
    return this.#tell(this.#pool.update(connectUrls, admits), "gossip");
  }

  /** Looks again at what was named: something else is admitted now. */
  takeAgain(): void {
    for (const [origin, endpoints] of this.#named) this.take(origin, endpoints);
  }

  /** Field by field: a provider may hand on more of what it read than it should. */
  #serverOf(endpoint: Endpoint, origin: Origin): PoolServer | undefined {
    return foundServer(endpoint.url, origin, {
      serverId: endpoint.serverId,
      serverName: endpoint.serverName,
      cluster: endpoint.cluster,
      priority: endpoint.priority,
      weight: endpoint.weight,
      tlsName: endpoint.tlsName,
      lameDuck: endpoint.lameDuck,
      credentials: this.#pool.current?.credentials ?? this.#credentials,
    });
  }

  #admits(server: PoolServer): boolean {
    const reason = this.#admission.refusal(server);
    if (reason === undefined) return true;
    const known = this.#pool.servers.find(({ key }) => key === server.key);
    // It needs no admission, as the user has named it.
    if (known?.isTrusted === true) return reason !== "cluster";
    this.#skips.tell(server, reason);
    return false;
  }

  #tell(change: PoolChange, source: Origin): PoolChange {
    tellServers(this.#statuses, change, source);
    return change;
  }
}
