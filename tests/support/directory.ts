/**
 * A registry that exists only in a test: what it lists, when it is asked, and
 * whether it answers, is all in the test's hands. Its announcements hold for
 * their time to live on the clock of the test.
 */
import type { Clock } from "../../src/platform/clock.ts";
import {
  type Discovery,
  DiscoveryError,
  type Endpoint,
  type Snapshot,
  type Wanted,
} from "../../src/discovery/discovery.ts";
import type {
  RegisterOptions,
  Registrar,
  Registration,
} from "../../src/discovery/registrar.ts";
import {
  endpointsOf,
  type NodeRecord,
} from "../../src/discovery/node_record.ts";
import type { DiscoveryMakers } from "../../src/app/discovery.ts";
import {
  defaultDiscoveryOptions,
  type DiscoveryOptions,
} from "../../src/options/options.ts";
import { staticList } from "../../src/discovery/providers/static_list.ts";
import { parseDiscoveryUrls } from "../../src/discovery/url.ts";

interface Entry {
  node: NodeRecord;
  untilMs: number;
}

export class Directory {
  /** Listed besides what is announced. */
  listed: Endpoint[] = [];
  /** Neither answers nor takes an announcement. */
  isDown = false;
  /** Takes a question or an announcement, and never answers. */
  isMute = false;
  /** When it was asked, on the monotonic clock. */
  readonly asked: number[] = [];
  /** Everything that registrars did: `register`, `update`, `close`, each with a name. */
  readonly done: string[] = [];
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #dead = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The nodes whose announcements hold. */
  get nodes(): NodeRecord[] {
    const now = this.#clock.monotonic();
    return [...this.#entries.values()]
      .filter(({ untilMs }) => untilMs > now)
      .map(({ node }) => node);
  }

  /** The node announces itself no more, and says nothing, as after `kill -9`. */
  kill(id: string): void {
    this.#dead.add(id);
  }

  provider(wanted: Wanted, name: string = "registry://directory"): Discovery {
    return {
      name,
      resolve: async ({ signal }): Promise<Snapshot> => {
        this.asked.push(this.#clock.monotonic());
        await this.#answer(signal);
        const announced = this.nodes
          .flatMap((node) => endpointsOf(node, wanted));
        return {
          endpoints: [...this.listed, ...announced],
          authoritative: true,
        };
      },
    };
  }

  registrar(name: string = "registry://directory"): Registrar {
    return {
      name,
      register: async (node, options): Promise<Registration> => {
        await this.#answer(options.signal);
        this.done.push(`register ${node.name}`);
        return this.#registration(node, options);
      },
    };
  }

  #registration(node: NodeRecord, { ttlMs }: RegisterOptions): Registration {
    let isOpen = true;
    let current = node;
    const renew = (): void => {
      if (!isOpen || this.#dead.has(node.id)) return;
      const untilMs = this.#clock.monotonic() + ttlMs;
      if (!this.isDown) this.#entries.set(node.id, { node: current, untilMs });
      this.#clock.after(ttlMs / 3, renew);
    };
    renew();
    return {
      update: async (node): Promise<void> => {
        await this.#answer(new AbortController().signal);
        this.done.push(`update ${node.name}`);
        current = node;
        const untilMs = this.#clock.monotonic() + ttlMs;
        this.#entries.set(node.id, { node, untilMs });
      },
      close: async (): Promise<void> => {
        isOpen = false;
        this.done.push(`close ${node.name}`);
        if (this.isMute) await new Promise(() => {});
        if (!this.isDown) this.#entries.delete(node.id);
      },
    };
  }

  #answer(signal: AbortSignal): Promise<void> {
    if (this.isDown) {
      return Promise.reject(new DiscoveryError("It is down\nfor a test"));
    }
    if (!this.isMute) return Promise.resolve();
    return new Promise((_, reject) => {
      const give = (): void => reject(signal.reason);
      if (signal.aborted) give();
      signal.addEventListener("abort", give);
    });
  }
}

/** Makes providers and registrars of `registry://name` for the directories that there are, and static lists of the rest. */
export function makersOf(
  directories: Readonly<Record<string, Directory>>,
): DiscoveryMakers {
  return {
    providerOf: ({ host, name, url }, wanted) =>
      directories[host]?.provider(wanted, name) ?? staticList([url]),
    registrarOf: ({ host, name }) => directories[host]!.registrar(name),
  };
}

/** A `discovery` block with URLs as text. */
export function discoveryAt(
  urls: { readonly find?: string; readonly announce?: string },
  changes: Partial<DiscoveryOptions> = {},
): DiscoveryOptions {
  return {
    ...defaultDiscoveryOptions(),
    find: parseDiscoveryUrls(urls.find ?? ""),
    announce: parseDiscoveryUrls(urls.announce ?? ""),
    ...changes,
  };
}
