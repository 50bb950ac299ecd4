/**
 * Announces a node at Midge's own registry. Every heartbeat says all there is
 * to say, so a registry that forgot everything knows the node again within one.
 */
import {
  DiscoveryError,
  type Registrar,
  type Registration,
} from "../discovery.ts";
import { askHttp, type HttpAsked } from "../providers/http_ask.ts";
import { keepAnnounced, type KeptAnnouncer } from "./kept_announcement.ts";
import { type NodeRecord, nodeToJson } from "../node_record.ts";
import {
  registryName,
  type RegistryPlace,
  registryUrl,
  type RegistryWorld,
} from "../providers/registry.ts";

const REASON_CHARS_MAX = 200;

/** Announces nodes at the registry of `place`. */
export function registryRegistrar(
  place: RegistryPlace,
  platform: RegistryWorld,
): Registrar {
  return {
    name: registryName(place),
    register(node, options): Promise<Registration> {
      const announcer = new RegistryAnnouncer(
        place,
        platform,
        node,
        options.ttlMs,
      );
      return keepAnnounced(announcer, node, options, platform);
    },
  };
}

class RegistryAnnouncer implements KeptAnnouncer {
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #platform: RegistryWorld;
  readonly #ttlMs: number;
  #node: NodeRecord;

  constructor(
    place: RegistryPlace,
    platform: RegistryWorld,
    node: NodeRecord,
    ttlMs: number,
  ) {
    this.name = registryName(place);
    this.#url = `${registryUrl(place)}/v1/nodes/`;
    this.#headers = {
      "Content-Type": "application/json",
      ...(place.token !== "" && { Authorization: `Bearer ${place.token}` }),
    };
    this.#platform = platform;
    this.#node = node;
    this.#ttlMs = ttlMs;
  }

  async announce(node: NodeRecord, signal: AbortSignal): Promise<void> {
    this.#node = node;
    const body = JSON.stringify({ ...nodeToJson(node), ttl: this.#ttlMs });
    const asked = await this.#send("PUT", signal, body);
    if (asked.status >= 300) throw this.#failure(reasonOf(asked));
  }

  async renew(signal: AbortSignal): Promise<boolean> {
    await this.announce(this.#node, signal);
    return true;
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    await this.#send("DELETE", signal);
  }

  #send(
    method: "PUT" | "DELETE",
    signal: AbortSignal,
    body?: string,
  ): Promise<HttpAsked> {
    const { id } = this.#node;
    // It becomes part of a path.
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) {
      throw this.#failure("the server's id is none for a registry");
    }
    const source = { fetch: this.#platform.fetch, name: this.name };
    return askHttp(source, this.#url + id, {
      method,
      headers: this.#headers,
      ...(body !== undefined && { body }),
      signal,
    });
  }

  #failure(why: string): DiscoveryError {
    return new DiscoveryError(`Cannot announce at "${this.name}": ${why}`);
  }
}

/** The status, and what the registry says of it as far as that may be shown. */
function reasonOf({ status, text }: HttpAsked): string {
  const [, message = ""] = /"message":"([\x20-\x21\x23-\x5b\x5d-\x7e]+)"/
    .exec(text) ?? [];
  return message === ""
    ? `status ${status}`
    : `status ${status}, ${message.slice(0, REASON_CHARS_MAX)}`;
}
