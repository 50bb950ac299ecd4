/**
 * Clients as `/connz` sees them: those that are connected and those that are
 * gone look alike here, and each becomes one row.
 */
import {
  type ClosedConnection,
  type SubscriptionFacts,
  subscriptionFacts,
} from "../broker/clients/closed_connections.ts";
import { GLOBAL_ACCOUNT } from "../accounts/account.ts";
import type { ClientSession } from "../broker/clients/session.ts";
import type { ClosedReason } from "../core/closed.ts";
import { unlessEmpty } from "./answer.ts";
import type { ConnInfo } from "./page_types.ts";
import type { SubscriptionLevel } from "./query.ts";
import { subscriptionFields } from "./subscription_rows.ts";
import { rttText, timeText, uptimeText } from "./text.ts";

/** What there is to know about a client; times are wall-clock milliseconds. */
export interface ClientFacts
  extends Omit<ClosedConnection, "stoppedAt" | "reason" | "subscriptions"> {
  /** Undefined, like `reason`, while the client is connected. */
  readonly stoppedAt: number | undefined;
  readonly reason: ClosedReason | undefined;
  readonly pendingBytes: number;
  subscriptions(): Iterable<SubscriptionFacts>;
  /** Asks for the round trip when it is not known. */
  measureRtt(): void;
}

export interface RowOptions {
  /** Tell who the client is. */
  readonly auth: boolean;
  readonly subs: SubscriptionLevel;
}

export function openClient(session: ClientSession): ClientFacts {
  const { options, socket } = session;
  return {
    id: session.id,
    remote: socket.remote,
    startedAt: session.startedAt,
    lastActivityAt: session.lastActivityAt,
    stoppedAt: undefined,
    reason: undefined,
    rttMs: session.rttMs,
    pendingBytes: session.pendingBytes,
    traffic: session.traffic,
    stalls: session.stalls,
    name: options.name,
    lang: options.lang,
    version: options.version,
    tls: socket.tls,
    user: session.identity?.user ?? "",
    account: session.account.name,
    subscriptionCount: session.subscriptions.size,
    subscriptions: () =>
      Array.from(session.subscriptions.values(), subscriptionFacts),
    measureRtt() {
      // Somebody at a terminal names no language, and would not answer.
      const isUnknown = session.rttMs === undefined || session.rttMs === 0;
      if (isUnknown && options.lang !== "") session.measureRtt();
    },
  };
}

export function closedClient(closed: ClosedConnection): ClientFacts {
  return {
    ...closed,
    pendingBytes: 0,
    subscriptions: () => closed.subscriptions,
    measureRtt() {},
  };
}

export function clientRow(
  client: ClientFacts,
  now: number,
  options: RowOptions,
): ConnInfo {
  const { remote, traffic, stoppedAt } = client;
  const end = stoppedAt ?? now;
  return {
    cid: client.id,
    kind: "Client",
    type: "nats",
    ip: remote.host,
    port: remote.port,
    start: timeText(client.startedAt),
    last_activity: timeText(client.lastActivityAt),
    stop: stoppedAt === undefined ? undefined : timeText(stoppedAt),
    reason: client.reason,
    rtt: rttText(client.rttMs ?? 0),
    uptime: uptimeText(end - client.startedAt),
    idle: uptimeText(end - client.lastActivityAt),
    pending_bytes: client.pendingBytes,
    in_msgs: traffic.inMsgs,
    out_msgs: traffic.outMsgs,
    in_bytes: traffic.inBytes,
    out_bytes: traffic.outBytes,
    stalls: unlessEmpty(client.stalls),
    subscriptions: client.subscriptionCount,
    name: unlessEmpty(client.name),
    lang: unlessEmpty(client.lang),
    version: unlessEmpty(client.version),
    tls_version: client.tls?.version,
    tls_cipher_suite: client.tls?.cipher,
    ...(options.auth && whoItIs(client)),
    ...subscriptionFields(
      options.subs,
      client.subscriptions(),
      client.id,
      // NATS monitoring: of a client that is gone, each one has its account.
      stoppedAt === undefined ? undefined : client.account,
    ),
  };
}

function whoItIs(
  { user, account }: ClientFacts,
): Pick<ConnInfo, "authorized_user" | "account"> {
  return {
    authorized_user: unlessEmpty(user),
    account: account === GLOBAL_ACCOUNT ? undefined : account,
  };
}
