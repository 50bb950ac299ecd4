/** Every block of the configuration, by the file of `src/options` with its types. */
import { AUTHORIZATION_BLOCK, USER_BLOCK } from "./authorization_keys.ts";
import { CLUSTER_BLOCK } from "./cluster_keys.ts";
import { DISCOVERY_BLOCK } from "./discovery_keys.ts";
import { REGISTRY_BLOCK } from "./registry_keys.ts";
import type { BlockFacts } from "./schema.ts";
import { SERVER_BLOCK } from "./server_keys.ts";

/** Named by the files of `src/options`, the outermost block first. */
export const BLOCKS: Readonly<Record<string, readonly BlockFacts[]>> = {
  server: [SERVER_BLOCK],
  authorization: [AUTHORIZATION_BLOCK, USER_BLOCK],
  cluster: [CLUSTER_BLOCK],
  discovery: [DISCOVERY_BLOCK],
  registry: [REGISTRY_BLOCK],
};
