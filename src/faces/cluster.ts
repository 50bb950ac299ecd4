/**
 * A cluster in one process: `startCluster({ size: 3 })`.
 *
 * @module
 */
export {
  type ClusterSetup,
  type RunningCluster,
  startCluster,
} from "../app/start_cluster.ts";
export type { Server } from "../app/server.ts";
