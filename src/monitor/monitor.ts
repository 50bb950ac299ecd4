/**
 * Monitoring over HTTP: which path shows which page. A page is made of a
 * snapshot that is taken for it, and gathered and printed in slices, between
 * which the broker does its own work: a page that is longer than one piece goes
 * out as a stream, all others as a whole.
 *
 * NATS monitoring: any method answers like GET, parameters that a page does
 * not know are ignored, and nothing here changes the server.
 * A path that is not clean, such as `//varz`, is sent on to the clean one.
 */
import { textAnswer } from "../http/answers.ts";
import { goQuery } from "../http/go_params.ts";
import { plainPath, redirectOf } from "../http/clean_path.ts";
import { Refusal } from "../http/refusal.ts";
import { Router } from "../http/router.ts";
import { type SlicedWork, SliceQueue } from "../http/slices.ts";
import type { HttpLimits, HttpReply, HttpRequest } from "../platform/http.ts";
import type { Address } from "../platform/socket.ts";
import { runSoonOn } from "../platform/turns.ts";
import { accountz, accstatz } from "./accounts.ts";
import { connz } from "./connz.ts";
import { discoveryz } from "./discoveryz.ts";
import { healthz } from "./healthz.ts";
import { jsz } from "./jsz.ts";
import { type Page, showing, type ShowPage } from "./page.ts";
import {
  printedAnswer,
  printedHealth,
  printedHtml,
  printedJson,
  type PrintedPage,
} from "./printed_page.ts";
import { root } from "./root.ts";
import { routez } from "./routez.ts";
import type { PartName } from "./snapshot.ts";
import type { WatchedServer } from "./source/watched_server.ts";
import { subsz } from "./subsz.ts";
import { gatewayz, leafz } from "./unused.ts";
import { varz } from "./varz.ts";

export type { MonitorPlatform } from "./platform.ts";

export interface Monitor {
  readonly address: Address;
  close(): Promise<void>;
}

interface Endpoint {
  /** Under which its requests are counted. */
  readonly name: string;
  readonly show: ShowPage<PrintedPage>;
}

const SUBSZ = json("/subsz", subsz);

const ENDPOINTS: readonly (readonly [path: string, endpoint: Endpoint])[] = [
  ["/", endpoint("/", root, printedHtml)],
  ["/varz", json("/varz", varz)],
  ["/connz", json("/connz", connz)],
  ["/routez", json("/routez", routez)],
  ["/subsz", SUBSZ],
  ["/subscriptionsz", SUBSZ],
  ["/accountz", json("/accountz", accountz)],
  ["/accstatz", json("/accstatz", accstatz)],
  ["/leafz", json("/leafz", leafz)],
  ["/gatewayz", json("/gatewayz", gatewayz)],
  ["/jsz", json("/jsz", jsz)],
  ["/discoveryz", json("/discoveryz", discoveryz)],
  ["/healthz", endpoint("/healthz", healthz, printedHealth)],
];

const ROUTER = new Router<Endpoint>(
  ENDPOINTS.map(([path, endpoint]) => [path, { "*": endpoint }] as const),
);

/** Serves the pages of `server` at `at`. Rejects with a `NetworkError`. */
export async function startMonitor(
  server: WatchedServer,
  at: Address,
  limits: HttpLimits = {},
): Promise<Monitor> {
  const { serveHttp, runSoon } = server.platform;
  const slices = new SliceQueue(runSoon ?? runSoonOn(server.clock));
  const listener = await serveHttp(
    at,
    (request) => reply(server, request, slices),
    limits,
  );
  // Nobody elsewhere can use the path of a unix socket.
  if (limits.https !== undefined) server.httpsAddress = listener.address;
  else if (at.path === undefined) server.httpAddress = listener.address;
  return listener;
}

async function reply(
  server: WatchedServer,
  request: HttpRequest,
  slices: SliceQueue,
): Promise<HttpReply> {
  const redirect = redirectOf(request);
  if (redirect !== undefined) return redirect;
  const query = goQuery(request.search);
  const work = printPage(server, { ...request, query });
  const { status, headers, text } = await slices.finish(work, request.signal);
  const printed = await slices.print(text);
  return typeof printed === "string"
    ? { status, headers, body: printed }
    : { status, headers, stream: printed };
}

/** The page that one request asks for, gathered and ready to be printed. */
export function* printPage(
  server: WatchedServer,
  { method, path, query }: Pick<HttpRequest, "method" | "path" | "query">,
): SlicedWork<PrintedPage> {
  const found = ROUTER.find(
    method,
    pathOfPage(plainPath(path), server.basePath),
  );
  if (found.kind !== "found") {
    return printedAnswer(textAnswer(404, "404 page not found\n"));
  }
  const { name, show } = found.handler;
  server.requests.add(name);
  try {
    return yield* show(server, query);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (!isCounted(name, error)) server.requests.forget(name);
    return printedAnswer(textAnswer(error.status, error.message));
  }
}

/** NATS monitoring: two pages count only requests whose parameters can be read. */
function isCounted(name: string, { at }: Refusal): boolean {
  return (name !== "/connz" && name !== "/routez") || at === "query sort";
}

/** The path below the base path; the root page is the base path itself. Empty for any other path. */
function pathOfPage(path: string, basePath: string): string {
  if (path === (basePath === "" ? "/" : basePath)) return "/";
  if (!path.startsWith(`${basePath}/`)) return "";
  const name = path.slice(basePath.length);
  return name === "/" ? "" : name;
}

function json<Query, Part extends PartName, Shown extends object>(
  name: string,
  page: Page<Query, Part, Shown>,
): Endpoint {
  return endpoint(name, page, printedJson);
}

function endpoint<Query, Part extends PartName, Shown extends object>(
  name: string,
  page: Page<Query, Part, Shown>,
  print: (shown: Shown) => PrintedPage,
): Endpoint {
  const show = showing(page);
  return {
    name,
    *show(source, params) {
      return print(yield* show(source, params));
    },
  };
}
