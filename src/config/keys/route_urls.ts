/** The list of routes in a `cluster` block, and the text for a route that is no URL. */
import { UrlError } from "../../net/url.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigString } from "../dialect/tree.ts";
import type { RouteTarget } from "../../options/options.ts";
import { redactNodeUrl } from "../../core/redact.ts";
import { goType, quote, reportType } from "./complaints.ts";
import type { Reader } from "./readers.ts";
import { parseRouteUrl } from "./route_url.ts";

/** The text for a route that is not a URL; its secrets are left out. */
export function badRouteText(url: string, reason: UrlError): string {
  const shown = quote(redactNodeUrl(url.trim()));
  return `error parsing route url [${shown}]: ${reason.message}`;
}

/** The routes of a list, each once. */
export const routeUrls: Reader<RouteTarget[]> = {
  kind: "list of URLs",
  type: "RouteTarget[]",
  written: "readonly string[]",
  read(entry, report) {
    if (entry.value.kind !== "array") {
      reportType(entry, "array", report);
      return undefined;
    }
    const targets: RouteTarget[] = [];
    const seen = new Set<string>();
    for (const item of entry.value.items) {
      if (item.kind !== "string") {
        report.error(item.at, `A route must be a URL, got ${goType(item)}`);
      } else if (seen.has(item.value)) {
        warnOfDuplicate(item, report);
      } else {
        seen.add(item.value);
        const target = readRoute(item, report);
        if (target !== undefined) targets.push(target);
      }
    }
    return targets;
  },
};

function warnOfDuplicate({ value, at }: ConfigString, report: Report): void {
  const url = quote(redactNodeUrl(value));
  report.warn(
    at,
    `invalid use of field ${url}: Duplicate route entry detected`,
  );
}

function readRoute(
  { value, at }: ConfigString,
  report: Report,
): RouteTarget | undefined {
  try {
    return parseRouteUrl(value);
  } catch (error) {
    if (!(error instanceof UrlError)) throw error;
    report.error(at, badRouteText(value, error));
    return undefined;
  }
}
