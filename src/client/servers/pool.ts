/**
 * All servers that a client knows. Several sources name them, and each replaces
 * only what it said itself: a server stays as long as one of them names it, and
 * those that the user named stay for ever. With a clock, servers that the
 * cluster dropped have a grace: gossip shrinks when a cluster dies, which is
 * when every address counts.
 *
 * Without discovery servers have turns, which `next` gives; with discovery
 * `rounds.ts` chooses among `servers`.
 */
import { foundServer } from "./server_url.ts";
import { type Clock, type Random, randomBelow } from "../../platform/clock.ts";
import type { PoolServer } from "./pool_server.ts";
import type { Origin } from "../api/servers.ts";

/** What news changed, as `host:port`. */
export interface PoolChange {
  readonly added: readonly string[];
  readonly deleted: readonly string[];
}

/** What sources may name in all, without those that the user named. */
export const POOL_SERVERS_MAX = 256;
/** How long a server that the cluster dropped is kept. */
export const GRACE_MS = 600_000;

/** Whether a change is one. */
export function hasChanged({ added, deleted }: PoolChange): boolean {
  return added.length + deleted.length > 0;
}

const NO_CHANGE: PoolChange = { added: [], deleted: [] };

export class ServerPool {
  #servers: PoolServer[];
  #current: PoolServer | undefined;
  /** Undefined: keep the order in which servers become known. */
  readonly #random: Random | undefined;
  /** Undefined: there is no grace. */
  readonly #clock: Clock | undefined;

  constructor(
    servers: readonly PoolServer[],
    random: Random | undefined,
    clock?: Clock,
  ) {
    this.#servers = byKey(servers);
    this.#random = random;
    this.#clock = clock;
    this.#shuffle(this.#servers);
  }

  /** The server that `next` gave or `use` was told last. */
  get current(): PoolServer | undefined {
    return this.#current;
  }

  get size(): number {
    return this.#servers.length;
  }

  /** All that may be used now, in the order in which they became known or have their turns. */
  get servers(): readonly PoolServer[] {
    this.#endGraces();
    return this.#servers;
  }

  /** The next server to try: each has its turn, the current one last. Undefined: none is left. */
  next(): PoolServer | undefined {
    const [head] = this.#servers;
    if (head !== undefined && head === this.#current) {
      this.#servers.push(...this.#servers.splice(0, 1));
    }
    this.#current = this.#servers[0];
    return this.#current;
  }

  /** There is a connection to this server. */
  use(server: PoolServer): void {
    this.#current = server;
  }

  /** Gives a server up. */
  drop(server: PoolServer): void {
    this.#servers = this.#servers.filter((other) => other !== server);
  }

  /** Every server may be tried as if nothing had been tried before. */
  forgive(): void {
    for (const server of this.#servers) {
      server.attempts = 0;
      server.refusals = 0;
    }
  }

  /** The node asks its clients to leave: all of its doors are meant. */
  markLameDuck(server: PoolServer): void {
    server.lameDuck = true;
    for (const other of this.#servers) {
      if (isSameNode(server, other)) other.lameDuck = true;
    }
  }

