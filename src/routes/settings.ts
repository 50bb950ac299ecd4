/**
 * The numbers of a cluster's routes and dialers, from its options and those of
 * its broker.
 */
import {
  ROUTE_CONTROL_LINE_FACTOR,
  ROUTE_PING_INTERVAL_MAX_MS,
  ROUTE_RETRY_MAX_MS,
  STALL_FRACTION,
  STALL_MAX_BYTES,
} from "../core/limits.ts";
import type { ConnectionSettings } from "../broker/connections/host.ts";
import type { ClusterOptions, ServerOptions } from "../options/options.ts";
import type { RetryPolicy } from "./dialer.ts";

/** Unless `connect_backoff` asks for more, the wait between attempts grows to this. */
const RETRY_WAIT_MAX_MS = 4000;

export interface RouteSettings extends ConnectionSettings {
  /** What waits for a peer that takes nothing; what comes beyond that is lost. */
  readonly stuckPendingBytes: number;
}

export function routeSettings(
  server: ServerOptions,
  cluster: ClusterOptions,
): RouteSettings {
  const stuckPendingBytes = server.maxPendingBytes * STALL_FRACTION;
  return {
    maxControlLineBytes: server.maxControlLineBytes *
      ROUTE_CONTROL_LINE_FACTOR,
    maxPendingBytes: Infinity,
    stallPendingBytes: Math.min(stuckPendingBytes, STALL_MAX_BYTES),
    stuckPendingBytes,
    writeDeadlineMs: server.writeDeadlineMs,
    isDeadlineLenient: true,
    pingIntervalMs: Math.min(
      cluster.pingIntervalMs ?? server.pingIntervalMs,
      ROUTE_PING_INTERVAL_MAX_MS,
    ),
    pingMax: cluster.pingMax ?? server.pingMax,
    pingAlways: true,
  };
}

/**
 * The largest message that a peer may send. NATS route protocol: a peer's own
 * `max_payload` binds its clients, and may be larger than this server's; what
 * is larger than `max_pending` could reach no client.
 */
export function routeMaxPayloadBytes(
  { maxPayloadBytes, maxPendingBytes }: ServerOptions,
): number {
  return Math.max(maxPayloadBytes, maxPendingBytes);
}

export function retryPolicy(
  server: ServerOptions,
  cluster: ClusterOptions,
): RetryPolicy {
  return {
    implicitRetries: cluster.connectRetries,
    waitMaxMs: cluster.connectBackoff ? ROUTE_RETRY_MAX_MS : RETRY_WAIT_MAX_MS,
    connectErrorReports: server.connectErrorReports,
    reconnectErrorReports: server.reconnectErrorReports,
  };
}

/** Whether two values of an option, or of INFO, say something else. */
export function isOther(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
