/**
 * What `connect` takes besides the options of the client library: URLs in the
 * place of providers, which the machine's network and files then serve.
 */
import type { ConnectionOptions } from "../client/api/options.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { providerOf } from "../discovery/providers/provider_of.ts";
import type { DiscoveryPlatform } from "../discovery/platform.ts";
import { parseDiscoveryUrls } from "../discovery/url.ts";

/**
 * What `connect` takes; every field may be left out. Times are milliseconds,
 * sizes are bytes.
 *
 * ```ts
 * import { connect, type ConnectOptions } from "midge";
 *
 * const options: ConnectOptions = {
 *   servers: ["nats://localhost:4222", "nats://localhost:5222"],
 *   name: "orders",
 *   maxReconnectAttempts: -1,
 * };
 * await using connection = await connect(options);
 * ```
 */
export interface ConnectOptions extends Omit<ConnectionOptions, "discovery"> {
  /**
   * Where to ask for servers when none of those known answers, and from time to
   * time: providers, and URLs that name some, one or several divided by commas,
   * such as `etcd://host:2379/prefix`, `srv://name`, `registry://host:4280`.
   */
  readonly discovery?: DiscoveryOption;
}

/** Providers, or URLs that name some. */
export type DiscoveryOption =
  | string
  | Discovery
  | readonly (string | Discovery)[];

/** The options as the library takes them. Throws a `DiscoveryError` for a URL that makes no sense. */
export function withProviders(
  options: ConnectOptions,
  platform: DiscoveryPlatform,
): ConnectionOptions {
  const { discovery = [], ...others } = options;
  const given = isList(discovery) ? discovery : [discovery];
  const providers = given.flatMap((one) =>
    typeof one === "string"
      ? parseDiscoveryUrls(one)
        .map((target) => providerOf(target, platform, "client"))
      : one
  );
  return { ...others, discovery: providers };
}

function isList(
  given: DiscoveryOption,
): given is readonly (string | Discovery)[] {
  return Array.isArray(given);
}
