/**
 * Options of a server that is started by a program: an object with the names
 * of the configuration file. It goes through the same table as a file does, so
 * it is checked as strictly and its errors name the place just as well.
 */
import { Source } from "../config/diagnostic.ts";
import type { ServerOptions } from "../config/options.ts";
import { parseSource } from "../config/parser.ts";
import { optionsFrom } from "../config/server_options.ts";

/** `{ user, password }` or `{ token }` or `{ users }`. Hashes made by bcrypt are recognised. */
export interface AuthorizationConfig {
  user?: string;
  password?: string;
  token?: string;
  users?: { user: string; password: string }[];
  /** Seconds. */
  timeout?: number;
}

/** The `cluster` block. */
export interface ClusterConfig {
  name?: string;
  listen?: string;
  host?: string;
  /** 0 for any free port. */
  port?: number;
  /** `nats-route://[user:password@]host:port`. */
  routes?: string[];
  authorization?: AuthorizationConfig;
  advertise?: string;
  no_advertise?: boolean;
  connect_retries?: number;
  connect_backoff?: boolean;
}

/**
 * The `discovery` block. URLs are those of clients: `registry://host:port`,
 * `etcd://host:port/prefix`, `dns://name:port` and so on.
 */
export interface DiscoveryConfig {
  /** Where this node announces itself. */
  announce?: string | string[];
  /** Where it looks for other nodes. */
  find?: string | string[];
  /** How long an announcement holds that is not renewed, such as `"15s"`. */
  ttl?: string;
  /** Send the cluster's credentials to the nodes that are found. */
  trust_credentials?: boolean;
}

/** The `registry` block. Without a host it is for programs of this machine only. */
export interface RegistryConfig {
  listen?: string;
  host?: string;
  /** 0 for any free port. */
  port?: number;
  /** What a node needs to announce itself. */
  token?: string;
  /** Keeps the nodes over a restart. */
  state_file?: string;
}

/** The keys of the configuration file that programs use most; sizes in bytes, durations as `"2s"`. */
export interface ServerConfig {
  listen?: string;
  host?: string;
  /** 0 for any free port. */
  port?: number;
  server_name?: string;
  client_advertise?: string;
  debug?: boolean;
  trace?: boolean;
  http?: string;
  /** 0 for any free port. */
  http_port?: number;
  http_base_path?: string;
  authorization?: AuthorizationConfig;
  no_auth_user?: string;
  max_connections?: number;
  max_subscriptions?: number;
  max_control_line?: number;
  max_payload?: number;
  max_pending?: number;
  ping_interval?: string;
  ping_max?: number;
  write_deadline?: string;
  lame_duck_duration?: string;
  lame_duck_grace_period?: string;
  cluster?: ClusterConfig;
  discovery?: DiscoveryConfig;
  registry?: RegistryConfig;
  /** Every other key of the configuration file. */
  [key: string]: unknown;
}

/** In a file, 0 asks for the default port and -1 for any; in a program, 0 asks for any. */
const ANY_PORT = -1;

/** Checks `config`. Throws `ConfigError` with all that is wrong with it. */
export function optionsOf(config: ServerConfig): ServerOptions {
  const text = JSON.stringify(config, anyPortForZero, 2);
  const source = new Source("options", text);
  const { root } = parseSource(source, {
    readFile: () => {
      throw new Error("Options given by a program include no files");
    },
    env: () => undefined,
  });
  return optionsFrom(root).options;
}

function anyPortForZero(key: string, value: unknown): unknown {
  const isPort = key === "port" || key === "http_port";
  return isPort && value === 0 ? ANY_PORT : value;
}
