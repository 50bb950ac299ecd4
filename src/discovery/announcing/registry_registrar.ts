/**
 * Announces a node at Midge's own registry. Every heartbeat says all there is
 * to say, so a registry that forgot everything knows the node again within one.
 */
import { DiscoveryError } from "../discovery.ts";
import type { Registrar, Registration } from "../registrar.ts";
import {
  askHttp,
  type AskingPlatform,
  type HttpAsked,
} from "../sources/http_ask.ts";
import { keepAnnounced, type NodeEntry } from "./kept_announcement.ts";
import { type NodeRecord, nodeToJson } from "../node_record.ts";
import {
  type RegistryAddress,
  registryName,
  registryUrl,
} from "../sources/registry_address.ts";

const REASON_CHARS_MAX = 200;

/** Announces nodes at the registry at `address`. */
export function registryRegistrar(
  address: RegistryAddress,
  platform: AskingPlatform,
): Registrar {
  return {
    name: registryName(address),
    register(node, options): Promise<Registration> {
      const entry = new RegistryEntry(
        address,
        platform,
        node,
        options.ttlMs,
      );
      return keepAnnounced(entry, node, options, platform);
    },
  };
}

class RegistryEntry implements NodeEntry {
  readonly name: string;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #platform: AskingPlatform;
  readonly #ttlMs: number;
  #node: NodeRecord;

  constructor(
    address: RegistryAddress,
    platform: AskingPlatform,
    node: NodeRecord,
    ttlMs: number,
  ) {
    this.name = registryName(address);
    this.#url = `${registryUrl(address)}/v1/nodes/`;
    this.#headers = {
      "Content-Type": "application/json",
      ...(address.token !== "" && { Authorization: `Bearer ${address.token}` }),
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
