/**
 * What monitoring asks of the platform: HTTP, turns of the event loop, and what
 * the process uses.
 */
import type { ServeHttp } from "../platform/http.ts";
import type { RunSoon } from "../platform/turns.ts";

/** What monitoring stands on. */
export interface MonitorPlatform {
  readonly serveHttp: ServeHttp;
  /** Turns of the event loop, for long pages; without it, the clock makes them. */
  readonly runSoon?: RunSoon;
  /** What runs the server, like "deno 2.9.6". */
  readonly runtimeName: string;
  /** Addresses by which other machines reach this one. */
  readonly interfaceAddresses: () => string[];
  /** Resident memory of the process, in bytes. */
  memoryUsage(): number;
  /** Processor time that the process has used, in seconds. */
  cpuSeconds(): number;
  coreCount(): number;
}
