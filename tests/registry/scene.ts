/**
 * A registry and its clients, on one clock that the test moves and without
 * sockets between them.
 */
import type { AskingPlatform } from "../../src/discovery/sources/http_ask.ts";
import { nodeOf, type NodeRecord } from "../../src/discovery/node_record.ts";
import type { Fetch, FetchRequest } from "../../src/platform/fetch.ts";
import type {
  RegistryAddress,
} from "../../src/discovery/sources/registry_address.ts";
import { seededRandom } from "../support/random.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { TestApi } from "./asking.ts";

export const ADDRESS: RegistryAddress = {
  host: "127.0.0.1",
  port: 4280,
  tls: false,
  token: "",
};

export class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  /** The requests so far, as `METHOD path?query`. */
  readonly asked: string[] = [];
  readonly world: AskingPlatform;
  api: TestApi;
  /** The network between them: it works, refuses connections, or loses all answers. */
  line: "up" | "down" | "silent" = "up";

  constructor(options: { token?: string } = {}) {
    const { clock } = this;
    this.api = new TestApi({ ...options, clock });
    const fetch: Fetch = (url, request) => this.#fetch(url, request);
    this.world = { clock, random: seededRandom(1), fetch };
  }

  /** Replaces the registry with an empty one. */
  restart(): void {
    this.api.store.close();
    this.api = new TestApi({ clock: this.clock });
  }

  put(id: string, port: number): void {
    const urls = [`nats://127.0.0.1:${port}`];
    this.api.store.put(nodeOf({ id, urls }), 3_600_000);
  }

  get nodes(): NodeRecord[] {
    return this.api.store.nodes;
  }

  async #fetch(url: string, request: FetchRequest): ReturnType<Fetch> {
    const { method = "GET", headers = {}, body, signal } = request;
    const { pathname, search } = new URL(url);
    const target = pathname + search;
    this.asked.push(`${method} ${target}`);
    signal.throwIfAborted();
    if (this.line === "down") throw new Error("connection refused");
    if (this.line === "silent") return await never(signal);
    const reply = await this.api.ask(target, {
      method,
      headers: Object.fromEntries(
        Object.entries(headers)
          .map(([name, value]) => [name.toLowerCase(), value]),
      ),
      signal,
      ...(body !== undefined && { body }),
    });
    signal.throwIfAborted();
    return {
      status: reply.status,
      headers: new Headers({ ...reply.headers }),
      body: chunk(reply.body),
    };
  }
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason))
  );
}

async function* chunk(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield new TextEncoder().encode(text);
}
