/** Which sites may open a WebSocket: the `Origin` that a browser sends, and what is allowed of them. */
import { splitAddress } from "../net/address.ts";
import { requestUri } from "../net/request_uri.ts";

/** Where a page comes from. */
export interface PageOrigin {
  /** `http` or `https`, or what else a peer sends. */
  readonly scheme: string;
  /** In lower case. */
  readonly host: string;
  readonly port: string;
}

/** What an `Origin` is compared with. */
export interface OriginRules {
  /** It has to be the host that the request was made to. */
  readonly isSame: boolean;
  /** It has to be one of these; empty: it need not. */
  readonly allowed: readonly PageOrigin[];
}

const PORTS: ReadonlyMap<string, string> = new Map([
  ["http", "80"],
  ["https", "443"],
]);

/** Why a page may not open a WebSocket; undefined: it may. */
export function originRefusal(
  origin: string,
  host: string,
  isSecure: boolean,
  { isSame, allowed }: OriginRules,
): string | undefined {
  if (!isSame && allowed.length === 0 || origin === "") return undefined;
  const from = parseOrigin(origin);
  if (typeof from === "string") return from;
  const scheme = isSecure ? "https" : "http";
  const here = { scheme, ...hostAndPort(host, scheme) };
  if (isSame && !areSame(from, here)) return "not same origin";
  const isListed = allowed.length === 0 ||
    allowed.some((one) => areSame(from, one));
  return isListed ? undefined : "not in the allowed list";
}

/** The origin that a configuration allows, which was checked when it was read. */
export function originOf(text: string): PageOrigin {
  const origin = parseOrigin(text);
  return typeof origin === "string"
    ? { scheme: "", host: "", port: "" }
    : origin;
}

/** An origin, or in words of Go why the text is none. */
function parseOrigin(text: string): PageOrigin | string {
  const uri = requestUri(text);
  if (typeof uri === "string") return uri;
  const { scheme, address } = uri;
  return { scheme, ...hostAndPort(address, scheme) };
}

function areSame(one: PageOrigin, other: PageOrigin): boolean {
  return one.scheme === other.scheme && one.host === other.host &&
    one.port === other.port;
}

function hostAndPort(
  address: string,
  scheme: string,
): { readonly host: string; readonly port: string } {
  const parts = splitAddress(address);
  const host = parts?.host ?? address;
  const port = parts?.port ?? PORTS.get(scheme) ?? "80";
  return { host: host.toLowerCase(), port };
}
