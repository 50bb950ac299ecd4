/**
 * What etcd is told about one node: a lease that lives as long as the node does,
 * and a key that lives as long as the lease. A lease that ran out, or a store
 * that was emptied, is noticed at the next renewal.
 */
import { DiscoveryError } from "../discovery.ts";
import {
  EtcdCode,
  EtcdGateway,
  int64,
  type JsonFields,
  toBase64,
} from "../sources/etcd_gateway.ts";
import { keepAnnounced, type NodeEntry } from "./kept_announcement.ts";
import type { AskingPlatform } from "../sources/http_ask.ts";
import type { Registrar, Registration } from "../registrar.ts";
import {
  etcdName,
  type EtcdOptions,
  etcdPrefix,
} from "../sources/etcd_prefix.ts";
import { type NodeRecord, nodeToJson } from "../node_record.ts";

/** Announces nodes below the prefix that `options` name. */
export function etcdRegistrar(
  options: EtcdOptions,
  platform: AskingPlatform,
): Registrar {
  const name = etcdName(options);
  const gateway = new EtcdGateway(name, options, platform.fetch);
  const prefix = etcdPrefix(options);
  return {
    name,
    register(node, registerOptions): Promise<Registration> {
      const entry = new EtcdEntry(gateway, prefix, registerOptions.ttlMs);
      return keepAnnounced(entry, node, registerOptions, platform);
    },
  };
}

class EtcdEntry implements NodeEntry {
  readonly #gateway: EtcdGateway;
  /** It ends with a slash. */
  readonly #prefix: string;
  readonly #ttlSeconds: number;
  #lease: string | undefined;
  #key = "";

  constructor(gateway: EtcdGateway, prefix: string, ttlMs: number) {
    this.#gateway = gateway;
    this.#prefix = prefix;
    this.#ttlSeconds = Math.max(1, Math.ceil(ttlMs / 1000));
  }

  get name(): string {
    return this.#gateway.name;
  }

  async announce(node: NodeRecord, signal: AbortSignal): Promise<void> {
    if (node.id === "") {
      throw new DiscoveryError(
        `Cannot announce at "${this.name}": the node has no id`,
      );
    }
    this.#key = toBase64(this.#prefix + node.id);
    const value = toBase64(JSON.stringify(nodeToJson(node)));
    if (this.#lease !== undefined && await this.#put(value, signal)) return;
    this.#lease = await this.#grant(signal);
    if (!await this.#put(value, signal)) {
      throw new DiscoveryError(
        `Cannot announce at "${this.name}": the lease ended at once`,
      );
    }
  }

  async renew(signal: AbortSignal): Promise<boolean> {
    if (this.#lease === undefined) return false;
    const answer = await this.#gateway.call(
      "lease/keepalive",
      { ID: this.#lease },
      signal,
    );
    // A lease that is no more is answered without a time to live.
    if ((int64(answer["TTL"]) ?? 0n) <= 0n) {
      this.#lease = undefined;
      return false;
    }
    const found = await this.#gateway.call("kv/range", {
      key: this.#key,
      count_only: true,
    }, signal);
    return int64(found["count"]) === 1n;
  }

  async withdraw(signal: AbortSignal): Promise<void> {
    const lease = this.#lease;
    if (lease === undefined) return;
    this.#lease = undefined;
    await this.#gateway.call("lease/revoke", { ID: lease }, signal);
  }

  async #grant(signal: AbortSignal): Promise<string> {
    const request = { TTL: String(this.#ttlSeconds) };
    const answer = await this.#gateway.call("lease/grant", request, signal);
    const lease = int64(answer["ID"]);
    if (lease === undefined) throw this.#gateway.refused(undefined);
    return String(lease);
  }

  /** False when there is no such lease any more. */
  async #put(value: string, signal: AbortSignal): Promise<boolean> {
    const request: JsonFields = { key: this.#key, value, lease: this.#lease };
    const { fields, refusal } = await this.#gateway.tryCall(
      "kv/put",
      request,
      signal,
    );
    if (fields !== undefined) return true;
    if (refusal?.code !== EtcdCode.NOT_FOUND) {
      throw this.#gateway.refused(refusal);
    }
    this.#lease = undefined;
    return false;
  }
}
