/**
 * Midge in the test's own process, on real sockets: options are the defaults
 * with port 0 on the loopback address and no system account, changed as the test
 * says. Log lines are kept for assertions.
 */
import type { ServerPlatform } from "../../src/app/parts.ts";
import { Server } from "../../src/app/server.ts";
import {
  type ClusterOptions,
  defaultClusterOptions,
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import type { Logger } from "../../src/core/log.ts";
import { platform } from "../../src/runtime/mod.ts";
import type { TestContext } from "./test.ts";

/** Keeps every line as `INF text`. */
export class MemoryLog implements Logger {
  readonly lines: string[] = [];
  readonly debugEnabled: boolean = true;
  readonly traceEnabled: boolean;

  constructor(trace: boolean) {
    this.traceEnabled = trace;
  }

  notice(text: string): void {
    this.lines.push(`INF ${text}`);
  }

  warn(text: string): void {
    this.lines.push(`WRN ${text}`);
  }

  error(text: string): void {
    this.lines.push(`ERR ${text}`);
  }

  fatal(text: string): void {
    this.lines.push(`FTL ${text}`);
  }

  debug(text: string): void {
    this.lines.push(`DBG ${text}`);
  }

  trace(text: string): void {
    this.lines.push(`TRC ${text}`);
  }
}

export interface TestServer {
  readonly server: Server;
  readonly log: MemoryLog;
  /** Where clients connect. */
  readonly port: number;
  /** Where other servers connect; 0 without a cluster. */
  readonly clusterPort: number;
  /** Where monitoring is served; 0 without it. */
  readonly httpPort: number;
}

export interface TestOptions extends Partial<Omit<ServerOptions, "cluster">> {
  readonly cluster?: Partial<ClusterOptions>;
}

/** Starts a server that ends with the test. */
export async function startMidge(
  t: TestContext,
  options: TestOptions = {},
  changes: Partial<ServerPlatform> = {},
): Promise<TestServer> {
  const log = new MemoryLog(options.trace ?? false);
  const server = await Server.start(serverOptions(options), {
    ...platform,
    ...changes,
    log,
  });
  t.after(() => server.stop());
  return {
    server,
    log,
    port: server.broker.port.lastAddress.port,
    clusterPort: server.clusterAddress?.port ?? 0,
    httpPort: server.monitorAddress?.port ?? 0,
  };
}

function serverOptions({ cluster, ...options }: TestOptions): ServerOptions {
  return {
    ...defaultServerOptions(),
    host: "127.0.0.1",
    port: 0,
    // What the server itself says, and hears, is no part of most tests.
    systemAccount: "",
    ...options,
    cluster: cluster === undefined ? undefined : {
      ...defaultClusterOptions(),
      host: "127.0.0.1",
      port: 0,
      name: "test",
      ...cluster,
    },
  };
}
