/**
 * Whether a request may become a WebSocket, in the order in which nats-server
 * looks, and what it then agrees with the client on.
 */
import { bytesOfBase64 } from "../core/base64.ts";
import { ipBytes } from "../net/ip.ts";
import { readCookies } from "./cookies.ts";
import { originRefusal, type OriginRules } from "./origin.ts";
import type { RequestHead } from "./request_head.ts";

/** What the listener has to say about requests. */
export interface UpgradeRules {
  /** It is reached by TLS. */
  readonly isSecure: boolean;
  readonly origins: OriginRules;
  /** Messages are compressed for clients that offer it. */
  readonly compression: boolean;
  /** Further headers of the answer to a client that may come in. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a request said that became a WebSocket. */
export interface WebSocketRequest {
  /** By the end of its path. */
  readonly kind: "client" | "leafnode";
  readonly cookies: ReadonlyMap<string, string>;
  /** The one address that a proxy names; undefined without one. */
  readonly forwardedFor: string | undefined;
}

/** A request that is granted. */
export interface Upgrade {
  readonly request: WebSocketRequest;
  readonly isCompressed: boolean;
  readonly isUnmasked: boolean;
  readonly browser: "none" | "safari" | "other";
  /** The headers of the answer, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A request that is not. */
export interface UpgradeRefusal {
  /** What stands in the first line of the answer, such as `400 Bad Request`. */
  readonly status: string;
  /** For the log. */
  readonly why: string;
}

const KEY_BYTES = 16;
const VERSION = "13";
/** What is hashed behind the key: RFC 6455, section 1.3. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const DEFLATE = "permessage-deflate";
/** Each message is compressed for itself; what a client offers besides is nothing to us. */
const AGREED_DEFLATE =
  `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`;
const NO_MASKING = "Nats-No-Masking";

/** What proves that the peer has understood the `key`. */
export function acceptOf(sha1: (text: string) => string, key: string): string {
  return sha1(key + ACCEPT_SUFFIX);
}

/** Whether one of these lists of extensions names compression. */
export function namesDeflate(lists: readonly string[]): boolean {
  return lists.flatMap((list) => list.split(","))
    .some((offer) => offer.split(";")[0]!.trim().toLowerCase() === DEFLATE);
}

export function judgeUpgrade(
  head: RequestHead,
  rules: UpgradeRules,
  sha1: (text: string) => string,
): Upgrade | UpgradeRefusal {
  const refusal = refusalOf(head, rules);
  if (refusal !== undefined) return refusal;
  const { headers, path } = head;
  const isCompressed = rules.compression &&
    namesDeflate(headers.all("sec-websocket-extensions"));
  const isUnmasked = headers.first(NO_MASKING.toLowerCase()) === "true";
  const accept = acceptOf(sha1, headers.first("sec-websocket-key"));
  return {
    request: {
      kind: path.endsWith("/leafnode") ? "leafnode" : "client",
      cookies: readCookies(headers.all("cookie")),
      forwardedFor: addressIn(headers.first("x-forwarded-for")),
    },
    isCompressed,
    isUnmasked,
    browser: browserOf(headers.first("user-agent")),
    headers: [
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Accept", accept],
      ...when(isCompressed, "Sec-WebSocket-Extensions", AGREED_DEFLATE),
      ...when(isUnmasked, NO_MASKING, "true"),
      ...rules.headers,
    ],
  };
}

function refusalOf(
  { method, path, host, headers }: RequestHead,
  { isSecure, origins }: UpgradeRules,
): UpgradeRefusal | undefined {
  if (path.endsWith("/mqtt")) {
    return refusal("404 Not Found", "mqtt websocket endpoint not enabled");
  }
  if (method !== "GET") {
    return refusal("405 Method Not Allowed", "request method must be GET");
  }
  if (host === "") return bad("'Host' missing in request");
  if (!headers.tokens("upgrade").includes("websocket")) {
    return bad("invalid value for header 'Upgrade'");
  }
  if (!headers.tokens("connection").includes("upgrade")) {
    return bad("invalid value for header 'Connection'");
  }
  const key = headers.first("sec-websocket-key");
  if (key === "") return bad("key missing");
  if (bytesOfBase64(key)?.length !== KEY_BYTES) {
    return bad("invalid websocket key");
  }
  if (!headers.tokens("sec-websocket-version").includes(VERSION)) {
    return bad("invalid version");
  }
  const origin = headers.first("origin") ||
    headers.first("sec-websocket-origin");
  const wrong = originRefusal(origin, host, isSecure, origins);
  if (wrong === undefined) return undefined;
  return refusal("403 Forbidden", `origin not allowed: ${wrong}`);
}

function bad(why: string): UpgradeRefusal {
  return refusal("400 Bad Request", why);
}

function refusal(status: string, why: string): UpgradeRefusal {
  return { status, why };
}

function when(
  isSo: boolean,
  name: string,
  value: string,
): readonly (readonly [string, string])[] {
  return isSo ? [[name, value]] : [];
}

function addressIn(text: string): string | undefined {
  return ipBytes(text) === undefined ? undefined : text;
}

function browserOf(userAgent: string): Upgrade["browser"] {
  if (!userAgent.startsWith("Mozilla/")) return "none";
  const isSafari = /Version\//.test(userAgent) && /Safari\//.test(userAgent);
  return isSafari ? "safari" : "other";
}
