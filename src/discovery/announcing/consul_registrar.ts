/**
 * What a Consul agent is told about one node: that it is an instance of a
 * service, with a check that fails unless the node is heard of in time. An
 * instance that fails for long is forgotten; an agent that has forgotten it,
 * because it was started anew, is told again at the next renewal.
 *
 * Source: https://developer.hashicorp.com/consul/api-docs/agent/service
 */
import { parseAddress } from "../../net/address.ts";
import { splitUrl } from "../../net/url.ts";
import type { DiscoveryError } from "../discovery.ts";
import {
  askHttp,
  type AskingPlatform,
  cannotAsk,
  type HttpAsked,
} from "../sources/http_ask.ts";
import { keepAnnounced, type NodeEntry } from "./kept_announcement.ts";
import type { Registrar, Registration } from "../registrar.ts";
import {
  consulName,
  type ConsulOptions,
  consulService,
  consulUrl,
  tokenHeader,
} from "../sources/consul_service.ts";
import type { NodeRecord } from "../node_record.ts";
import type { Fetch } from "../../platform/fetch.ts";

/** Consul forgets no instance sooner than after a minute of failure. */
const FORGET_AFTER_MS = 60_000;
/** Consul takes no longer value. */
const META_VALUE_CHARS_MAX = 512;

/** Announces nodes as instances of the service that `options` name. */
export function consulRegistrar(
  options: ConsulOptions,
  platform: AskingPlatform,
): Registrar {
  return {
    name: consulName(options),
    register(node, registerOptions): Promise<Registration> {
      const { ttlMs } = registerOptions;
      const entry = new ConsulEntry(options, platform.fetch, ttlMs);
      return keepAnnounced(entry, node, registerOptions, platform);
    },
  };
}

class ConsulEntry implements NodeEntry {
  readonly name: string;
  readonly #options: ConsulOptions;
  readonly #fetch: Fetch;
  readonly #ttlMs: number;
  #instance = "";

  constructor(options: ConsulOptions, fetch: Fetch, ttlMs: number) {
    this.name = consulName(options);
    this.#options = options;
    this.#fetch = fetch;
    this.#ttlMs = ttlMs;
  }

  async announce(node: NodeRecord, signal: AbortSignal): Promise<void> {
    const { tag } = this.#options;
    const service = consulService(this.#options);
    if (node.id === "") throw this.#failure("the node has no id");
    this.#instance = `${service}-${node.id}`;
    const { status } = await this.#put(
      "service/register?replace-existing-checks=true",
      {
        ID: this.#instance,
        Name: service,
        ...addressOf(node),
        Meta: metaOf(node),
        ...(tag !== "" && { Tags: [tag] }),
        Check: {
          TTL: `${this.#ttlMs}ms`,
          Status: "passing",
          DeregisterCriticalServiceAfter: `${FORGET_AFTER_MS}ms`,
        },
      },
      signal,
    );
    if (status !== 200) throw this.#failure(`status ${status}`);
  }

  async renew(signal: AbortSignal): Promise<boolean> {
    const check = encodeURIComponent(`service:${this.#instance}`);
    const { status } = await this.#put(
      `check/pass/${check}`,
      undefined,
      signal,
    );
    // 404 for a check that is unknown; older agents say 500.
    if (status === 404 || status === 500) return false;
    if (status !== 200) throw this.#failure(`status ${status}`);
    return true;
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    if (this.#instance === "") return;
    const instance = encodeURIComponent(this.#instance);
    await this.#put(`service/deregister/${instance}`, undefined, signal);
  }

  #put(path: string, body: unknown, signal: AbortSignal): Promise<HttpAsked> {
    const { token } = this.#options;
    const source = { fetch: this.#fetch, name: this.name };
    const url = `${consulUrl(this.#options)}/v1/agent/${path}`;
    return askHttp(source, url, {
      method: "PUT",
      headers: {
        "Content-Type": "application/json",
        ...tokenHeader(token),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    });
  }

  #failure(why: string): DiscoveryError {
    return cannotAsk(this.name, why);
  }
}

/** Consul knows one address for an instance: that of the first door for clients. */
function addressOf({ urls }: NodeRecord): { Address?: string; Port?: number } {
  const door = parseAddress(splitUrl(urls[0] ?? "").address);
  return door?.port === undefined
    ? {}
    : { Address: door.host, Port: door.port };
}

function metaOf(node: NodeRecord): Record<string, string> {
  const isPlain = node.urls.length === 1 && node.urls[0]!.startsWith("nats:");
  const meta = {
    id: node.id,
    name: node.name,
    cluster: node.cluster,
    route: joined(node.routes),
    url: isPlain ? "" : joined(node.urls),
    monitor: node.monitor,
    lame_duck: node.lameDuck ? "true" : "",
  };
  return Object.fromEntries(
    Object.entries(meta).filter(([, value]) =>
      value !== "" && value.length <= META_VALUE_CHARS_MAX
    ),
  );
}

/** As many of them as fit into one value. */
function joined(urls: readonly string[]): string {
  let text = "";
  for (const url of urls) {
    const longer = text === "" ? url : `${text},${url}`;
    if (longer.length > META_VALUE_CHARS_MAX) break;
    text = longer;
  }
  return text;
}
