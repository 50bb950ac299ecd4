/**
 * What keeps a server from accepting connections, such as too many open files,
 * in its log: one line at once, and again at most once a second as long as it
 * lasts, whichever of its ports are concerned.
 */
import type { Logger } from "../core/log.ts";
import type { Clock } from "../platform/clock.ts";
import type { ServeHttp } from "../platform/http.ts";
import type { Network, NetworkError } from "../platform/socket.ts";

const TOLD_EVERY_MS = 1000;

/** The ports of a platform. */
interface Ports {
  readonly network: Network;
  readonly serveHttp: ServeHttp;
}

/** The same ports, which tell `log` of their trouble. */
export function tellingPorts(
  { network, serveHttp }: Ports,
  clock: Clock,
  log: Logger,
): Ports {
  let toldAt = -Infinity;
  const onTrouble = ({ message }: NetworkError): void => {
    const now = clock.monotonic();
    if (now - toldAt < TOLD_EVERY_MS) return;
    toldAt = now;
    log.error(`Cannot accept connections: ${message}`);
  };
  return {
    network: {
      listen: (at, options, onSocket) =>
        network.listen(at, { ...options, onTrouble }, onSocket),
      dial: (to, options) => network.dial(to, options),
      lookup: (host) => network.lookup(host),
    },
    serveHttp: (at, handle, limits) =>
      serveHttp(at, handle, { ...limits, onTrouble }),
  };
}
