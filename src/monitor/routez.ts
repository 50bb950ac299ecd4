/**
 * `/routez`: the routes to the other servers of the cluster.
 */
import { Rows, type WithRows } from "../http/json_pieces.ts";
import { pageHead } from "./fields.ts";
import type { Page } from "./page.ts";
import type { RouteInfo, Routez } from "./page_types.ts";
import { type SubscriptionLevel, subsParam } from "./query.ts";
import type { Moment, RouteFacts, ServerSnapshot } from "./snapshot.ts";
import { subscriptionFields } from "./subscription_rows.ts";
import { rttText, timeText, uptimeText } from "./text.ts";

export const routez: Page<SubscriptionLevel, "routes", WithRows<Routez>> = {
  read: subsParam,
  wants: (subs) => ({ routes: { subscriptions: subs !== "none" } }),
  show: showRoutes,
};

function showRoutes(
  snapshot: ServerSnapshot<"routes">,
  subs: SubscriptionLevel,
): WithRows<Routez> {
  const { serverName, routes } = snapshot;
  const { server_id, now: time } = pageHead(snapshot);
  return {
    server_id,
    server_name: serverName,
    now: time,
    num_routes: routes.length,
    routes: Rows.of(routes, (route) => routeRow(route, snapshot, subs)),
  };
}

function routeRow(
  route: RouteFacts,
  { now, shiftMs }: Moment,
  subs: SubscriptionLevel,
): WithRows<RouteInfo> {
  const { remote, traffic } = route;
  return {
    rid: route.id,
    remote_id: route.remoteId,
    remote_name: route.remoteName,
    did_solicit: route.isSolicited,
    is_configured: route.isConfigured,
    ip: remote.host,
    port: remote.port,
    start: timeText(route.startedAt + shiftMs),
    last_activity: timeText(route.lastActivityAt + shiftMs),
    rtt: rttText(route.rttMs ?? 0),
    uptime: uptimeText(now - route.startedAt),
    idle: uptimeText(now - route.lastActivityAt),
    pending_size: route.pendingBytes,
    in_msgs: traffic.inMsgs,
    out_msgs: traffic.outMsgs,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    subscriptions: route.subscriptionCount,
    ...subscriptionFields(subs, route.subscriptions, route.id),
    compression: "not supported",
  };
}
