/** The options by which the next server is chosen, with defaults filled in. */
import type { Discovery } from "../../discovery/discovery.ts";
import type { DiscoveryPolicy } from "../api/options.ts";
import type { ReconnectToServerHandler } from "../api/servers.ts";
import type { SessionOptions } from "../session/options.ts";

/** Who we are and how we speak decides which of the servers that were found may be dialled. */
export interface SearchOptions extends SessionOptions {
  readonly servers: readonly string[];
  readonly noRandomize: boolean;
  readonly waitOnFirstConnect: boolean;
  readonly maxReconnectAttempts: number;
  readonly reconnectTimeWaitMs: number;
  readonly reconnectJitterMs: number;
  readonly reconnectDelayHandler: (() => number) | undefined;
  readonly reconnectToServer: ReconnectToServerHandler | undefined;
  readonly ignoreAuthErrorAbort: boolean;
  readonly ignoreClusterUpdates: boolean;
  readonly discovery: readonly Discovery[];
  readonly discoveryPolicy: DiscoveryPolicy;
}
