/**
 * Midge's own registry as a provider: `registry://host:port`. It is asked once
 * for the list, or again and again for the list after the one that is known:
 * the registry answers such a long poll with the next change, or after a while
 * without one. Every answer is the whole list, so an index that jumps, forth or
 * back, loses nothing.
 */
import { within } from "../deadline.ts";
import type {
  Discovery,
  ResolveOptions,
  Snapshot,
  Wanted,
  WatchOptions,
} from "../discovery.ts";
import {
  askHttp,
  type AskingPlatform,
  cannotAsk,
  jsonOf,
} from "../sources/http_ask.ts";
import {
  type RegistryAddress,
  registryName,
  registryUrl,
} from "../sources/registry_address.ts";
import { endpointsOf, nodesFrom } from "../node_record.ts";
import { pause } from "../until_aborted.ts";

/** How long the registry may keep a long poll; a registry caps it at that as well. */
export const WAIT_MS = 55_000;
/** An answer that takes twice the wait does not come: the connection is half open. */
export const SILENCE_MAX_MS: number = 2 * WAIT_MS;
/** A long poll that comes back sooner has not waited. */
const QUICK_MS = 1000;
/** Changes in a row that are followed as they come. */
const QUICK_ANSWERS_MAX = 4;

/** A provider that asks the registry for doors of the wanted kind; reading needs no token. */
export function registry(
  address: RegistryAddress,
  platform: AskingPlatform,
  wanted: Wanted,
): Discovery {
  return new RegistryProvider(address, platform, wanted);
}

class RegistryProvider implements Discovery {
  readonly name: string;
  readonly #url: string;
  readonly #platform: AskingPlatform;
  readonly #wanted: Wanted;

  constructor(
    address: RegistryAddress,
    platform: AskingPlatform,
    wanted: Wanted,
  ) {
    this.name = registryName(address);
    this.#url = `${registryUrl(address)}/discoveryz`;
    this.#platform = platform;
    this.#wanted = wanted;
  }

  resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    return this.#ask("", signal);
  }

  async *watch({ signal, last }: WatchOptions): AsyncGenerator<Snapshot> {
    const { clock, random } = this.#platform;
    let known = last?.version;
    let quickAnswers = 0;
    while (!signal.aborted) {
      const askedAt = clock.monotonic();
      const snapshot = await this.#waitForOther(known, signal);
      const isNew = snapshot.version === undefined ||
        snapshot.version !== known;
      if (isNew) yield snapshot;
      known = snapshot.version;
      const isQuick = clock.monotonic() - askedAt < QUICK_MS;
      quickAnswers = isQuick ? quickAnswers + 1 : 0;
      // A registry that answers at once, without news, would be asked without end.
      const isIdle = snapshot.version === undefined || !isNew;
      if (isQuick && (isIdle || quickAnswers > QUICK_ANSWERS_MAX)) {
        await pause(clock, QUICK_MS * (1 + random.next()), signal);
      }
    }
    throw signal.reason;
  }

  /** A long poll; throws when nothing is heard of it for too long. */
  #waitForOther(
    known: string | undefined,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    const query = `?index=${known ?? ""}&wait=${WAIT_MS}ms`;
    return within(
      this.#platform.clock,
      SILENCE_MAX_MS,
      signal,
      cannotAsk(this.name, "it has fallen silent"),
      (signal) => this.#ask(query, signal),
    );
  }

  async #ask(query: string, signal: AbortSignal): Promise<Snapshot> {
    const { name } = this;
    const source = { fetch: this.#platform.fetch, name };
    const asked = await askHttp(source, this.#url + query, { signal });
    return this.#snapshotOf(jsonOf(asked, name));
  }

  #snapshotOf(json: unknown): Snapshot {
    const nodes = nodesFrom(json);
    if (nodes === undefined) throw cannotAsk(this.name, "it tells no nodes");
    const { index, complete } = json as Readonly<Record<string, unknown>>;
    return {
      endpoints: nodes.flatMap((node) => endpointsOf(node, this.#wanted)),
      ...(isIndex(index) && { version: String(index) }),
      authoritative: complete === true,
    };
  }
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
