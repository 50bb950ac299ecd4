/**
 * The server's statistics: what it tells all others of its load, when, and what
 * the others tell.
 *
 * NATS: for the first time a quarter of a second after the start, then after
 * twice as long each time, up to ten seconds; a server that is new to this one
 * makes it begin with a second anew.
 */
import { finishNow } from "../http/slices.ts";
import { jetStreamFields, NO_ACCOUNTS } from "../monitor/jetstream_fields.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import type { EndingFacts, RouteFacts } from "../monitor/snapshot.ts";
import { timeText } from "../monitor/text.ts";
import type { Timer } from "../platform/clock.ts";
import type { Peers } from "./peers.ts";
import { isRecord } from "../core/json.ts";
import { borrowedPayload, jsonIn } from "./request.ts";
import type { Voice } from "./voice.ts";

const FIRST_MS = 250;
const LAST_MS = 10_000;
/** The shortest time between two of them that are told because something has changed. */
const CHANGED_MS = 1000;
/** The broker is one thread. */
const THREADS = 1;

/** Told of other servers that come and go. */
interface PeerNews {
  come(): void;
  /** In these accounts it had clients. */
  gone(accounts: readonly string[]): void;
}

export class Statistics {
  readonly #voice: Voice;
  readonly #watched: WatchedServer;
  readonly #peers: Peers;
  readonly #news: PeerNews;
  #intervalMs = FIRST_MS;
  #timer: Timer | undefined = undefined;

  constructor(
    voice: Voice,
    watched: WatchedServer,
    peers: Peers,
    news: PeerNews,
  ) {
    this.#voice = voice;
    this.#watched = watched;
    this.#peers = peers;
    this.#news = news;
  }

  start(): void {
    const { client } = this.#voice;
    client.subscribe("$SYS.SERVER.*.STATSZ", "", (message) => {
      const id = serverIdIn(jsonIn(borrowedPayload(message)), "server");
      if (this.#peers.heard(id)) this.#hasNewPeer();
    });
    client.subscribe("$SYS.SERVER.*.SHUTDOWN", "", (message) => {
      const body = jsonIn(borrowedPayload(message));
      this.#news.gone(this.#peers.forget(serverIdIn(body, undefined)));
    });
    this.#tellIn(FIRST_MS);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** What is told, anew. */
  body(): object {
    return { server: this.#voice.record(), statsz: this.#statsz() };
  }

  #tellIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#voice.broker.host.clock.after(delayMs, () => {
      this.#forgetSilent();
      const { serverId } = this.#voice;
      this.#voice.say(`$SYS.SERVER.${serverId}.STATSZ`, () => this.body());
      this.#intervalMs = Math.min(2 * this.#intervalMs, LAST_MS);
      this.#tellIn(this.#intervalMs);
    });
  }

  #hasNewPeer(): void {
    this.#news.come();
    // It is told once for all that come within a second.
    if (this.#intervalMs <= CHANGED_MS) return;
    this.#intervalMs = CHANGED_MS;
    this.#tellIn(CHANGED_MS);
  }

  #forgetSilent(): void {
    for (const id of this.#peers.silent()) {
      this.#news.gone(this.#peers.forget(id));
    }
  }

  #statsz(): object {
    const { counters, load, routes, startedAt, jetstream } = finishNow(
      this.#watched.take({
        jetstream: NO_ACCOUNTS,
        counters: true,
        load: true,
        routes: { subscriptions: false },
      }),
    );
    const { traffic, routeTraffic } = counters;
    return {
      start: timeText(startedAt),
      mem: load.memoryBytes,
      cores: load.cores,
      cpu: load.cpuPercent,
      connections: counters.clients,
      total_connections: counters.totalClients,
      active_accounts: this.#activeAccounts(),
      subscriptions: counters.subscriptions,
      sent: carried(traffic.outMsgs, traffic.outBytes),
      sent_to_clients: carried(
        traffic.outMsgs - routeTraffic.outMsgs,
        traffic.outBytes - routeTraffic.outBytes,
      ),
      received: carried(traffic.inMsgs, traffic.inBytes),
      received_from_clients: carried(
        traffic.inMsgs - routeTraffic.inMsgs,
        traffic.inBytes - routeTraffic.inBytes,
      ),
      slow_consumers: counters.slowConsumers,
      ...unlessZero("slow_consumer_stats", counters.slowEndings),
      stale_connections: sumOf(counters.staleEndings) || undefined,
      ...unlessZero("stale_connection_stats", counters.staleEndings),
      stalled_clients: counters.stalledClients || undefined,
      routes: routes.length === 0 ? undefined : routes.map(routeStat),
      active_servers: this.#peers.size + 1,
      jetstream: jetStreamFields(jetstream, false),
      gomaxprocs: THREADS,
    };
  }

  #activeAccounts(): number {
    let active = 0;
    for (const { clients } of this.#voice.broker.host.accounts) {
      if (clients > 0) active++;
    }
    return active;
  }
}

/** The id of the server that a message tells of, in the field `field` or as a whole; empty: none. */
function serverIdIn(body: unknown, field: string | undefined): string {
  const record = field !== undefined && isRecord(body) ? body[field] : body;
  const id = isRecord(record) ? record["id"] : undefined;
  return typeof id === "string" ? id : "";
}

function carried(msgs: number, bytes: number): object {
  return { msgs, bytes };
}

function sumOf({ clients, routes }: EndingFacts): number {
  return clients + routes;
}

function unlessZero(name: string, endings: EndingFacts): object {
  if (sumOf(endings) === 0) return {};
  const { clients, routes } = endings;
  return { [name]: { clients, routes, gateways: 0, leafs: 0 } };
}

function routeStat({ id, remoteName, traffic, pendingBytes }: RouteFacts) {
  return {
    rid: id,
    name: remoteName === "" ? undefined : remoteName,
    sent: carried(traffic.outMsgs, traffic.outBytes),
    received: carried(traffic.inMsgs, traffic.inBytes),
    pending: pendingBytes,
  };
}
