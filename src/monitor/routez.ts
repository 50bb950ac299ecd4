/**
 * `/routez`: the routes to the other servers of the cluster.
 */
import type { SubscriptionFacts } from "../broker/clients/closed_connections.ts";
import type { Route } from "../routes/route.ts";
import type { RouteInfo, Routez } from "./page_types.ts";
import { type SubscriptionLevel, subsParam } from "./query.ts";
import { subscriptionFields } from "./subscription_rows.ts";
import { rttText, timeText, uptimeText } from "./text.ts";
import type { WatchedServer } from "./watched_server.ts";

export function routez(
  { broker, cluster }: WatchedServer,
  query: URLSearchParams,
): Routez {
  const subs = subsParam(query);
  const now = broker.clock.now();
  const routes = [...cluster?.routes.values() ?? []];
  return {
    server_id: broker.id,
    server_name: broker.name,
    now: timeText(now),
    num_routes: routes.length,
    routes: routes.map((route) => routeRow(route, now, subs)),
  };
}

function routeRow(
  route: Route,
  now: number,
  subs: SubscriptionLevel,
): RouteInfo {
  const { remote } = route.socket;
  const { traffic, member: { info, solicitedBy, dialers } } = route;
  return {
    rid: route.id,
    remote_id: info?.server_id ?? "",
    remote_name: info?.server_name ?? "",
    did_solicit: solicitedBy !== undefined,
    is_configured: [...dialers].some(({ explicit }) => explicit),
    ip: remote.host,
    port: remote.port,
    start: timeText(route.startedAt),
    last_activity: timeText(route.lastActivityAt),
    rtt: rttText(route.rttMs ?? 0),
    uptime: uptimeText(now - route.startedAt),
    idle: uptimeText(now - route.lastActivityAt),
    pending_size: route.pendingBytes,
    in_msgs: traffic.inMsgs,
    out_msgs: traffic.outMsgs,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    subscriptions: route.interest.size,
    ...subscriptionFields(subs, interestOf(route), route.id),
  };
}

/** NATS monitoring: the sid of a remote subscription is account, subject and queue. */
function* interestOf(route: Route): Iterable<SubscriptionFacts> {
  for (const { account, subscription } of route.interest) {
    const { subject, queue, delivered, max } = subscription;
    const group = queue === "" ? "" : ` ${queue}`;
    const sid = `${account.name} ${subject}${group}`;
    yield { subject, queue, sid, delivered, max };
  }
}
