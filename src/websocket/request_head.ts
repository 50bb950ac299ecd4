/**
 * Request line and headers of an HTTP request, read as strictly as Go's server
 * does, behind which nats-server stands, and refused in the same words.
 */
import { byteString, trimBlanks } from "../core/ascii.ts";
import { HttpRefusal } from "./http_refusal.ts";

/** A request without its body. Texts are byte strings. */
export interface RequestHead {
  readonly method: string;
  /** As it was sent, without the query; `*` in a request about the whole server. */
  readonly path: string;
  /** With its `?`; empty without one. */
  readonly search: string;
  /** That of HTTP 1; later than that is 1 as well. */
  readonly minorVersion: number;
  /** Empty: it has none. */
  readonly host: string;
  readonly headers: RequestHeaders;
  readonly bodyBytes: number;
}

/** Headers by their names, in lower case. */
class RequestHeaders {
  readonly #values = new Map<string, string[]>();

  add(name: string, value: string): void {
    const values = this.#values.get(name.toLowerCase());
    if (values === undefined) this.#values.set(name.toLowerCase(), [value]);
    else values.push(value);
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** The first one; empty without any. */
  first(name: string): string {
    return this.#values.get(name)?.[0] ?? "";
  }

  /** What the comma-separated lists of all of them hold, in lower case. */
  tokens(name: string): string[] {
    return this.all(name).flatMap((list) =>
      list.split(",").map((token) => token.trim().toLowerCase())
    );
  }
}

/** More headers are refused. */
const HEADERS_MAX = 256;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What no value holds: control characters but for the tab. */
const BAD_VALUE = /[^\t -~\x80-\xff]/;
const HOST = /^[!$%&'()*+,\-.0-9:;=A-Z_a-z~[\]]*$/;
/** No blanks, no control characters, and escapes that are ones. */
const TARGET = /^(?:[!-$&-~\x80-\xff]|%[0-9A-Fa-f]{2})+$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)([^?]*)/i;

/** Reads `bytes`, which end with a blank line. Throws an `HttpRefusal`. */
export function readHead(bytes: Uint8Array): RequestHead {
  const lines = byteString(bytes).split("\n").map((line) =>
    line.endsWith("\r") ? line.slice(0, -1) : line
  );
  const line = requestLine(lines[0] ?? "");
  const headers = readHeaders(lines.slice(1, -2));
  const { method, version, target } = line;
  if (version.major !== "1" && !(method === "PRI" && target === "*")) {
    throw HttpRefusal.version();
  }
  const minorVersion = version.major === "1" ? Number(version.minor) : 1;
  const { path, search, host } = targetParts(method, target);
  const needsHost = version.major === "1" && minorVersion > 0 &&
    method !== "CONNECT";
  checkHost(headers, needsHost);
  return {
    method,
    path,
    search,
    minorVersion,
    host: host ?? headers.first("host"),
    headers,
    bodyBytes: bodyBytes(headers),
  };
}

function requestLine(
  line: string,
): {
  readonly method: string;
  readonly target: string;
  readonly version: { readonly major: string; readonly minor: string };
} {
  const [, method = "", target = "", proto = ""] =
    /^([^ ]*) ([^ ]*) (.*)$/.exec(line) ?? [];
  const [, major, minor] = /^HTTP\/(\d)\.(\d)$/.exec(proto) ?? [];
  if (!TOKEN.test(method) || major === undefined || minor === undefined) {
    throw HttpRefusal.bad();
  }
  if (!TARGET.test(target)) throw HttpRefusal.bad();
  return { method, target, version: { major, minor } };
}

function readHeaders(lines: readonly string[]): RequestHeaders {
  const headers = new RequestHeaders();
  if (/^[ \t]/.test(lines[0] ?? "")) throw HttpRefusal.bad();
  const whole = unfolded(lines);
  if (whole.length > HEADERS_MAX) throw HttpRefusal.tooLarge();
  let isNameBad = false;
  for (const line of whole) {
    const colon = line.indexOf(":");
    if (colon <= 0 || BAD_VALUE.test(line)) throw HttpRefusal.bad();
    const name = line.slice(0, colon);
    isNameBad ||= !TOKEN.test(name);
    headers.add(name, trimBlanks(line.slice(colon + 1)));
  }
  if (isNameBad) throw HttpRefusal.bad("invalid header name");
  return headers;
}

/** A line that begins with a blank goes on with the one before it. */
function unfolded(lines: readonly string[]): string[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line)) {
      whole[whole.length - 1] += ` ${line.trim()}`;
    } else whole.push(line);
  }
  return whole;
}

function targetParts(
  method: string,
  target: string,
): {
  readonly path: string;
  readonly search: string;
  readonly host?: string;
} {
  const mark = target.indexOf("?");
  const search = mark < 0 ? "" : target.slice(mark);
  const plain = mark < 0 ? target : target.slice(0, mark);
  if (plain.startsWith("/") || target === "*") return { path: plain, search };
  if (method === "CONNECT") return { path: "", search: "", host: target };
  const [, host, path] = ABSOLUTE.exec(target) ?? [];
  if (host === undefined) throw HttpRefusal.bad();
  return { path: path === "" ? "/" : path!, search, host };
}

function checkHost(headers: RequestHeaders, isNeeded: boolean): void {
  const hosts = headers.all("host");
  if (hosts.length > 1) throw HttpRefusal.bad();
  if (isNeeded && hosts.length === 0) {
    throw HttpRefusal.bad("missing required Host header");
  }
  if (!HOST.test(hosts[0] ?? "")) {
    throw HttpRefusal.bad("malformed Host header");
  }
}

/** Infinite: nobody knows, and the connection serves for no other request. */
function bodyBytes(headers: RequestHeaders): number {
  const encodings = headers.all("transfer-encoding");
  if (encodings.length > 0) {
    const isChunked = encodings.length === 1 &&
      encodings[0]!.toLowerCase() === "chunked";
    if (!isChunked) throw HttpRefusal.encoding();
    return Infinity;
  }
  const lengths = new Set(headers.all("content-length"));
  const [length] = lengths;
  if (length === undefined) return 0;
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) throw HttpRefusal.bad();
  return Number(length);
}
