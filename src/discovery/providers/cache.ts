/**
 * The servers that a client saw last, in a file of its own: a client that is
 * started again may find there what its other sources do not tell any more.
 *
 *     { "servers": [{ "url": "nats://127.0.0.1:4222", "seenAt": 1790000000000 }] }
 *
 * `seenAt` is in milliseconds since the Unix epoch. The file holds addresses and
 * never credentials, and only its owner may read it. It is a memory and no
 * source: without a file, or with one that makes no sense, it is just empty.
 */
import {
  DiscoveryError,
  type Endpoint,
  type ResolveOptions,
  type ServerCache,
  type Snapshot,
} from "../discovery.ts";
import type { FilePlatform } from "../sources/node_files.ts";
import { doorUrl, TEXT_CHARS_MAX } from "../node_record.ts";
import { untilAborted } from "../until_aborted.ts";
import { loggedUrl } from "../../core/redact.ts";

/** After a week, the address of a server may belong to another machine. */
export const CACHE_AGE_MAX_MS: number = 7 * 24 * 3_600_000;
export const CACHED_SERVERS_MAX = 64;
const FILE_MODE = 0o600;

/** Remembers servers in the file at `path`, whose folder exists. */
export function cacheFile(
  { path }: { readonly path: string },
  platform: FilePlatform,
): ServerCache {
  return new CacheFile(path, platform);
}

class CacheFile implements ServerCache {
  readonly name: string;
  readonly #path: string;
  readonly #platform: FilePlatform;
  /** One store at a time, in their order. */
  #stored: Promise<void> = Promise.resolve();
  /** What the file should hold; older texts that wait for their turn are skipped. */
  #text = "";

  constructor(path: string, platform: FilePlatform) {
    this.name = loggedUrl(`cache://${path}`);
    this.#path = path;
    this.#platform = platform;
  }

  async resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    signal.throwIfAborted();
    const text = await untilAborted(this.#read(), signal);
    const endpoints = serversIn(text, this.#platform.clock.now());
    return { endpoints, authoritative: false };
  }

  store(endpoints: readonly Endpoint[]): Promise<void> {
    const text = textOf(endpoints, this.#platform.clock.now());
    this.#text = text;
    const done = this.#stored.then(() =>
      text === this.#text ? this.#write(text) : undefined
    );
    this.#stored = done.catch(() => {});
    return done;
  }

  async #read(): Promise<string> {
    const { files } = this.#platform;
    try {
      const isThere = await files.fingerprint(this.#path) !== undefined;
      return isThere ? await files.readText(this.#path) : "";
    } catch (error) {
      throw this.#failure("read", error);
    }
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#platform.files.replaceText(this.#path, text, FILE_MODE);
    } catch (error) {
      throw this.#failure("write", error);
    }
  }

  #failure(verb: string, cause: unknown): DiscoveryError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new DiscoveryError(`Cannot ${verb} "${this.name}": ${why}`, {
      cause,
    });
  }
}

function textOf(endpoints: readonly Endpoint[], seenAt: number): string {
  const servers = endpoints.slice(0, CACHED_SERVERS_MAX)
    .map(({ url, tlsName }) => ({ url: doorUrl(url), tlsName, seenAt }))
    .filter(({ url }) => url !== undefined);
  return `${JSON.stringify({ servers }, undefined, 2)}\n`;
}

function serversIn(text: string, now: number): Endpoint[] {
  const servers = listIn(text)
    .map((entry) => serverIn(entry, now))
    .filter((server) => server !== undefined);
  const byUrl = new Map(servers.map((server) => [server.url, server]));
  return [...byUrl.values()].slice(0, CACHED_SERVERS_MAX);
}

function listIn(text: string): readonly unknown[] {
  try {
    const json: unknown = JSON.parse(text);
    const list = typeof json === "object" && json !== null && "servers" in json
      ? json.servers
      : undefined;
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function serverIn(entry: unknown, now: number): Endpoint | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const fields = entry as Readonly<Record<string, unknown>>;
  const { url: text, tlsName, seenAt } = fields;
  const url = typeof text === "string" ? doorUrl(text) : undefined;
  const isRecent = typeof seenAt === "number" &&
    now - seenAt <= CACHE_AGE_MAX_MS;
  if (url === undefined || !isRecent) return undefined;
  return isHostName(tlsName) ? { url, tlsName } : { url };
}

function isHostName(text: unknown): text is string {
  return typeof text === "string" && text.length <= TEXT_CHARS_MAX &&
    /^[a-z0-9_.:-]+$/i.test(text);
}