  /**
   * Takes over `connect_urls` of a new INFO. Servers that it no longer names
   * are forgotten, unless others name them or they are in use. A server that
   * names none, not even itself, has not met its cluster yet: nothing changes.
   */
  update(
    connectUrls: readonly string[],
    isAdmitted: (server: PoolServer) => boolean = () => true,
  ): PoolChange {
    if (connectUrls.length === 0) return NO_CHANGE;
    // Gossip names addresses only: who we are and how we speak stays as it is.
    const facts = {
      credentials: this.#current?.credentials,
      tls: this.#current?.tls ?? false,
      tlsName: certificateName(this.#current),
      webPath: this.#current?.webPath,
      vouched: this.#current?.isTrusted ?? false,
    };
    const found = connectUrls.slice(0, POOL_SERVERS_MAX)
      .map((url) => foundServer(url, "gossip", facts))
      .filter((server) => server !== undefined && isAdmitted(server));
    return this.replace("gossip", found as PoolServer[]);
  }

  /** Takes over the whole set that one source names. */
  replace(origin: Origin, found: readonly PoolServer[]): PoolChange {
    const listed = new Map(byKey(found).map((news) => [news.key, news]));
    const added: string[] = [];
    const deleted: string[] = [];
    for (const server of [...this.servers]) {
      const news = listed.get(server.key);
      listed.delete(server.key);
      if (news !== undefined) {
        if (this.#confirm(server, origin, news)) added.push(server.listen);
      } else if (this.#forget(server, origin)) deleted.push(server.listen);
    }
    const fresh = [...listed.values()];
    this.#shuffle(fresh);
    const taken = fresh.filter((server) => this.#add(server));
    return { added: [...added, ...listens(taken)], deleted };
  }

  /** The user names other servers; what discovery found stays. */
  reset(servers: readonly PoolServer[]): PoolChange {
    const before = this.#servers;
    const known = new Map(before.map((server) => [server.key, server]));
    const named = byKey(servers).map((server) => {
      const old = known.get(server.key);
      if (old === undefined) return server;
      known.delete(server.key);
      old.origins.add("static");
      old.tls = server.tls;
      old.tlsName = undefined;
      old.credentials = server.credentials ?? old.credentials;
      return old;
    });
    this.#shuffle(named);
    for (const server of known.values()) {
      for (const origin of ["static", "gossip", "grace"] as const) {
        server.origins.delete(origin);
      }
      server.vouched = false;
    }
    const found = [...known.values()].filter(({ origins }) => origins.size > 0);
    this.#servers = [...named, ...found];
    const added = this.#servers.filter((server) => !before.includes(server));
    const gone = before.filter((server) => !this.#servers.includes(server));
    return { added: listens(added), deleted: listens(gone) };
  }

  /** Whether that made a server of one that was nearly forgotten. */
  #confirm(server: PoolServer, origin: Origin, news: PoolServer): boolean {
    server.learn(news);
    server.origins.add(origin);
    return server.origins.delete("grace");
  }

  /** One source does not name it any more; true if no other does either. */
  #forget(server: PoolServer, origin: Origin): boolean {
    if (!server.origins.has(origin) || server === this.#current) return false;
    server.origins.delete(origin);
    if (server.origins.size > 0) {
      if (origin === "gossip") server.vouched = false;
      return false;
    }
    if (origin === "gossip" && this.#clock !== undefined) {
      server.origins.add("grace");
      server.graceUntilMs = this.#clock.monotonic() + GRACE_MS;
    } else this.drop(server);
    return true;
  }

  #add(server: PoolServer): boolean {
    const isFull = this.#servers.filter(({ isStatic }) => !isStatic).length >=
      POOL_SERVERS_MAX;
    if (isFull && !this.#makeRoomFor(server)) return false;
    this.#servers.push(server);
    return true;
  }

  /** A source that many trust less does not keep out one that they trust more. */
  #makeRoomFor(server: PoolServer): boolean {
    const last = this.#servers.filter((other) => other !== this.#current)
      .reduce((worst, other) =>
        reliability(other) < reliability(worst) ? other : worst
      );
    if (reliability(last) >= reliability(server)) return false;
    this.drop(last);
    return true;
  }

  #endGraces(): void {
    if (this.#clock === undefined) return;
    const now = this.#clock.monotonic();
    for (const server of this.#servers) {
      if (!server.origins.has("grace") || server === this.#current) continue;
      if (server.graceUntilMs <= now) this.drop(server);
    }
  }

  #shuffle(servers: PoolServer[]): void {
    if (this.#random === undefined) return;
    for (let last = servers.length - 1; last > 0; last--) {
      const other = randomBelow(this.#random, last + 1);
      [servers[last], servers[other]] = [servers[other]!, servers[last]!];
    }
  }
}

/** Whether two doors lead into the same node, as far as anybody knows. */
export function isSameNode(one: PoolServer, other: PoolServer): boolean {
  return one === other ||
    (one.serverId !== undefined && one.serverId === other.serverId);
}

/** Of several that are the same, the last one. */
function byKey(servers: readonly PoolServer[]): PoolServer[] {
  return [...new Map(servers.map((one) => [one.key, one])).values()];
}

function reliability({ origins }: PoolServer): number {
  if (origins.has("static")) return 4;
  if (origins.has("gossip")) return 3;
  if (origins.has("grace")) return 1;
  return origins.size === 1 && origins.has("cache") ? 0 : 2;
}

/** Gossiped addresses have the certificate of the name that led to them. */
function certificateName(server: PoolServer | undefined): string | undefined {
  if (server === undefined) return undefined;
  const isName = !server.host.includes(":") && /[^\d.]/.test(server.host);
  return server.tlsName ?? (isName ? server.host : undefined);
}

function listens(servers: readonly PoolServer[]): string[] {
  return servers.map(({ listen }) => listen);
}
