/** URLs as Go's `url.ParseRequestURI` takes them apart, and its words for those that it does not take. */
import { quoted } from "../core/quote.ts";
import { portNumber } from "./address.ts";
import { ipBytes } from "./ip.ts";

export interface RequestUri {
  /** In lower case; empty without one. */
  readonly scheme: string;
  /** What stands behind `//`, up to a path or a query; empty without that. */
  readonly authority: string;
  /** The authority without a user: `host`, `host:port`, `[::1]:port`. */
  readonly address: string;
}

/** The parts of a URL, or why it is none: `parse "...": ...`. */
export function requestUri(text: string): RequestUri | string {
  const [, scheme = "", authority = "", path = ""] =
    /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?]*))?([^?]*)/is.exec(text) ?? [];
  const at = authority.lastIndexOf("@");
  const address = authority.slice(at + 1);
  const problem = formProblem(text, scheme) ?? addressProblem(address) ??
    userProblem(authority.slice(0, Math.max(0, at))) ??
    escapeProblem(path, BAD_ESCAPE);
  if (problem !== undefined) return `parse ${quoted(text)}: ${problem}`;
  return { scheme: scheme.toLowerCase(), authority, address };
}

function formProblem(text: string, scheme: string): string | undefined {
  if (text === "") return "empty url";
  if (/[^\x20-\x7e\x80-\uffff]/.test(text)) {
    return "net/url: invalid control character in URL";
  }
  if (text.startsWith(":")) return "missing protocol scheme";
  return scheme === "" && text !== "*" && !text.startsWith("/")
    ? "invalid URI for request"
    : undefined;
}

const BAD_ESCAPE = /%(?![0-9a-f]{2}).{0,2}/i;
/** A host holds no escape of ASCII, but that of a percent sign. */
const BAD_HOST_ESCAPE = /%(?![89a-f][0-9a-f]|25).{0,2}/i;
const USER = /^[A-Za-z0-9._:~!$&'()*+,;=%@-]*$/;

function addressProblem(text: string): string | undefined {
  const escape = escapeProblem(text, BAD_HOST_ESCAPE);
  if (escape !== undefined) return escape;
  const end = text.startsWith("[") ? text.lastIndexOf("]") : 0;
  if (end < 0) return "missing ']' in host";
  const after = end > 0 ? text.slice(end + 1) : /:.*$/.exec(text)?.[0] ?? "";
  const isPort = after === "" || after === ":" ||
    after.startsWith(":") && portNumber(after.slice(1)) !== undefined;
  if (!isPort) return `invalid port ${quoted(after)} after host`;
  const inside = text.slice(1, Math.max(1, end)).replace(/%25.+$/, "");
  const isIpv6 = inside.includes(":") && ipBytes(inside) !== undefined;
  if (end > 0 && !isIpv6) {
    return `invalid host: ParseAddr(${quoted(inside)}): unable to parse IP`;
  }
  const bad = /[ #\\^`{|}]/.exec(text)?.[0];
  return bad === undefined
    ? undefined
    : `invalid character ${quoted(bad)} in host name`;
}

function userProblem(text: string): string | undefined {
  return USER.test(text)
    ? escapeProblem(text, BAD_ESCAPE)
    : "net/url: invalid userinfo";
}

function escapeProblem(text: string, bad: RegExp): string | undefined {
  const escape = bad.exec(text)?.[0];
  return escape === undefined
    ? undefined
    : `invalid URL escape ${quoted(escape)}`;
}
