/**
 * What providers and registrars need of the machine, as one value.
 */
import type { Clock, Random } from "../platform/clock.ts";
import type { Dns } from "../platform/dns.ts";
import type { Fetch, FetchTls } from "../platform/fetch.ts";
import type { Files } from "../platform/files.ts";

export interface DiscoveryPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: Fetch;
  /** TLS towards all sources, as it is at each question; undefined: the machine's. */
  readonly sourceTls?: () => FetchTls | undefined;
  readonly dns: Dns;
  readonly files: Files;
  /** A variable of the environment; undefined when it is not set. */
  readonly environment: (name: string) => string | undefined;
}
