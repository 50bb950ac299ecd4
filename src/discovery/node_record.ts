/**
 * What a node tells about itself, and the JSON in which registries, files and
 * HTTP lists hold it. All that is read here was written by others: every field
 * is checked and bounded, and what makes no sense is left out.
 *
 *     { "nodes": [{ "id": "NA...", "name": "a", "cluster": "article",
 *                   "urls": ["nats://127.0.0.1:4222"],
 *                   "routes": ["nats-route://127.0.0.1:4248"],
 *                   "monitor": "http://127.0.0.1:8222" }] }
 *
 * A list may also be just URLs: `["nats://127.0.0.1:4222", "127.0.0.1:5222"]`.
 */
import { formatAddress, parseAddress } from "../net/address.ts";
import { splitUrl } from "../net/url.ts";
import type { Endpoint, Wanted } from "./discovery.ts";

/** One node and its doors. */
export interface NodeRecord {
  /** The server's id; empty when nobody knows it. */
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** For clients: `nats://host:port`, `tls://host:port`. */
  readonly urls: readonly string[];
  /** For other nodes: `nats-route://host:port`. */
  readonly routes: readonly string[];
  /** Where it is monitored, `http://host:port`; empty for nowhere. */
  readonly monitor: string;
  readonly lameDuck: boolean;
  readonly priority?: number;
  readonly weight?: number;
}

/** Bounds of what is taken from others. */
export const NODES_MAX = 256;
export const TEXT_CHARS_MAX = 512;
export const URLS_PER_NODE_MAX = 16;

/** SRV numbers are 16 bits wide. */
const UINT16_MAX = 65_535;

/** A node of which only doors are known. */
export function nodeOf(parts: Partial<NodeRecord>): NodeRecord {
  return {
    id: "",
    name: "",
    cluster: "",
    urls: [],
    routes: [],
    monitor: "",
    lameDuck: false,
    ...parts,
  };
}

/** The doors of the wanted kind. */
export function endpointsOf(node: NodeRecord, wanted: Wanted): Endpoint[] {
  const { id, name, cluster, lameDuck, priority, weight } = node;
  const urls = wanted === "client" ? node.urls : node.routes;
  return urls.map((url) => ({
    url,
    ...(id !== "" && { serverId: id }),
    ...(name !== "" && { serverName: name }),
    ...(cluster !== "" && { cluster }),
    ...(lameDuck && { lameDuck }),
    ...(priority !== undefined && { priority }),
    ...(weight !== undefined && { weight }),
  }));
}

/**
 * Nodes out of parsed JSON: a list, or an object whose `nodes` or `endpoints`
 * is one. Undefined when it is neither.
 */
export function nodesFrom(json: unknown): NodeRecord[] | undefined {
  const list = listIn(json);
  if (list === undefined) return undefined;
  const nodes: NodeRecord[] = [];
  for (const item of list) {
    if (nodes.length === NODES_MAX) break;
    const node = typeof item === "string" ? urlNode(item) : nodeFrom(item);
    if (node !== undefined) nodes.push(node);
  }
  return nodes;
}

/** One node out of parsed JSON; undefined when it names no door at all. */
export function nodeFrom(json: unknown): NodeRecord | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  const urls = urlsIn(fields["urls"] ?? fields["url"]);
  const routes = urlsIn(fields["routes"]).filter(isRouteUrl);
  const priority = uint16(fields["priority"]);
  const weight = uint16(fields["weight"]);
  const node = nodeOf({
    id: shortText(fields["id"] ?? fields["serverId"]),
    name: shortText(fields["name"]),
    cluster: shortText(fields["cluster"]),
    urls: urls.filter((url) => !isRouteUrl(url)),
    routes: [...new Set([...routes, ...urls.filter(isRouteUrl)])]
      .slice(0, URLS_PER_NODE_MAX),
    monitor: monitorUrl(fields["monitor"]),
    lameDuck: fields["lameDuck"] === true,
    ...(priority !== undefined && { priority }),
    ...(weight !== undefined && { weight }),
  });
  return node.urls.length + node.routes.length === 0 ? undefined : node;
}

/** A node as it stands in JSON: nothing that says nothing. */
export function nodeToJson(node: NodeRecord): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(node).filter(([, value]) =>
      value !== "" && value !== false && value !== undefined &&
      !(Array.isArray(value) && value.length === 0)
    ),
  );
}

/**
 * `scheme://host:port` of a door, or undefined for a text that is none.
 * Credentials are cut off, and `tcp://` is written `nats://`.
 */
export function doorUrl(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > TEXT_CHARS_MAX || !isPlain(trimmed)) return undefined;
  const { scheme: given = "nats", address, rest } = splitUrl(trimmed);
  const scheme = given === "tcp" ? "nats" : given;
  const usualPort = DOOR_PORTS.get(scheme);
  const door = parseAddress(address);
  const isAlone = rest === "" || rest === "/";
  if (usualPort === undefined || door === undefined || !isAlone) {
    return undefined;
  }
  const { host, port = usualPort } = door;
  return `${scheme}://${formatAddress({ host: host.toLowerCase(), port })}`;
}

// A map, because an object would know "constructor" too.
const DOOR_PORTS: ReadonlyMap<string, number> = new Map([
  ["nats", 4222],
  ["tls", 4222],
  ["nats-route", 6222],
]);

function isRouteUrl(url: string): boolean {
  return url.startsWith("nats-route://");
}

function urlNode(text: string): NodeRecord | undefined {
  return nodeFrom({ urls: [text] });
}

function listIn(json: unknown): readonly unknown[] | undefined {
  if (Array.isArray(json)) return json;
  if (typeof json !== "object" || json === null) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  const list = fields["nodes"] ?? fields["endpoints"];
  return Array.isArray(list) ? list : undefined;
}

function urlsIn(value: unknown): string[] {
  const texts = typeof value === "string" ? [value] : value;
  if (!Array.isArray(texts)) return [];
  const urls = texts.slice(0, URLS_PER_NODE_MAX)
    .map((text) => typeof text === "string" ? doorUrl(text) : undefined)
    .filter((url) => url !== undefined);
  return [...new Set(urls)];
}

function monitorUrl(value: unknown): string {
  const text = shortText(value);
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return "";
  const url = new URL(text);
  return url.username + url.password === "" ? text : "";
}

/** A text that may stand in a log line. */
function shortText(value: unknown): string {
  return typeof value === "string" && value.length <= TEXT_CHARS_MAX &&
      isPlain(value)
    ? value
    : "";
}

/** Without control characters, which could end a line or colour a terminal. */
export function isPlain(text: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text);
}

function uint16(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 &&
      Number(value) <= UINT16_MAX
    ? Number(value)
    : undefined;
}
