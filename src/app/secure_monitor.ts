/** Monitoring over TLS, with the certificates for clients as they are at each handshake. */
import { InvalidOperationError } from "../core/errors.ts";
import { type Monitor, startMonitor } from "../monitor/monitor.ts";
import type { WatchedServer } from "../monitor/source/watched_server.ts";
import { formatAddress } from "../net/address.ts";
import { serverUpgrades } from "../net/server_upgrades.ts";

/** Undefined where none is asked for. Rejects with the words of nats-server where it cannot be. */
export async function startSecureMonitor(
  watched: WatchedServer,
): Promise<Monitor | undefined> {
  const { options, host: { log } } = watched.broker;
  const { http, https, tls } = options;
  if (https === undefined) return undefined;
  if (http !== undefined) {
    const ports = `HTTP (${http.port}) and HTTPs (${https.port}) ports`;
    throw cannotMonitor(`can't specify both ${ports}`);
  }
  if (tls === undefined || tls.certificates.length === 0) {
    throw cannotMonitor("TLS cert and key required for HTTPS");
  }
  const settings = () => watched.broker.options.tls ?? tls;
  const monitor = await startMonitor(watched, https, {
    https: {
      // NATS monitoring: nobody has to show a certificate.
      tls: serverUpgrades(settings, (now) => ({ ...now, verify: false })),
      onFailure: (remote, detail) =>
        log.error(
          `monitoring: TLS handshake error from ${
            formatAddress(remote)
          }: ${detail}`,
        ),
    },
  });
  log.notice(`Starting https monitor on ${formatAddress(monitor.address)}`);
  return monitor;
}

function cannotMonitor(why: string): InvalidOperationError {
  return new InvalidOperationError(`Can't start monitoring: ${why}`);
}
