/** Which servers of the cluster have streams, and whose are meant where a request names no domain. */
import type { StreamPlaces } from "../accounts/stream_servers.ts";
import type { Route } from "./route.ts";
import { goesBefore, isReplicated, type StreamPeer } from "./sole_streams.ts";

/** This server. */
interface OwnStreams {
  readonly id: string;
  /** Since when it has streams, in wall-clock milliseconds; 0: it has none. */
  readonly since: number;
}

export function streamPlaces(
  routes: Iterable<Route>,
  { id, since }: OwnStreams,
): StreamPlaces {
  const all = [...routes].filter(({ member }) => member.info !== undefined);
  const others = all.filter(({ member }) => member.info!.jetstream === true);
  const first = others.map(({ member }) => member.info!).reduce<
    StreamPeer | undefined
  >(
    (best, peer) =>
      best === undefined || goesBefore(peer, ordered(best)) ? peer : best,
    undefined,
  );
  const isFirst = since > 0 &&
    (first === undefined || !goesBefore(first, { id, since }));
  return {
    others: new Set(others),
    unmeant: new Set(others.filter(({ member: { info } }) =>
      // The streams of nats-servers are those of all of them.
      info!.server_id !== first!.server_id &&
      !(isReplicated(info!) && isReplicated(first!))
    )),
    // A nats-server tells all that hear what it is asked; a Midge has chosen.
    unheard: new Set(
      all.filter(({ member, servesGroupsAlone }) =>
        !servesGroupsAlone && (isReplicated(member.info!) || !isFirst)
      ),
    ),
  };
}

function ordered(
  { server_id: id, jetstream_since: since = 0 }: StreamPeer,
): OwnStreams {
  return { id, since };
}

/** Domains of nats-servers that have streams. */
export function replicatedDomains(routes: Iterable<Route>): string[] {
  const domains = new Set<string>();
  for (const { member: { info } } of routes) {
    if (info?.domain && isReplicated(info)) domains.add(info.domain);
  }
  return [...domains].sort();
}
