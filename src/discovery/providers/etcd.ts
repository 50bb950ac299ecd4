/**
 * Discovery at etcd v3. Each node has a key, `/<prefix>/<server id>`, whose
 * value is its record in JSON (`node_record.ts`) and which lives as long as its
 * lease; `announcing/etcd_registrar.ts` writes it.
 *
 * A watch only waits for something to happen and then reads everything anew: a
 * prefix holds few keys, and what is read whole cannot drift away from the
 * truth. So compaction, a store that was replaced by an older one, and a
 * connection that is silent because it is dead all come to the same: read, and
 * watch from there.
 */
import { areSame } from "../finding/belief.ts";
import { Deadline, within } from "../deadline.ts";
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
  cancellationOf,
  EtcdGateway,
  fieldsOf,
  fromBase64,
  int64,
  type JsonFields,
  toBase64,
} from "../sources/etcd_gateway.ts";
import {
  etcdName,
  type EtcdOptions,
  etcdPrefix,
} from "../sources/etcd_prefix.ts";
import { type AskingPlatform, cannotAsk } from "../sources/http_ask.ts";
import { endpointsOf, NODES_MAX, nodesFrom } from "../node_record.ts";
import { eachUntilAborted, pause } from "../until_aborted.ts";

/** Every request of a watch is answered in this time, or the watch has failed. */
export const ETCD_REQUEST_TIMEOUT_MS = 5000;
/**
 * A stream that was silent for so long is replaced; it may be half-open. etcd's
 * own signs of life come every ten minutes only, unless it is told otherwise.
 */
export const ETCD_SILENCE_MS = 60_000;
/** Streams are replaced earlier by up to this part, so that a herd drifts apart. */
const SILENCE_JITTER = 0.2;
/** Two readings of one watch are never closer together. */
const READING_SPACING_MS = 250;

/** What stands below a prefix. */
export function etcd(
  options: EtcdOptions,
  platform: AskingPlatform,
  wanted: Wanted,
): Discovery {
  return new EtcdProvider(options, platform, wanted);
}

/** The watch has been silent for long enough. */
const SILENT = Symbol("silent");

class EtcdProvider implements Discovery {
  readonly name: string;
  readonly #gateway: EtcdGateway;
  readonly #platform: AskingPlatform;
  readonly #wanted: Wanted;
  readonly #range: JsonFields;

  constructor(options: EtcdOptions, platform: AskingPlatform, wanted: Wanted) {
    this.name = etcdName(options);
    this.#gateway = new EtcdGateway(this.name, options, platform.fetch);
    this.#platform = platform;
    this.#wanted = wanted;
    const prefix = etcdPrefix(options);
    this.#range = {
      key: toBase64(prefix),
      range_end: toBase64(keyAfter(prefix)),
    };
  }

  async resolve({ signal }: ResolveOptions): Promise<Snapshot> {
    signal.throwIfAborted();
    const request = { ...this.#range, limit: String(NODES_MAX) };
    const answer = await this.#gateway.call("kv/range", request, signal);
    const revision = revisionOf(answer);
    const keys = answer["kvs"] ?? [];
    if (revision === undefined || !Array.isArray(keys)) {
      throw cannotAsk(this.name, "the answer makes no sense");
    }
    return {
      endpoints: keys.flatMap((key) => endpointsAt(key, this.#wanted)),
      version: String(revision),
      authoritative: true,
    };
  }

  async *watch(options: WatchOptions): AsyncGenerator<Snapshot, void> {
    const { signal } = options;
    const { clock } = this.#platform;
    let told = options.last?.endpoints;
    for (;;) {
      const nextReading = new AbortController();
      const spacing = pause(clock, READING_SPACING_MS, nextReading.signal);
      try {
        const snapshot = await this.#read(signal);
        if (told === undefined || !areSame(told, snapshot.endpoints)) {
          told = snapshot.endpoints;
          yield snapshot;
        }
        await this.#changeSince(snapshot, signal);
        await spacing;
      } finally {
        nextReading.abort();
      }
    }
  }

  #read(signal: AbortSignal): Promise<Snapshot> {
    return within(
      this.#platform.clock,
      ETCD_REQUEST_TIMEOUT_MS,
      signal,
      this.#late(),
      (signal) => this.resolve({ signal, reason: "periodic" }),
    );
  }

  /** Resolves when it is time to read again. */
  async #changeSince(
    { version }: Snapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#platform;
    const revision = BigInt(version!);
    const request = {
      create_request: { ...this.#range, start_revision: `${revision + 1n}` },
    };
    const deadline = new Deadline(clock, signal);
    deadline.set(ETCD_REQUEST_TIMEOUT_MS, this.#late());
    try {
      const stream = this.#gateway.stream("watch", request, deadline.signal);
      for await (const answer of eachUntilAborted(stream, deadline.signal)) {
        if (this.#isReasonToRead(answer, revision)) return;
        const silenceMs = 1 - SILENCE_JITTER * random.next();
        deadline.set(ETCD_SILENCE_MS * silenceMs, SILENT);
      }
      throw cannotAsk(this.name, "the watch ended");
    } catch (error) {
      if (error !== SILENT) throw error;
    } finally {
      deadline.end();
    }
  }

  /** Something changed, or what was read is of another time than the watch. */
  #isReasonToRead(answer: JsonFields, revision: bigint): boolean {
    if (answer["canceled"] === true) {
      if (answer["compact_revision"] !== undefined) return true;
      const refusal = cancellationOf(answer["cancel_reason"]);
      if (this.#gateway.forgetToken(refusal)) return true;
      throw cannotAsk(
        this.name,
        `the watch was refused: ${refusal.text || "for reasons of its own"}`,
      );
    }
    const events = answer["events"];
    if (Array.isArray(events) && events.length > 0) return true;
    const now = revisionOf(answer);
    return now !== undefined && now < revision;
  }

  #late(): DiscoveryError {
    return new DiscoveryError(
      `"${this.name}" did not answer in ${ETCD_REQUEST_TIMEOUT_MS} ms`,
    );
  }
}

function revisionOf(answer: JsonFields): bigint | undefined {
  return int64(fieldsOf(answer["header"])?.["revision"]);
}

/** The end of the range of all keys that begin with `prefix`, which ends with a slash. */
function keyAfter(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

function endpointsAt(key: unknown, wanted: Wanted): Endpoint[] {
  const text = fromBase64(fieldsOf(key)?.["value"]);
  if (text === undefined) return [];
  try {
    const nodes = nodesFrom([JSON.parse(text)]) ?? [];
    return nodes.flatMap((node) => endpointsOf(node, wanted));
  } catch {
    return [];
  }
}
