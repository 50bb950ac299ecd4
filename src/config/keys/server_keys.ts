/**
 * The top level of a configuration. Its rows stand in the files
 * `server_*.ts`, by the parts in which the reference shows them.
 */
import type { ServerOptions } from "../../options/options.ts";
import { ADDRESS_KEYS, MONITORING_KEYS } from "./server_addresses.ts";
import { BEHAVIOUR_KEYS, BLOCK_KEYS } from "./server_behaviour.ts";
import {
  LEAVING_KEYS,
  LIMIT_KEYS,
  LOGIN_KEYS,
  TIME_KEYS,
} from "./server_limits.ts";
import { LOG_KEYS } from "./server_log.ts";
import { MISSING_KEYS } from "./server_missing.ts";
import { TLS_KEYS } from "./server_tls.ts";
import { TRUST_FACTS, TRUST_KEYS } from "./trust_keys.ts";
import type { Block, ConfigKey } from "./schema.ts";

/** The rows by their part of the reference. Flags are applied in this order. */
export const SERVER_PARTS: Readonly<
  Record<string, readonly ConfigKey<ServerOptions>[]>
> = {
  addresses: ADDRESS_KEYS,
  monitoring: MONITORING_KEYS,
  log: LOG_KEYS,
  tls: TLS_KEYS,
  login: LOGIN_KEYS,
  trust: TRUST_KEYS,
  limits: LIMIT_KEYS,
  times: TIME_KEYS,
  leaving: LEAVING_KEYS,
  rest: BEHAVIOUR_KEYS,
  blocks: BLOCK_KEYS,
};

const CONFIG_TEXT = [
  "Options of `startServer`, with the names of the configuration file. Sizes are",
  'bytes, durations texts such as `"2s"` or `"1m30s"`, and a port of 0 is any',
  "free one, wherever a port stands.",
  "",
  "```ts",
  'import { type ServerConfig, startServer } from "midge";',
  "",
  "const config: ServerConfig = {",
  "  port: 0,",
  '  http: "127.0.0.1:0",',
  "  max_payload: 64 * 1024,",
  '  authorization: { user: "ann", password: "s3cret" },',
  '  write_deadline: "2s",',
  "};",
  "await using server = await startServer(config);",
  "```",
].join("\n");

/** The top level. */
export const SERVER_BLOCK: Block<ServerOptions> = {
  place: "the top level",
  types: {
    options: "ServerOptions",
    optionsText: "A server, as its configuration comes out. " +
      "Sizes in bytes, durations in milliseconds.",
    config: "ServerConfig",
    configText: CONFIG_TEXT,
  },
  keys: [...Object.values(SERVER_PARTS).flat(), ...MISSING_KEYS],
  others: [
    {
      field: "trust",
      type: "TrustOptions",
      text: "Operator mode: whom to trust, and where accounts are found.",
      block: TRUST_FACTS,
      reload: "now",
    },
    {
      field: "unixSockets",
      type: "string[]",
      default: [],
      text: "The paths of unix sockets for clients.",
      reload: "restart",
    },
    {
      field: "httpSockets",
      type: "string[]",
      default: [],
      text: "The paths of unix sockets for monitoring.",
      reload: "restart",
    },
    {
      field: "registryOnly",
      type: "boolean",
      default: false,
      text: "Serve nothing but the registry.",
      reload: "restart",
    },
    {
      field: "configFile",
      type: "string",
      default: "",
      text: "The file that the options came from; empty without one.",
      reloaded: "",
      reload: "now",
    },
    {
      field: "configDigest",
      type: "string",
      default: "",
      text: "What tells the contents of that file apart: `sha256:...`.",
      reloaded: "",
      reload: "now",
    },
  ],
  programKeys: [
    {
      name: "include",
      written: "string",
      text:
        `A configuration file, in nats-server's dialect or \`.toml\`, whose keys hold
unless they stand here too: a block, such as \`cluster\`, is replaced as a
whole. A relative path starts at the working folder. Its \`$VARIABLES\` may
be those of the environment.`,
    },
  ],
};
