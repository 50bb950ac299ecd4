/**
 * Announces a node at Midge's own registry, and again three times in each time
 * to live. Every announcement says all there is to say, so a registry that
 * forgot everything knows the node again within one heartbeat.
 */
import type { Timer } from "../core/clock.ts";
import type { RegisterOptions, Registrar, Registration } from "./discovery.ts";
import { DiscoveryError } from "./discovery.ts";
import { askHttp, type HttpAsked } from "./http_ask.ts";
import { type NodeRecord, nodeToJson } from "./node_record.ts";
import {
  cannotAnnounce,
  registryName,
  type RegistryPlace,
  registryUrl,
  type RegistryWorld,
} from "./registry.ts";

/** A node may miss two announcements before it is forgotten. */
const ANNOUNCEMENTS_PER_TTL = 3;
const ANSWER_TIMEOUT_MS = 5000;
const GOODBYE_TIMEOUT_MS = 2000;
const RETRY_MS = 1000;
/** A heartbeat comes earlier by up to this part, so that a herd spreads out. */
const JITTER = 0.1;
const REASON_CHARS_MAX = 200;

/** Announces nodes at the registry of `place`. */
export function registryRegistrar(
  place: RegistryPlace,
  platform: RegistryWorld,
): Registrar {
  const name = registryName(place);
  return {
    name,
    async register(node, options): Promise<Registration> {
      options.signal.throwIfAborted();
      if (!/^[A-Za-z0-9_-]{1,64}$/.test(node.id)) {
        throw cannotAnnounce(name, "the server's id is none for a registry");
      }
      const announcement = new Announcement(place, platform, node, options);
      await announcement.begin();
      return announcement;
    },
  };
}

class Announcement implements Registration {
  readonly #name: string;
  readonly #url: string;
  readonly #token: string;
  readonly #platform: RegistryWorld;
  readonly #options: RegisterOptions;
  readonly #closing = new AbortController();
  #node: NodeRecord;
  #timer: Timer | undefined = undefined;
  #failures = 0;
  /** One announcement at a time: the last one that arrives must be the newest. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    place: RegistryPlace,
    platform: RegistryWorld,
    node: NodeRecord,
    options: RegisterOptions,
  ) {
    this.#name = registryName(place);
    this.#url = `${registryUrl(place)}/v1/nodes/${node.id}`;
    this.#token = place.token;
    this.#platform = platform;
    this.#node = node;
    this.#options = options;
  }

  /** The first announcement; when it fails there is no second one. */
  async begin(): Promise<void> {
    const { signal } = this.#options;
    const stop = (): void => this.#closing.abort(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      await this.#announce();
    } catch (error) {
      // The registry may have heard of it all the same.
      await this.close();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  update(node: NodeRecord): Promise<void> {
    if (this.#closing.signal.aborted) {
      return Promise.reject(this.#failure("the node was withdrawn"));
    }
    this.#node = node;
    return this.#announce();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#closing.abort(this.#failure("the node was withdrawn"));
    await this.#work;
    // What cannot be withdrawn ends with its time to live.
    await this.#send("DELETE", GOODBYE_TIMEOUT_MS).catch(() => {});
  }

  #announce(): Promise<void> {
    const done = this.#work.then(() => this.#put());
    this.#work = done.catch(() => {});
    return done;
  }

  async #put(): Promise<void> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    this.#timer?.cancel();
    try {
      const asked = await this.#send("PUT", ANSWER_TIMEOUT_MS, signal);
      if (asked.status >= 300) throw this.#failure(reasonOf(asked));
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      throw error;
    } finally {
      if (!signal.aborted) this.#renewLater();
    }
  }

  #renewLater(): void {
    const { clock, random } = this.#platform;
    const heartbeatMs = this.#options.ttlMs / ANNOUNCEMENTS_PER_TTL;
    const delayMs = this.#failures === 0
      ? heartbeatMs
      : Math.min(RETRY_MS * 2 ** (this.#failures - 1), heartbeatMs);
    const early = 1 - random.next() * JITTER;
    this.#timer = clock.after(delayMs * early, () => {
      this.#announce().catch((error: unknown) => {
        if (this.#closing.signal.aborted) return;
        this.#options.onError(this.#asFailure(error));
      });
    });
  }

  async #send(
    method: "PUT" | "DELETE",
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<HttpAsked> {
    const late = new AbortController();
    const timer = this.#platform.clock.after(
      timeoutMs,
      () => late.abort(this.#failure("no answer in time")),
    );
    const signals = signal === undefined ? [] : [signal];
    const source = { fetch: this.#platform.fetch, name: this.#name };
    try {
      return await askHttp(source, this.#url, {
        method,
        headers: this.#headers,
        ...(method === "PUT" && { body: this.#body }),
        signal: AbortSignal.any([late.signal, ...signals]),
      });
    } finally {
      timer.cancel();
    }
  }

  get #headers(): Record<string, string> {
    return {
      "Content-Type": "application/json",
      ...(this.#token !== "" && { Authorization: `Bearer ${this.#token}` }),
    };
  }

  get #body(): string {
    const { ttlMs } = this.#options;
    return JSON.stringify({ ...nodeToJson(this.#node), ttl: ttlMs });
  }

  #asFailure(error: unknown): DiscoveryError {
    return error instanceof DiscoveryError
      ? error
      : this.#failure(error instanceof Error ? error.message : String(error));
  }

  #failure(why: string): DiscoveryError {
    return cannotAnnounce(this.#name, why);
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
