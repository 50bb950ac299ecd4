/**
 * The URLs that name a place to ask or to announce at, in options, flags and
 * configuration files alike. Only their text is read here; `provider_of.ts` makes
 * providers and registrars of them.
 *
 *     etcd://[user:password@]host:port/prefix      consul://[token@]host:port/service
 *     dns://name:port                              srv://name
 *     http://...  https://...                      file:///path
 *     monitor://host:port                          registry://[token@]host:port
 *     cache:///path                                nats://host:port
 *
 * `tcp://` is another word for `nats://`. Parameters follow a `?`:
 * `resolver=host:port` for dns and srv; `tls=true` for https to etcd, Consul, a
 * monitor or a registry, with `ca_file=PATH` from an authority that the machine
 * does not know, and with `cert_file=PATH` and `key_file=PATH` showing a
 * certificate of one's own; `token_env=NAME` or `token_file=PATH` in place of a
 * token in the URL; `dc` and `tag` for Consul.
 */
import { REGISTRY_PORT } from "../core/limits.ts";
import { loggedUrl } from "../core/redact.ts";
import { parseAddress, splitList } from "../net/address.ts";
import { parseUserInfo, splitUrl, type UrlParts } from "../net/url.ts";
import { DiscoveryError } from "./discovery.ts";
import { isPlain } from "./node_record.ts";

/** Every scheme that `DiscoveryScheme` may be. */
export const DISCOVERY_SCHEMES = [
  "etcd",
  "consul",
  "dns",
  "srv",
  "http",
  "https",
  "file",
  "monitor",
  "registry",
  "cache",
  "nats",
  "tls",
  "nats-route",
] as const;

/** How the URL of a provider or a registry begins. */
export type DiscoveryScheme = typeof DISCOVERY_SCHEMES[number];

/** A URL, taken apart. What a scheme does not use is empty. */
export interface DiscoveryTarget {
  /** Which kind of provider or registry it is. */
  readonly scheme: DiscoveryScheme;
  /** The URL without its secrets. */
  readonly name: string;
  /** The URL as it was given, for http and https. */
  readonly url: string;
  /** An IPv6 address carries no brackets. */
  readonly host: string;
  /** 0 when the URL names none. */
  readonly port: number;
  /** Decoded, with its leading slash; empty for none. No `path`: that of an `Address` is a unix socket. */
  readonly pathname: string;
  /** Of a login at etcd. */
  readonly user: string;
  /** The password, or the token; decoded. */
  readonly secret: string;
  /** What follows the `?`, decoded. */
  readonly params: ReadonlyMap<string, string>;
}

interface SchemeRule {
  /** Of these parameters. */
  readonly params: readonly string[];
  readonly needsHost: boolean;
  readonly defaultPort: number;
  readonly needsPath?: string;
  /** What stands before an `@`: `token@`, or `user@` and `user:password@`. */
  readonly login: "none" | "token" | "password";
}

const TLS_FILE_PARAMS = ["ca_file", "cert_file", "key_file"];
const TLS_PARAMS = ["tls", ...TLS_FILE_PARAMS];
const TOKEN_PARAMS = ["token_env", "token_file", ...TLS_PARAMS];

const RULES: Readonly<Record<DiscoveryScheme, SchemeRule>> = {
  etcd: {
    params: [...TLS_PARAMS, "password_env", "password_file"],
    needsHost: true,
    defaultPort: 2379,
    login: "password",
  },
  consul: {
    params: [...TOKEN_PARAMS, "dc", "tag"],
    needsHost: true,
    defaultPort: 8500,
    needsPath: "the name of a service",
    login: "token",
  },
  dns: { params: ["resolver"], needsHost: true, defaultPort: 0, login: "none" },
  srv: { params: ["resolver"], needsHost: true, defaultPort: 0, login: "none" },
  http: { params: [], needsHost: true, defaultPort: 0, login: "password" },
  https: { params: [], needsHost: true, defaultPort: 0, login: "password" },
  file: {
    params: [],
    needsHost: false,
    defaultPort: 0,
    needsPath: "a path",
    login: "none",
  },
  monitor: {
    params: TLS_PARAMS,
    needsHost: true,
    defaultPort: 8222,
    login: "none",
  },
  registry: {
    params: TOKEN_PARAMS,
    needsHost: true,
    defaultPort: REGISTRY_PORT,
    login: "token",
  },
  cache: {
    params: [],
    needsHost: false,
    defaultPort: 0,
    needsPath: "a path",
    login: "none",
  },
  nats: { params: [], needsHost: true, defaultPort: 4222, login: "password" },
  tls: { params: [], needsHost: true, defaultPort: 4222, login: "password" },
  "nats-route": {
    params: [],
    needsHost: true,
    defaultPort: 6222,
    login: "password",
  },
};

/** For all others a path would be a misunderstanding. */
const PATH_SCHEMES: readonly DiscoveryScheme[] = [
  "etcd",
  "consul",
  "http",
  "https",
  "file",
  "cache",
];

const URL_CHARS_MAX = 2048;

/** Reads several URLs, divided by commas. Throws a `DiscoveryError` that quotes no secret. */
export function parseDiscoveryUrls(text: string): DiscoveryTarget[] {
  return splitList(text).map(parseDiscoveryUrl);
}

