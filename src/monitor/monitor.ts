/**
 * Monitoring over HTTP: which path shows which page. The pages are made from
 * the broker's and the cluster's state at the moment of the request; this file
 * turns requests into pages and names no HTTP library.
 *
 * NATS monitoring: any method answers like GET, parameters that a page does
 * not know are ignored, and nothing here changes the server.
 */
import type { HttpAnswer, HttpRequest } from "../platform/http.ts";
import type { Address } from "../platform/socket.ts";
import { accountz, accstatz } from "./accounts.ts";
import { compactAnswer, jsonAnswer, NOT_FOUND, textAnswer } from "./answer.ts";
import { connz } from "./connz.ts";
import { discoveryz } from "./discoveryz.ts";
import { healthz } from "./healthz.ts";
import { BadRequest } from "./query.ts";
import { root } from "./root.ts";
import { routez } from "./routez.ts";
import { subsz } from "./subsz.ts";
import { gatewayz, jsz, leafz } from "./unused.ts";
import { varz } from "./varz.ts";
import type { WatchedServer } from "./watched_server.ts";

export type { HttpAnswer } from "../platform/http.ts";
export type { MonitorPlatform } from "./platform.ts";

export interface Monitor {
  readonly address: Address;
  close(): Promise<void>;
}

type Endpoint = (server: WatchedServer, query: URLSearchParams) => HttpAnswer;

const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ["/", root],
  ["/varz", json(varz)],
  ["/connz", json(connz)],
  ["/routez", json(routez)],
  ["/subsz", json(subsz)],
  ["/accountz", json(accountz)],
  ["/accstatz", json(accstatz)],
  ["/leafz", json(leafz)],
  ["/gatewayz", json(gatewayz)],
  ["/jsz", json(jsz)],
  ["/discoveryz", json(discoveryz)],
  ["/healthz", health],
]);

const SECOND_NAMES: ReadonlyMap<string, string> = new Map([
  ["/subscriptionsz", "/subsz"],
]);

/** Serves the pages of `server` at `at`. Rejects with a `NetworkError`. */
export async function startMonitor(
  server: WatchedServer,
  at: Address,
): Promise<Monitor> {
  const listener = await server.platform.serveHttp(
    at,
    (request) => answer(server, request),
  );
  server.httpAddress = listener.address;
  return listener;
}

/** The answer to one request. */
export function answer(
  server: WatchedServer,
  { path, query }: Pick<HttpRequest, "method" | "path" | "query">,
): HttpAnswer {
  const name = endpointName(path, server.broker.options.httpBasePath);
  const endpoint = ENDPOINTS.get(name);
  if (endpoint === undefined) return NOT_FOUND;
  server.requests.add(name);
  try {
    return endpoint(server, query);
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    server.requests.forget(name);
    return textAnswer(400, error.message);
  }
}

/** The path below the base path; the root page is the base path itself. Empty for any other path. */
function endpointName(path: string, basePath: string): string {
  if (path === (basePath === "" ? "/" : basePath)) return "/";
  if (!path.startsWith(`${basePath}/`)) return "";
  const name = path.slice(basePath.length);
  return name === "/" ? "" : SECOND_NAMES.get(name) ?? name;
}

function json(
  page: (server: WatchedServer, query: URLSearchParams) => object,
): Endpoint {
  return (server, query) => jsonAnswer(page(server, query));
}

function health(server: WatchedServer, query: URLSearchParams): HttpAnswer {
  const { status, page } = healthz(server, query);
  return compactAnswer(status, page);
}
