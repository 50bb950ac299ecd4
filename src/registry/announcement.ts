/**
 * What a node sends to announce itself: the JSON of `node_record.ts` and a
 * time to live. `node_record.ts` skips invalid fields; here they are refused,
 * with the place of each, because the operator of a node that announces itself
 * wants to know why clients do not find it.
 *
 *     { "name": "a", "urls": ["nats://127.0.0.1:4222"], "ttl": 15000 }
 */
import { MidgeError } from "../core/errors.ts";
import {
  ANNOUNCEMENT_TTL_MAX_MS,
  ANNOUNCEMENT_TTL_MIN_MS,
  ANNOUNCEMENT_TTL_MS,
} from "../core/limits.ts";
import {
  doorUrl,
  nodeFrom,
  type NodeRecord,
  TEXT_CHARS_MAX,
  URLS_PER_NODE_MAX,
} from "../discovery/node_record.ts";

export interface AnnouncementBody {
  readonly node: NodeRecord;
  readonly ttlMs: number;
}

/** An announcement that cannot be taken; `at` says where, such as `urls[1]`. */
export class BadAnnouncement extends MidgeError {
  override readonly name = "BadAnnouncement";
  readonly at: string;

  constructor(at: string, message: string) {
    super("BAD_ANNOUNCEMENT", message);
    this.at = at;
  }
}

/** Whether `text` can be a node's id: it is safe in a path, a log line and a file. */
export function isNodeId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}

/** Reads the announcement of the node `id`. Throws `BadAnnouncement`. */
export function readAnnouncement(
  id: string,
  body: Uint8Array,
): AnnouncementBody {
  const fields = objectIn(body);
  const node = nodeFrom({ ...fields, id });
  if (fields["id"] !== undefined && fields["id"] !== id) {
    throw new BadAnnouncement("id", `Expected "${id}" as in the path`);
  }
  for (const name of ["urls", "url", "routes"]) checkUrls(name, fields[name]);
  if (node === undefined) {
    throw new BadAnnouncement("urls", "Expected at least one URL of the node");
  }
  for (const name of ["name", "cluster"] as const) {
    checkKept(
      fields,
      node,
      name,
      "a text of one line, " +
        `at most ${TEXT_CHARS_MAX} characters long`,
    );
  }
  checkKept(fields, node, "monitor", "an http:// URL without credentials");
  checkKept(fields, node, "lameDuck", "true or false");
  checkKept(fields, node, "priority", "a whole number from 0 to 65535");
  checkKept(fields, node, "weight", "a whole number from 0 to 65535");
  return { node, ttlMs: ttlIn(fields["ttl"]) };
}

function objectIn(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    // The messages of the runtimes differ, and quote the input.
    throw new BadAnnouncement("body", "Expected JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadAnnouncement("body", "Expected a JSON object");
  }
  return value as Record<string, unknown>;
}

function checkUrls(name: string, value: unknown): void {
  if (value === undefined || typeof value === "string") {
    return checkUrl(name, value);
  }
  if (!Array.isArray(value)) {
    throw new BadAnnouncement(name, "Expected a list of URLs");
  }
  if (value.length > URLS_PER_NODE_MAX) {
    throw new BadAnnouncement(
      name,
      `Expected at most ${URLS_PER_NODE_MAX} URLs, got ${value.length}`,
    );
  }
  value.forEach((url: unknown, at) => checkUrl(`${name}[${at}]`, url ?? null));
}

function checkUrl(at: string, url: unknown): void {
  if (url === undefined) return;
  const door = typeof url === "string" ? doorUrl(url) : undefined;
  const isRoute = door?.startsWith("nats-route://") ?? false;
  const wantsRoute = at.startsWith("routes");
  if (door !== undefined && isRoute === wantsRoute) return;
  const example = wantsRoute ? "nats-route://host:port" : "nats://host:port";
  throw new BadAnnouncement(at, `Expected a URL such as ${example}`);
}

/** Refuses a field that `nodeFrom` skipped or changed. */
function checkKept(
  fields: Readonly<Record<string, unknown>>,
  node: NodeRecord,
  name: keyof NodeRecord,
  expected: string,
): void {
  const given = fields[name];
  if (given === undefined || given === node[name]) return;
  throw new BadAnnouncement(name, `Expected ${expected}`);
}

function ttlIn(value: unknown): number {
  if (value === undefined) return ANNOUNCEMENT_TTL_MS;
  if (
    typeof value === "number" && value >= ANNOUNCEMENT_TTL_MIN_MS &&
    value <= ANNOUNCEMENT_TTL_MAX_MS
  ) {
    return value;
  }
  throw new BadAnnouncement(
    "ttl",
    `Expected milliseconds from ${ANNOUNCEMENT_TTL_MIN_MS} to ` +
      `${ANNOUNCEMENT_TTL_MAX_MS}`,
  );
}
