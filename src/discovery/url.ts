/**
 * The URLs that name a place to ask or to announce at, in options, flags and
 * configuration files alike. Only their text is read here; `from_url.ts` makes
 * providers and registrars of them.
 *
 *     etcd://[user:password@]host:port/prefix      consul://[token@]host:port/service
 *     dns://name:port                              srv://name
 *     http://...  https://...                      file:///path
 *     monitor://host:port                          registry://[token@]host:port
 *     cache:///path                                nats://host:port
 *
 * Parameters follow a `?`: `resolver=host:port` for dns and srv; `tls=true` for
 * https to etcd, Consul, a monitor or a registry; `token_env=NAME` or
 * `token_file=PATH` in place of a token in the URL; `dc` and `tag` for Consul.
 */
import { REGISTRY_PORT } from "../core/limits.ts";
import { DiscoveryError } from "./discovery.ts";
import { doorUrl, TEXT_CHARS_MAX } from "./node_record.ts";

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

export type DiscoveryScheme = typeof DISCOVERY_SCHEMES[number];

/** A URL, taken apart. What a scheme does not use is empty. */
export interface DiscoveryTarget {
  readonly scheme: DiscoveryScheme;
  /** The URL without its secrets. */
  readonly name: string;
  /** The URL as it was given, for http and https. */
  readonly url: string;
  /** An IPv6 address carries no brackets. */
  readonly host: string;
  /** 0 when the URL names none. */
  readonly port: number;
  /** Decoded, with its leading slash; empty for none. */
  readonly path: string;
  readonly user: string;
  /** The password, or the token of a URL with `token@`. */
  readonly secret: string;
  readonly params: ReadonlyMap<string, string>;
}

interface SchemeRule {
  /** Of these parameters. */
  readonly params: readonly string[];
  readonly needsHost: boolean;
  readonly defaultPort: number;
  readonly needsPath?: string;
}

const TOKEN_PARAMS = ["token_env", "token_file", "tls"];

const RULES: Readonly<Record<DiscoveryScheme, SchemeRule>> = {
  etcd: {
    params: ["tls", "password_env", "password_file"],
    needsHost: true,
    defaultPort: 2379,
  },
  consul: {
    params: [...TOKEN_PARAMS, "dc", "tag"],
    needsHost: true,
    defaultPort: 8500,
    needsPath: "the name of a service",
  },
  dns: { params: ["resolver"], needsHost: true, defaultPort: 0 },
  srv: { params: ["resolver"], needsHost: true, defaultPort: 0 },
  http: { params: [], needsHost: true, defaultPort: 0 },
  https: { params: [], needsHost: true, defaultPort: 0 },
  file: {
    params: [],
    needsHost: false,
    defaultPort: 0,
    needsPath: "a path",
  },
  monitor: { params: ["tls"], needsHost: true, defaultPort: 8222 },
  registry: {
    params: TOKEN_PARAMS,
    needsHost: true,
    defaultPort: REGISTRY_PORT,
  },
  cache: {
    params: [],
    needsHost: false,
    defaultPort: 0,
    needsPath: "a path",
  },
  nats: { params: [], needsHost: true, defaultPort: 4222 },
  tls: { params: [], needsHost: true, defaultPort: 4222 },
  "nats-route": { params: [], needsHost: true, defaultPort: 6222 },
};

const PORT_MAX = 65_535;

/** Reads several URLs, divided by commas. Throws a `DiscoveryError` that quotes no secret. */
export function parseDiscoveryUrls(text: string): DiscoveryTarget[] {
  return text.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map(parseDiscoveryUrl);
}

/** Reads one URL. Throws a `DiscoveryError` that quotes no secret. */
export function parseDiscoveryUrl(text: string): DiscoveryTarget {
  const [, given = "", authority = "", path = "", query = ""] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i
      .exec(text.trim()) ?? [];
  const scheme = DISCOVERY_SCHEMES.find((known) =>
    known === given.toLowerCase()
  );
  const name = redactedUrl(text);
  if (scheme === undefined || text.length > TEXT_CHARS_MAX * 4) {
    throw bad(
      name,
      `it begins with none of ${DISCOVERY_SCHEMES.join(":// ")}://`,
    );
  }
  const rule = RULES[scheme];
  const address = authority.slice(authority.lastIndexOf("@") + 1);
  const { host, port } = hostPort(address, rule, name);
  if (rule.needsHost && host === "") throw bad(name, "it names no host");
  if (!rule.needsHost && authority !== "" && authority !== "localhost") {
    throw bad(name, `a path follows ${scheme}:// with a third slash`);
  }
  if (rule.needsPath !== undefined && (path === "" || path === "/")) {
    throw bad(name, `it lacks ${rule.needsPath}`);
  }
  const isWeb = scheme === "http" || scheme === "https";
  const params = isWeb
    ? new Map<string, string>()
    : paramsOf(query, rule, name);
  return {
    scheme,
    name,
    url: text.trim(),
    host,
    port,
    path: decoded(path, name),
    ...userInfo(authority, name),
    params,
  };
}

/** A URL for logs: secrets in it are replaced, wherever the text is no proper URL too. */
export function redactedUrl(text: string): string {
  return text.trim()
    .replace(/\/\/[^/?#]*@/, "//[REDACTED]@")
    .replace(
      /([?&][^=&#]*(?:token|password|secret|key)=)[^&#]*/gi,
      "$1[REDACTED]",
    )
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?")
    .slice(0, TEXT_CHARS_MAX);
}

/** The door that a `nats://`, `tls://` or `nats-route://` target names. */
export function doorOf(target: DiscoveryTarget): string | undefined {
  return doorUrl(target.url);
}

function hostPort(
  address: string,
  rule: SchemeRule,
  name: string,
): { host: string; port: number } {
  if (address === "") return { host: "", port: 0 };
  const [, six, four, port = String(rule.defaultPort)] =
    /^(?:\[([0-9a-f:.%]+)\]|([^:[\]\s]+))(?::(\d+))?$/i.exec(address) ?? [];
  const host = six ?? four;
  if (host === undefined || Number(port) > PORT_MAX) {
    throw bad(name, "its host and port make no sense");
  }
  return { host, port: Number(port) };
}

function userInfo(
  authority: string,
  name: string,
): { user: string; secret: string } {
  const end = authority.lastIndexOf("@");
  if (end < 0) return { user: "", secret: "" };
  const [first = "", ...rest] = authority.slice(0, end).split(":");
  if (rest.length === 0) return { user: "", secret: decoded(first, name) };
  return { user: decoded(first, name), secret: decoded(rest.join(":"), name) };
}

function paramsOf(
  query: string,
  rule: SchemeRule,
  name: string,
): Map<string, string> {
  const params = new Map(new URLSearchParams(query));
  for (const param of params.keys()) {
    if (!rule.params.includes(param)) {
      const known = rule.params.length === 0
        ? "it takes none"
        : `it takes ${rule.params.join(", ")}`;
      throw bad(
        name,
        `the parameter "${redactedUrl(param)}" is unknown: ${known}`,
      );
    }
  }
  return params;
}

function decoded(text: string, name: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad(name, "it holds a broken escape");
  }
}

function bad(name: string, why: string): DiscoveryError {
  return new DiscoveryError(`Cannot use "${name}" for discovery: ${why}`);
}
