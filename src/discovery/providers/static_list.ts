/**
 * A provider that always gives the same answer: the addresses that it was given.
 * It outlives every other one, and knows nothing new.
 */
import { type Discovery, DiscoveryError, type Snapshot } from "../discovery.ts";
import { doorUrl, TEXT_CHARS_MAX } from "../node_record.ts";
import { loggedUrl } from "../../core/redact.ts";

/**
 * Answers with `urls`, each `nats://host:port`, `tls://host:port`,
 * `nats-route://host:port` or `host:port`. Credentials in them are left out.
 * Throws a `DiscoveryError` for what is no such address.
 */
export function staticList(urls: readonly string[]): Discovery {
  const doors = [...new Set(urls.map(doorOf))];
  const snapshot: Snapshot = {
    endpoints: doors.map((url) => ({ url })),
    authoritative: true,
  };
  return {
    name: doors.join(",").slice(0, TEXT_CHARS_MAX) || "static",
    resolve: ({ signal }): Promise<Snapshot> =>
      signal.aborted
        ? Promise.reject(signal.reason)
        : Promise.resolve(snapshot),
  };
}

function doorOf(url: string): string {
  const door = doorUrl(url);
  if (door === undefined) {
    throw new DiscoveryError(
      `Cannot use "${
        loggedUrl(url)
      }" as the address of a server: it is no nats://host:port`,
    );
  }
  return door;
}
