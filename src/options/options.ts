/**
 * The room of the options: every field present, every number in the unit of
 * its name, as the broker reads them. The configuration file, the command line
 * and `startServer` all end here. All but `route_target.ts` is made by
 * `scripts/make_options.ts`, from the rows of `src/config/keys`.
 */
export {
  type AuthorizationConfig,
  type AuthorizationOptions,
  defaultAuthorizationOptions,
  type UserConfig,
  type UserOptions,
} from "./authorization.ts";
export {
  type ClusterConfig,
  type ClusterOptions,
  defaultClusterOptions,
} from "./cluster.ts";
export {
  defaultDiscoveryOptions,
  type DiscoveryConfig,
  type DiscoveryOptions,
} from "./discovery.ts";
export {
  defaultRegistryOptions,
  type RegistryConfig,
  type RegistryOptions,
} from "./registry.ts";
export type { RouteTarget } from "./route_target.ts";
export {
  defaultServerOptions,
  type ServerConfig,
  type ServerOptions,
} from "./server.ts";
