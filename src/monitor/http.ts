/**
 * The HTTP seam: as much of requests and answers as monitoring looks at, and
 * what it asks of the platform. `runtime/http.ts` implements it.
 */
import type { Address, Listener } from "../net/socket.ts";

/** One request. */
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
  /** What runs the server, like "deno 2.9.6". */
  readonly runtimeName: string;
  /** Resident memory of the process, in bytes. */
  memoryUsage(): number;
  /** Processor time that the process has used, in seconds. */
  cpuSeconds(): number;
  coreCount(): number;
}
