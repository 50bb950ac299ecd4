/**
 * What a reload does to the routes that this server has dialled, and with which
 * credentials it dials each server.
 */
import { ClosedReason } from "../core/closed.ts";
import type { Logger } from "../core/log.ts";
import { formatAddress } from "../net/address.ts";
import type { ClusterOptions } from "../options/options.ts";
import type { Dialer } from "./dialer.ts";
import type { Dialers, RouteCredentials } from "./dialers.ts";
import type { FoundNodes } from "./found_nodes.ts";
import { sharedCredentials } from "./identity.ts";
import type { Route } from "./route.ts";

/** What is known of the servers to dial, as it is now. */
interface DiallingParts {
  readonly dialers: Dialers;
  readonly options: Pick<ClusterOptions, "routes" | "authorization">;
  /** Undefined without discovery. */
  readonly found: FoundNodes | undefined;
  readonly log: Logger;
  /** What a dialler says first. */
  connectLine(dialer: Dialer): Uint8Array;
}

/**
 * Routes to servers that are configured no more end; those whose credentials have
 * changed stay, and show the new ones.
 */
export function changeDialledRoutes(
  open: Iterable<Route>,
  parts: DiallingParts,
): void {
  const { dialers, options, log } = parts;
  const removed = dialers.replaceConfigured(options.routes);
  const changed = dialers.replaceCredentials((dialer) =>
    credentialsFor(dialer, parts)
  );
  for (const route of open) {
    const { solicitedBy } = route.member;
    if (solicitedBy === undefined) continue;
    if (removed.includes(solicitedBy)) {
      route.close(ClosedReason.ROUTE_REMOVED);
      log.notice(`Removed route nats-route://${solicitedBy.name}`);
    } else if (changed.includes(solicitedBy)) {
      route.connection.send(parts.connectLine(solicitedBy));
    }
  }
}

function credentialsFor(
  { origin, target, name }: Dialer,
  { options, found }: DiallingParts,
): RouteCredentials {
  switch (origin) {
    case "configured":
      return options.routes.find((route) => formatAddress(route) === name) ??
        {};
    case "found":
      return found?.credentialsOf(target) ?? {};
    case "gossip":
      // A server that did not ask for credentials goes on without.
      return target.user === undefined && target.token === undefined
        ? {}
        : sharedCredentials(options.authorization);
  }
}
