/** Every block of the configuration, by the file of `src/options` with its types. */
import { ACCOUNT_BLOCK, ACCOUNT_LIMITS_BLOCK } from "./account_keys.ts";
import { ACCOUNT_JETSTREAM_BLOCK } from "./account_jetstream_keys.ts";
import { TRACE_BLOCK } from "./trace_keys.ts";
import { AUTHORIZATION_BLOCK } from "./authorization_keys.ts";
import { CALLOUT_BLOCK } from "./callout_keys.ts";
import { CLUSTER_BLOCK } from "./cluster_keys.ts";
import { DISCOVERY_BLOCK } from "./discovery_keys.ts";
import { EXPORT_BLOCK } from "./export_keys.ts";
import { JETSTREAM_BLOCK } from "./jetstream_keys.ts";
import {
  JETSTREAM_BATCH_BLOCK,
  JETSTREAM_LIMITS_BLOCK,
} from "./jetstream_limits_keys.ts";
import { LATENCY_BLOCK } from "./latency_keys.ts";
import { IMPORT_BLOCK, REMOTE_BLOCK } from "./import_keys.ts";
import { DESTINATION_BLOCK } from "./mapping_keys.ts";
import {
  PERMISSIONS_BLOCK,
  RESPONSES_BLOCK,
  SUBJECT_RULES_BLOCK,
} from "./permission_keys.ts";
import { REGISTRY_BLOCK } from "./registry_keys.ts";
import { RESOLVER_BLOCK } from "./resolver_keys.ts";
import { PROXIES_BLOCK, PROXY_BLOCK } from "./proxy_keys.ts";
import type { BlockFacts } from "./schema.ts";
import { SERVER_BLOCK } from "./server_keys.ts";
import { CERTIFICATE_BLOCK } from "./certificate_keys.ts";
import { TLS_BLOCK } from "./tls_keys.ts";
import { USER_BLOCK } from "./user_keys.ts";
import {
  WEBSOCKET_AUTHORIZATION_BLOCK,
  WEBSOCKET_BLOCK,
} from "./websocket_keys.ts";

/** Named by the files of `src/options`, the outermost block first. */
export const BLOCKS: Readonly<Record<string, readonly BlockFacts[]>> = {
  server: [SERVER_BLOCK],
  authorization: [AUTHORIZATION_BLOCK],
  account_config: [
    ACCOUNT_BLOCK,
    USER_BLOCK,
    PERMISSIONS_BLOCK,
    SUBJECT_RULES_BLOCK,
    RESPONSES_BLOCK,
    EXPORT_BLOCK,
    LATENCY_BLOCK,
    IMPORT_BLOCK,
    REMOTE_BLOCK,
    ACCOUNT_LIMITS_BLOCK,
    TRACE_BLOCK,
    ACCOUNT_JETSTREAM_BLOCK,
  ],
  mapping_config: [DESTINATION_BLOCK],
  trust_config: [RESOLVER_BLOCK, CALLOUT_BLOCK, PROXIES_BLOCK, PROXY_BLOCK],
  tls_config: [TLS_BLOCK, CERTIFICATE_BLOCK],
  cluster: [CLUSTER_BLOCK],
  discovery: [DISCOVERY_BLOCK],
  registry: [REGISTRY_BLOCK],
  jetstream: [JETSTREAM_BLOCK, JETSTREAM_LIMITS_BLOCK, JETSTREAM_BATCH_BLOCK],
  websocket: [WEBSOCKET_BLOCK, WEBSOCKET_AUTHORIZATION_BLOCK],
};
