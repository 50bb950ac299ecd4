/**
 * Paths as Go's router has them, which nats-server's pages stand behind: one
 * with doubled slashes or dots is sent on to the same path without them, and
 * escapes mean what they stand for.
 */
import type { HttpAnswer, HttpRequest } from "../platform/http.ts";
import { redirectAnswer } from "./answers.ts";

/** Where a request is sent whose path is not clean; undefined where it is. */
export function redirectOf(
  { method, path, search }: Pick<HttpRequest, "method" | "path" | "search">,
): HttpAnswer | undefined {
  const clean = cleanPath(path);
  if (clean === path || method === "CONNECT") return undefined;
  return redirectAnswer(`${clean}${search}`, method);
}

/** `path` without doubled slashes, `.` and `..`; it begins with one slash. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const isFolder = parts.length > 0 && path.endsWith("/");
  return `/${parts.join("/")}${isFolder ? "/" : ""}`;
}

/** `path` with its escapes resolved, but for those of slashes, which are no slashes. */
export function plainPath(path: string): string {
  return path.replace(/%(?!2f)[0-9a-f]{2}/gi, (escape) => {
    try {
      return decodeURIComponent(escape);
    } catch {
      return escape;
    }
  });
}
