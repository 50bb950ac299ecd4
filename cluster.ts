/**
 * A cluster in one process. As a module: `startCluster({ size: 3 })`. As a
 * program it starts the article's nodes, client ports 4222, 5222, 6222 and so
 * on, monitoring on 4333, 5333, 6333, routes on 4248, 5248, 6248:
 *
 *     deno run -A cluster.ts -n 3
 *
 * @module
 */
import { runCluster } from "./src/commands/cluster.ts";
import { isMain, programArguments } from "./src/runtime/process/system.ts";

export * from "./src/faces/cluster.ts";

if (isMain(import.meta)) await runCluster(programArguments());
