/**
 * Discovery at Consul. The nodes are the instances of one service that pass
 * their checks: Consul's address and port is the door for clients, and what else
 * a node tells stands in the instance's `Meta`, by the names `id`, `name`,
 * `cluster`, `route` (doors for nodes), `url` (doors for clients, when one
 * address cannot say it), `monitor` and `lame_duck`. `announcing/consul_entry.ts`
 * writes it.
 *
 * A watch is a chain of blocking queries. That one returns does not mean that
 * something has changed, and an index may go backwards.
 * Source: https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
import { bracketed, splitList } from "../../net/address.ts";
import { areSame } from "../finding/belief.ts";
import { within } from "../deadline.ts";
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type ResolveOptions,
  type Snapshot,
  type Wanted,
  type WatchOptions,
} from "../discovery.ts";
import {
  consulName,
  type ConsulOptions,
  consulService,
  consulUrl,
  queryOf,
  tokenHeader,
} from "../sources/consul_service.ts";
import { askHttp, cannotAsk, jsonOf } from "../sources/http_ask.ts";
import {
  endpointsOf,
  nodeFrom,
  type NodeRecord,
  NODES_MAX,
} from "../node_record.ts";
import { PushPace } from "../finding/pace.ts";
import type { DiscoveryPlatform } from "../platform.ts";

/** How long Consul may hold back an answer; it adds up to a sixteenth of its own. */
const CONSUL_WAIT_MS = 55_000;
/** A query that is silent for longer is given up; its connection may be half-open. */
export const CONSUL_SILENCE_MS = 70_000;
/** Anything that is not held back is answered in this time. */
const CONSUL_REQUEST_TIMEOUT_MS = 5000;

type ConsulPlatform = Pick<DiscoveryPlatform, "clock" | "fetch">;

/** The healthy instances of a service. */
export function consul(
  options: ConsulOptions,
  platform: ConsulPlatform,
  wanted: Wanted,
): Discovery {
  return new ConsulProvider(options, platform, wanted);
}

class ConsulProvider implements Discovery {
  readonly name: string;
  readonly #options: ConsulOptions;
  readonly #platform: ConsulPlatform;
  readonly #wanted: Wanted;

  constructor(
    options: ConsulOptions,
    platform: ConsulPlatform,
    wanted: Wanted,
  ) {
    this.name = consulName(options);
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
    const service = encodeURIComponent(consulService(this.#options));
    const asked = await askHttp(
      { fetch: this.#platform.fetch, name: this.name },
      `${consulUrl(this.#options)}/v1/health/service/${service}?${query}`,
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
