/**
 * Discovery and announcements at Consul. The nodes are the instances of one
 * service that pass their checks: Consul's address and port is the door for
 * clients, and what else a node tells stands in the instance's `Meta`, by the
 * names `id`, `name`, `cluster`, `route` (doors for nodes), `url` (doors for
 * clients, when one address cannot say it), `monitor` and `lame_duck`.
 *
 * A watch is a chain of blocking queries. That one returns does not mean that
 * something has changed, and an index may go backwards.
 * Source: https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
import { bracketed, formatAddress, splitList } from "../../net/address.ts";
import { areSame } from "../finding/belief.ts";
import { ConsulAgent, tokenHeader } from "../announcing/consul_agent.ts";
import { within } from "../deadline.ts";
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type RegisterOptions,
  type Registrar,
  type Registration,
  type ResolveOptions,
  type Snapshot,
  type Wanted,
  type WatchOptions,
} from "../discovery.ts";
import { askHttp, cannotAsk, jsonOf } from "./http_ask.ts";
import { keepAnnounced } from "../announcing/kept_announcement.ts";
import {
  endpointsOf,
  nodeFrom,
  type NodeRecord,
  NODES_MAX,
} from "../node_record.ts";
import { PushPace } from "../finding/pace.ts";
import type { DiscoveryPlatform } from "../platform.ts";

/** How long Consul may hold back an answer; it adds up to a sixteenth of its own. */
export const CONSUL_WAIT_MS = 55_000;
/** A query that is silent for longer is given up; its connection may be half-open. */
export const CONSUL_SILENCE_MS = 70_000;
/** Anything that is not held back is answered in this time. */
export const CONSUL_REQUEST_TIMEOUT_MS = 5000;

export interface ConsulOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Empty for none. */
  readonly token: string;
  /** Slashes around it make no difference. */
  readonly service: string;
  /** A data centre; empty for the agent's own. */
  readonly dc: string;
  /** Only instances with this tag; announced nodes carry it. Empty for none. */
  readonly tag: string;
}

type ConsulPlatform = Pick<DiscoveryPlatform, "clock" | "random" | "fetch">;

/** The healthy instances of a service, and a way to become one. */
export function consul(
  options: ConsulOptions,
  platform: ConsulPlatform,
  wanted: Wanted,
): Discovery & Registrar {
  return new Consul(options, platform, wanted);
}

class Consul implements Discovery, Registrar {
  readonly name: string;
  readonly #options: ConsulOptions;
  readonly #platform: ConsulPlatform;
  readonly #wanted: Wanted;
  readonly #service: string;
  readonly #base: string;

  constructor(
    options: ConsulOptions,
    platform: ConsulPlatform,
    wanted: Wanted,
  ) {
    const { tls, dc, tag } = options;
    this.#service = options.service.replace(/^\/+|\/+$/g, "");
    const at = formatAddress(options);
    const query = queryOf({ dc, tag });
    this.name = `consul://${at}/${this.#service}${query && `?${query}`}`;
    this.#base = `${tls ? "https" : "http"}://${at}`;
    this.#options = options;
    this.#platform = platform;
    this.#wanted = wanted;
  }

  async resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    signal.throwIfAborted();
    return await this.#ask(undefined, signal);
  }

  async *watch({ signal, last }: WatchOptions): AsyncGenerator<Snapshot, void> {
    // Answers that come at once, one after the other, must not make a loop.
    const pace = new PushPace(this.#platform.clock);
    let told = last?.endpoints;
    let index = indexIn(last?.version);
    for (;;) {
      await pace.next(signal);
      const snapshot = await this.#askInTime(index, signal);
      const next = indexIn(snapshot.version);
      if (next === undefined) throw cannotAsk(this.name, "it gives no index");
      if (told === undefined || !areSame(told, snapshot.endpoints)) {
        told = snapshot.endpoints;
        yield snapshot;
      }
      // Backwards: the servers were restored to an earlier state, and an old
      // index would make them wait for what has been long ago.
      index = index !== undefined && next < index ? undefined : next;
    }
  }

  register(node: NodeRecord, options: RegisterOptions): Promise<Registration> {
    const { token, tag } = this.#options;
    const agent = new ConsulAgent({
      name: this.name,
      base: this.#base,
      service: this.#service,
      ttlMs: options.ttlMs,
      token,
      tag,
      fetch: this.#platform.fetch,
    });
    return keepAnnounced(agent, node, options, this.#platform);
  }

  #askInTime(
    index: bigint | undefined,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    const ms = index === undefined
      ? CONSUL_REQUEST_TIMEOUT_MS
      : CONSUL_SILENCE_MS;
    const late = new DiscoveryError(
      `"${this.name}" did not answer in ${ms} ms`,
    );
    return within(
      this.#platform.clock,
      ms,
      signal,
      late,
      (signal) => this.#ask(index, signal),
    );
  }

  /** Without an index, the answer comes at once; else when it may have changed since. */
  async #ask(
    index: bigint | undefined,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    const { token, dc, tag } = this.#options;
    const query = queryOf({
      passing: "1",
      dc,
      tag,
      index: index === undefined ? "" : String(index),
      wait: index === undefined ? "" : `${CONSUL_WAIT_MS}ms`,
    });
    const service = encodeURIComponent(this.#service);
    const asked = await askHttp(
      { fetch: this.#platform.fetch, name: this.name },
      `${this.#base}/v1/health/service/${service}?${query}`,
      { headers: tokenHeader(token), signal },
    );
    const instances = jsonOf(asked, this.name);
    if (!Array.isArray(instances)) {
      throw cannotAsk(this.name, "the answer is no list of instances");
    }
    const version = indexIn(asked.headers.get("X-Consul-Index"));
    return {
      endpoints: this.#doorsOf(instances),
      authoritative: true,
      ...(version !== undefined && { version: String(version) }),
    };
  }

  #doorsOf(instances: readonly unknown[]): Endpoint[] {
    const nodes = instances.map(nodeOfInstance)
      .filter((node) => node !== undefined)
      .slice(0, NODES_MAX);
    return nodes.flatMap((node) => endpointsOf(node, this.#wanted));
  }
}

/** What an instance says; undefined when there is no door in it. */
function nodeOfInstance(instance: unknown): NodeRecord | undefined {
  const { Node, Service } = fieldsOf(instance);
  const service = fieldsOf(Service);
  const meta = fieldsOf(service["Meta"]);
  const address = textOf(service["Address"]) ||
    textOf(fieldsOf(Node)["Address"]);
  const urls = listOf(meta["url"]);
  return nodeFrom({
    id: meta["id"],
    name: meta["name"],
    cluster: meta["cluster"],
    urls: urls.length > 0
      ? urls
      : [`nats://${bracketed(address)}:${service["Port"]}`],
    routes: listOf(meta["route"]),
    monitor: meta["monitor"],
    lameDuck: meta["lame_duck"] === "true",
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
    ? value as Readonly<Record<string, unknown>>
    : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function listOf(value: unknown): string[] {
  return splitList(textOf(value));
}

/** Blocking queries need an index of at least 1. */
function indexIn(text: string | null | undefined): bigint | undefined {
  return text && /^\d{1,20}$/.test(text) && BigInt(text) >= 1n
    ? BigInt(text)
    : undefined;
}

function queryOf(params: Readonly<Record<string, string>>): string {
  const given = Object.entries(params).filter(([, value]) => value !== "");
  return new URLSearchParams(given).toString();
}
