/**
 * JetStream of a running server, as its options and the other servers of its cluster
 * have it: there or not, and which of several is meant by what its clients ask.
 */
import type { Broker } from "../broker/broker.ts";
import { Feeder } from "../broker/connections/feeder.ts";
import { JetStream, type OverStores } from "../jetstream/jetstream.ts";
import { bucketMappings, domainMappings } from "../jetstream/domain.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import type { ServerOptions } from "../options/options.ts";
import type { LoadStorage } from "../platform/storage.ts";
import type { RunSoon } from "../platform/turns.ts";
import type { Cluster } from "../routes/cluster.ts";
import {
  besides,
  isReplicated,
  offBecauseOf,
  type StreamPeer,
  takesPlaceOf,
  unreachable,
} from "../routes/sole_streams.ts";
import { replicatedDomains, streamPlaces } from "../routes/stream_places.ts";

/** What it stands on. */
export interface ServerStreamsParts {
  readonly broker: Broker;
  readonly cluster: Cluster | undefined;
  /** Shows it. */
  readonly watched: WatchedServer;
  readonly runSoon: RunSoon;
  readonly loadStorage?: LoadStorage | undefined;
  readonly overStores?: OverStores | undefined;
}

const PREFIX = "$JS.API";

export class ServerStreams {
  readonly #parts: ServerStreamsParts;
  #jetstream: JetStream | undefined;
  /** Other domains that the log has told of. */
  readonly #told = new Set<string>();
  /** The mappings of domains, in one text. */
  #mapped = "";

  constructor(options: ServerOptions, parts: ServerStreamsParts) {
    this.#parts = parts;
    this.#jetstream = this.#made(options);
    const { cluster, watched } = parts;
    watched.jetstream = this.#jetstream;
    if (cluster === undefined) return;
    cluster.onPeer = (peer) => {
      if (peer !== undefined) this.#meet(peer);
      this.#place();
    };
  }

  /** Opens the streams that are there; `isServing`: while others are served. */
  start(isServing: boolean = false): void {
    const { broker: { host: { info, clock } }, watched } = this.#parts;
    watched.jetstream = this.#jetstream;
    this.#jetstream?.start(isServing);
    info.streamsSince = this.#jetstream === undefined
      ? 0
      : clock.now() + clock.shiftMs;
    this.#place();
  }

  /** Those who wait for messages hear of the end. */
  leaving(): void {
    this.#jetstream?.leaving();
  }

  async stop(): Promise<void> {
    await this.#jetstream?.stop();
  }

  /** Streams come, go, or have other limits. */
  async reconfigure(options: ServerOptions): Promise<void> {
    const { jetstream } = options;
    if (jetstream !== undefined && this.#jetstream !== undefined) {
      return this.#jetstream.reconfigure(jetstream);
    }
    if (jetstream === undefined && this.#jetstream === undefined) return;
    await this.#jetstream?.stop();
    if (jetstream !== undefined && this.#hasRival(jetstream.domain)) return;
    this.#jetstream = this.#made(options);
    this.start(true);
    this.#tellOthers();
    await this.#jetstream?.opened();
  }

  /** Whether another server of the cluster has streams of `domain`; tells of it. */
  #hasRival(domain: string): boolean {
    const { broker: { identity: { id }, host: { log } } } = this.#parts;
    const own = { id, since: Infinity, domain };
    const rival = [...this.#parts.cluster?.routes.values() ?? []]
      .map(({ member }) => member.info)
      .find((peer) => peer !== undefined && takesPlaceOf(peer, own));
    if (rival !== undefined) log.error(offBecauseOf(rival));
    return rival !== undefined;
  }

  /** Another server of the cluster says who it is. */
  #meet(peer: StreamPeer): void {
    const { identity, host: { info, log } } = this.#parts.broker;
    const { streamsSince: since, domain } = info;
    const own = { id: identity.id, since, domain };
    if (this.#jetstream !== undefined && takesPlaceOf(peer, own)) {
      log.error(offBecauseOf(peer));
      const stopped = this.#jetstream.stop();
      stopped.catch((error) => log.error(`JetStream: ${error}`));
      this.#jetstream = undefined;
      this.#parts.watched.jetstream = undefined;
      info.streamsSince = 0;
      this.#tellOthers();
    } else if (peer.jetstream && info.hasStreams) this.#tellOf(peer);
  }

  /** Streams of two domains are beside each other. */
  #tellOf(peer: StreamPeer): void {
    const { identity, host: { info: { domain }, log } } = this.#parts.broker;
    const isTold = this.#told.has(`${peer.server_id} ${peer.domain}`);
    if (isTold || peer.server_id === identity.id) return;
    // Another one of this domain is about to have none.
    if ((peer.domain ?? "") === domain) return;
    if (domain === "" && isReplicated(peer)) return;
    this.#told.add(`${peer.server_id} ${peer.domain}`);
    log.notice(besides(peer, domain));
    const warning = unreachable(peer, domain);
    if (warning !== undefined) log.warn(warning);
  }

  #tellOthers(): void {
    this.#parts.broker.host.info.push();
    this.#parts.cluster?.introduceAnew();
  }

  /** Accounts find streams where they are. */
  #place(): void {
    const { broker: { identity: { id }, host }, cluster } = this.#parts;
    const { accounts, info: { streamsSince: since, domain } } = host;
    const routes = [...cluster?.routes.values() ?? []];
    const domains = replicatedDomains(routes);
    accounts.placeStreams(streamPlaces(routes, { id, since }));
    const isReached = since === 0 &&
      routes.some(({ member: { info } }) => info && isReplicated(info));
    accounts.askForStreams([
      ...(isReached ? [PREFIX] : []),
      ...domains.map((name) => `$JS.${name}.API`),
    ]);
    this.#map(domain, domains);
  }

  #map(own: string, others: readonly string[]): void {
    const key = [own, ...others].join(" ");
    if (key === this.#mapped) return;
    this.#mapped = key;
    this.#parts.broker.host.accounts.mapEverywhere([
      ...others.flatMap(bucketMappings),
      ...domainMappings(own),
    ]);
  }

  /** Undefined: the server has no streams. */
  #made(options: ServerOptions): JetStream | undefined {
    const { jetstream, storeDir, registryOnly } = options;
    const { broker, cluster, ...parts } = this.#parts;
    if (registryOnly || jetstream === undefined) return undefined;
    return new JetStream(jetstream, {
      ...broker.host,
      ...parts,
      serverName: broker.identity.name,
      serverId: broker.identity.id,
      isClustered: cluster !== undefined,
      storeDir,
      longWork: (step) => new Feeder(broker.host.turn, step),
    });
  }
}
