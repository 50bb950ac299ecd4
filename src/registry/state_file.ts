/**
 * A file that keeps the registry's nodes over a restart. It is written shortly
 * after a change, as a whole and by renaming, and read at the start. A broken
 * file does no lasting harm: the nodes announce themselves again within one
 * heartbeat.
 */
import type { Clock, Timer } from "../platform/clock.ts";
import type { Logger } from "../core/log.ts";
import {
  ANNOUNCEMENT_TTL_MAX_MS,
  ANNOUNCEMENT_TTL_MIN_MS,
  ANNOUNCEMENT_TTL_MS,
} from "../core/limits.ts";
import { quoted } from "../core/quote.ts";
import { nodeFrom, NODES_MAX, nodeToJson } from "../discovery/node_record.ts";
import type { Files } from "../platform/files.ts";
import { isNodeId } from "./announcement.ts";
import type { KeptNode } from "./store.ts";

/** Changes that come close together are written once. */
const WRITE_DELAY_MS = 200;
const FILE_MODE = 0o600;
/** An index starts at the time of day in milliseconds and counts changes, so it stays far below this. */
const INDEX_END = 1e14;

export interface RegistryState {
  readonly index: number;
  readonly nodes: readonly KeptNode[];
}

export interface StatePlatform {
  readonly clock: Clock;
  readonly files: Files;
  readonly log: Logger;
}

export class StateFile {
  readonly #path: string;
  readonly #platform: StatePlatform;
  readonly #state: () => RegistryState;
  #timer: Timer | undefined = undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  /** `state` is called each time that the file is written. */
  constructor(
    path: string,
    platform: StatePlatform,
    state: () => RegistryState,
  ) {
    this.#path = path;
    this.#platform = platform;
    this.#state = state;
  }

  /** The kept state; an empty one without a file, or for a file that cannot be read. */
  async read(): Promise<RegistryState> {
    const { files, log } = this.#platform;
    try {
      if (await files.fingerprint(this.#path) === undefined) return NOTHING;
      return stateFrom(JSON.parse(await files.readText(this.#path)));
    } catch (error) {
      const why = error instanceof SyntaxError ? "it is not JSON" : told(error);
      log.warn(
        `Cannot read the registry's state ${quoted(this.#path)}: ${why}`,
      );
      return NOTHING;
    }
  }

  /** Writes the state, soon. */
  changed(): void {
    this.#timer ??= this.#platform.clock.after(
      WRITE_DELAY_MS,
      () => this.#write(),
    );
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    if (this.#timer !== undefined) this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#replace());
  }

  async #replace(): Promise<void> {
    const { files, log } = this.#platform;
    try {
      const text = `${JSON.stringify(stateToJson(this.#state()))}\n`;
      await files.replaceText(this.#path, text, FILE_MODE);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        log.error(`Cannot keep the registry's state: ${told(error)}`);
      }
      this.#failed = true;
    }
  }
}

const NOTHING: RegistryState = { index: 0, nodes: [] };

function stateToJson({ index, nodes }: RegistryState): Record<string, unknown> {
  return {
    index,
    nodes: nodes.map(({ node, ttlMs }) => ({
      ...nodeToJson(node),
      ttl: ttlMs,
    })),
  };
}

function stateFrom(json: unknown): RegistryState {
  if (typeof json !== "object" || json === null) return NOTHING;
  const { index, nodes } = json as Readonly<Record<string, unknown>>;
  const items: unknown[] = Array.isArray(nodes) ? nodes : [];
  return {
    index: typeof index === "number" && index < INDEX_END
      ? Math.floor(index)
      : 0,
    nodes: items.slice(0, NODES_MAX).map(keptFrom)
      .filter((kept) => kept !== undefined),
  };
}

function keptFrom(json: unknown): KeptNode | undefined {
  const node = nodeFrom(json);
  if (node === undefined || !isNodeId(node.id)) return undefined;
  const { ttl } = json as Readonly<Record<string, unknown>>;
  const ttlMs = typeof ttl === "number" ? ttl : ANNOUNCEMENT_TTL_MS;
  return {
    node,
    ttlMs: Math.min(
      Math.max(ttlMs, ANNOUNCEMENT_TTL_MIN_MS),
      ANNOUNCEMENT_TTL_MAX_MS,
    ),
  };
}

function told(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return quoted(text).slice(1, -1).replaceAll('\\"', '"');
}
