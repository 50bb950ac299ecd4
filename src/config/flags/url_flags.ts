/**
 * The URLs that flags hold, read with the errors that a command line gets. None
 * of them quotes a password or a token, not even one that a comma cut in two.
 */
import { redactUrl } from "../../core/redact.ts";
import { type NodeUrl, parseNodeUrl, UrlError } from "../../net/url.ts";
import type { RouteTarget } from "../../options/options.ts";
import { badRouteText } from "../keys/cluster_keys.ts";
import { parseRouteUrl } from "../route_url.ts";
import { FlagError } from "./flags.ts";

/** The URL of `-cluster`. */
export function readClusterUrl(url: string): NodeUrl {
  return orFlagError(
    () => parseNodeUrl(url),
    ({ message }) => `parse "${redactUrl(url)}": ${message}`,
  );
}

/** The URLs of `-routes`, divided by commas. */
export function readRoutes(list: string): RouteTarget[] {
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