/** Reads one URL. Throws a `DiscoveryError` that quotes no secret. */
export function parseDiscoveryUrl(text: string): DiscoveryTarget {
  const url = text.trim();
  const name = loggedUrl(url);
  const parts = splitUrl(url);
  const scheme = schemeOf(url, parts.scheme, name);
  const [, path = "", query = ""] =
    /^(\/[^?#]*)?(?:\?([^#]*))?$/.exec(parts.rest) ??
      fail(name, `it is no ${scheme}://host:port/path`);
  const rule = RULES[scheme];
  checkForm(parts, path, scheme, name);
  const isWeb = scheme === "http" || scheme === "https";
  return {
    scheme,
    name,
    url,
    ...hostAndPort(parts.address, rule, name),
    pathname: decoded(path, name),
    ...loginOf(parts.userInfo, rule, name),
    params: isWeb ? new Map() : paramsOf(query, rule, name),
  };
}

/** What must be there, and what must not. */
function checkForm(
  { userInfo, address }: UrlParts,
  path: string,
  scheme: DiscoveryScheme,
  name: string,
): void {
  const { needsHost, needsPath } = RULES[scheme];
  const isHere = userInfo === undefined && ["", "localhost"].includes(address);
  if (!needsHost && !isHere) {
    fail(name, `a path follows ${scheme}:// with a third slash`);
  }
  if (needsHost && address === "") fail(name, "it names no host");
  if (needsPath !== undefined && (path === "" || path === "/")) {
    fail(name, `it lacks ${needsPath}`);
  }
  if (!PATH_SCHEMES.includes(scheme) && path.length > 1) {
    fail(name, `nothing follows ${scheme}://host:port`);
  }
}

function schemeOf(
  url: string,
  given: string | undefined,
  name: string,
): DiscoveryScheme {
  if (url.length > URL_CHARS_MAX) {
    fail(name, `it is longer than ${URL_CHARS_MAX} characters`);
  }
  if (!isPlain(url)) fail(name, "it holds a control character");
  const meant = given === "tcp" ? "nats" : given;
  return DISCOVERY_SCHEMES.find((scheme) => scheme === meant) ??
    fail(name, `it begins with none of ${DISCOVERY_SCHEMES.join(":// ")}://`);
}

/** The same source, asked over TLS where that can be and its URL does not say `tls=false`. */
export function overTls(target: DiscoveryTarget): DiscoveryTarget {
  const { scheme, params } = target;
  if (!RULES[scheme].params.includes("tls") || params.has("tls")) return target;
  return { ...target, params: new Map([...params, ["tls", "true"]]) };
}

function hostAndPort(
  address: string,
  rule: SchemeRule,
  name: string,
): { host: string; port: number } {
  if (address === "") return { host: "", port: 0 };
  const { host, port = rule.defaultPort } = parseAddress(address) ??
    fail(name, "its host and port make no sense");
  return { host, port };
}

function loginOf(
  userInfo: string | undefined,
  rule: SchemeRule,
  name: string,
): { user: string; secret: string } {
  if (userInfo === undefined) return { user: "", secret: "" };
  if (rule.login === "none") fail(name, "it takes no credentials");
  if (rule.login === "token" && userInfo.includes(":")) {
    fail(name, "it takes a token and no user");
  }
  const user = parseUserInfo(userInfo) ?? fail(name, BROKEN_ESCAPE);
  const password = checked(user.password ?? "", name);
  const first = checked(user.name, name);
  return rule.login === "token"
    ? { user: "", secret: first }
    : { user: first, secret: password };
}

function paramsOf(
  query: string,
  rule: SchemeRule,
  name: string,
): Map<string, string> {
  const params = new Map(new URLSearchParams(query));
  for (const [param, value] of params) {
    if (!isPlain(value)) fail(name, "it holds a control character");
    if (!rule.params.includes(param)) {
      const known = rule.params.length === 0
        ? "it takes none"
        : `it takes ${rule.params.join(", ")}`;
      fail(
        name,
        `the parameter "${loggedUrl(param)}" is unknown: ${known}`,
      );
    }
  }
  if (!["true", "false"].includes(params.get("tls") ?? "false")) {
    fail(name, "tls is either true or false");
  }
  const files = TLS_FILE_PARAMS.filter((param) => params.has(param));
  if (files.length > 0 && params.get("tls") !== "true") {
    fail(name, `${files[0]} is for https, which tls=true asks for`);
  }
  if (params.has("cert_file") !== params.has("key_file")) {
    fail(name, "cert_file and key_file come together");
  }
  if (files.some((param) => params.get(param) === "")) {
    fail(name, "it names a file without a path");
  }
  const resolver = params.get("resolver");
  if (resolver !== undefined && parseAddress(resolver) === undefined) {
    fail(name, "its resolver is no host:port");
  }
  return params;
}

const BROKEN_ESCAPE = "it holds a broken escape";

function decoded(text: string, name: string): string {
  return checked(unescaped(text) ?? fail(name, BROKEN_ESCAPE), name);
}

function checked(text: string, name: string): string {
  if (!isPlain(text)) fail(name, "it holds a control character");
  return text;
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function fail(name: string, why: string): never {
  throw new DiscoveryError(`Cannot use "${name}" for discovery: ${why}`);
}
