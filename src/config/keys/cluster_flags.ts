/**
 * The flags of the cluster that do more than set the field of a key. Their
 * errors quote no password and no token, not even one that a comma cut in two.
 */
import { ANY_HOST } from "../../core/limits.ts";
import { type NodeUrl, parseListenUrl, UrlError } from "../../net/url.ts";
import { FlagError } from "../flags/flags.ts";
import type {
  AuthorizationOptions,
  ClusterOptions,
  RouteTarget,
  ServerOptions,
} from "../../options/options.ts";
import { redactNodeUrl } from "../../core/redact.ts";
import { AUTHORIZATION_BLOCK, requiresLogin } from "./authorization_keys.ts";
import { defaultsOf } from "./defaults.ts";
import { text } from "./flag_rows.ts";
import { parseRouteUrl } from "./route_url.ts";
import { badRouteText } from "./route_urls.ts";
import type { KeyFlag } from "./schema.ts";

/** Without a port, or with port 0, no routes are accepted; -1 is any free port. */
export function listeningPort(port: number): number | undefined {
  if (port === 0) return undefined;
  return port === -1 ? 0 : port;
}

/** `-cluster`; `clusterOf` gives the block that it changes. */
export function clusterFlag(
  clusterOf: (options: ServerOptions) => ClusterOptions,
): KeyFlag {
  return {
    ...text("Cluster", ["cluster", "cluster_listen"], "url", (options, url) => {
      if (url !== "") listenAt(clusterOf(options), url);
      else if (options.cluster !== undefined) options.cluster.port = undefined;
    }),
    isSecret: true,
    doc: "Where other nodes connect to, such as " +
      "nats://user:password@host:6222; " +
      "empty for nowhere",
  };
}

function listenAt(cluster: ClusterOptions, url: string): void {
  const isAnyPort = url.endsWith(":-1");
  const { host, port, user } = readClusterUrl(
    isAnyPort ? url.replace(/-1$/, "0") : url,
  );
  cluster.host = host || ANY_HOST;
  cluster.port = listeningPort(isAnyPort ? -1 : port);
  const authorization = cluster.authorization ??
    defaultsOf(AUTHORIZATION_BLOCK);
  replaceUser(authorization, user);
  cluster.authorization = requiresLogin(authorization)
    ? authorization
    : undefined;
}

// A user of the file does not belong to an address of the command line.
function replaceUser(
  authorization: AuthorizationOptions,
  user: NodeUrl["user"],
): void {
  delete authorization.user;
  delete authorization.password;
  if (user === undefined) return;
  if (user.password === undefined) {
    throw new FlagError("expected cluster password to be set");
  }
  authorization.user = user.name;
  authorization.password = user.password;
}

function readClusterUrl(url: string): NodeUrl {
  return orFlagError(
    () => parseListenUrl(url),
    ({ message }) => `parse "${redactNodeUrl(url)}": ${message}`,
  );
}

/** `-routes`, which replaces the routes of the file. */
export const ROUTES_FLAG: KeyFlag = {
  ...text("Cluster", ["routes"], "url,url", setRoutes),
  isSecret: true,
  doc: "Nodes to connect to, instead of the file's",
};

/** What is said of a route by `tls://` where nodes have nothing to show each other. */
export const TLS_ROUTE_TEXT =
  "a tls:// route needs certificates: the cluster has no tls block";

function setRoutes(options: ServerOptions, list: string): void {
  if (options.cluster !== undefined) {
    const routes = readRoutes(list);
    if (!options.cluster.tls && routes.some(({ tls }) => tls)) {
      throw new FlagError(TLS_ROUTE_TEXT);
    }
    options.cluster.routes = routes;
  } else if (list.trim() !== "") {
    throw new FlagError(
      "solicited routes require cluster capabilities, e.g. --cluster",
    );
  }
}

function readRoutes(list: string): RouteTarget[] {
  if (list.trim() === "") return [];
  const urls = list.split(",");
  return urls.map((url, at) =>
    orFlagError(
      () => parseRouteUrl(url),
      (error) => routeText(urls.slice(at), error),
    )
  );
}

function routeText(urls: readonly string[], error: UrlError): string {
  const [url = ""] = urls;
  const [whole = ""] = urls.join(",").split(/,(?=[a-z][a-z0-9+.-]*:\/\/)/i);
  const isCut = whole !== url && whole.includes("@");
  return isCut
    ? badRouteText(whole, new UrlError("a comma in it is written as %2C"))
    : badRouteText(url, error);
}

function orFlagError<T>(read: () => T, textOf: (error: UrlError) => string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    throw new FlagError(textOf(error));
  }
}
