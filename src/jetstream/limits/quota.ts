/**
 * What the streams of one account, and all of the server's, may hold: whether a
 * stream may be as large as it is wanted, and whether a message still fits.
 *
 * NATS JetStream: a stream reserves its `max_bytes`; one without counts as a
 * single byte, and only what it holds is counted against the limits.
 */
import type { Logger } from "../../core/log.ts";
import type {
  AccountStreamLimits,
  JetStreamBatchOptions,
  JetStreamLimitOptions,
  JetStreamOptions,
} from "../../options/options.ts";
import {
  defaultJetStreamBatchOptions,
  defaultJetStreamLimitOptions,
} from "../../options/options.ts";
import { ApiError } from "../api/api_error.ts";
import type { StorageKind, StreamConfig } from "../stream/stream_config.ts";
import { Usage } from "./usage.ts";

/** What of a stream counts here. */
export type Size = Pick<StreamConfig, "max_bytes" | "max_consumers"> & {
  readonly storage?: StorageKind;
};

/** NATS JetStream: insufficient memory, insufficient storage. */
const NO_ROOM = { memory: 10028, file: 10047 } as const;

/** The limits of an account that has none. */
export const UNLIMITED_STREAMS: AccountStreamLimits = {
  maxMemoryBytes: -1,
  maxFileBytes: -1,
  maxStreams: -1,
  maxConsumers: -1,
  maxAckPending: -1,
  memoryStreamBytes: -1,
  fileStreamBytes: -1,
  maxBytesRequired: false,
};

/** What all accounts together have, and may have. */
export class ServerQuota {
  readonly usage: Usage = new Usage();
  options: JetStreamOptions;

  constructor(options: JetStreamOptions) {
    this.options = options;
  }

  get limits(): JetStreamLimitOptions {
    return this.options.limits ?? DEFAULT_LIMITS;
  }

  /** What messages that are stored together may be; 0: Midge's default. */
  get batch(): JetStreamBatchOptions {
    return this.limits.batch ?? DEFAULT_BATCH;
  }

  /** Most bytes of a kind; -1: no limit. */
  most(storage: StorageKind): number {
    const { maxMemoryBytes, maxFileBytes } = this.options;
    return storage === "memory" ? maxMemoryBytes : maxFileBytes;
  }
}

const DEFAULT_LIMITS = defaultJetStreamLimitOptions();
const DEFAULT_BATCH = defaultJetStreamBatchOptions();

export class Quota {
  readonly server: ServerQuota;
  readonly usage: Usage;
  limits: AccountStreamLimits;
  readonly #account: string;
  readonly #log: Logger;
  /** It was told that there is no room; told again once there was some. */
  #isTold = false;

  constructor(
    account: string,
    server: ServerQuota,
    limits: AccountStreamLimits,
    log: Logger,
  ) {
    this.#account = account;
    this.server = server;
    this.usage = new Usage(server.usage);
    this.limits = limits;
    this.#log = log;
  }

  /** What holds for streams of that number of replicas; undefined: nothing does. */
  find(replicas: number): AccountStreamLimits | undefined {
    const { tiers } = this.limits;
    return tiers === undefined
      ? this.limits
      : tiers[`R${Math.max(1, replicas)}`];
  }

  /** As `find`. Throws an `ApiError` where nothing holds. */
  of(replicas: number): AccountStreamLimits {
    const limits = this.find(replicas);
    if (limits === undefined) throw new ApiError(10120);
    return limits;
  }

  /**
   * Throws an `ApiError` where a stream asks for more than the account has left;
   * `before`: it is there, and reserves what that says.
   */
  checkStream(
    size: Size,
    limits: AccountStreamLimits,
    before?: StreamConfig,
  ): void {
    const { max_consumers, storage } = size;
    const { maxConsumers } = limits;
    if (maxConsumers > 0 && max_consumers > maxConsumers) {
      throw new ApiError(10026);
    }
    if (storage === undefined) return;
    const most = storage === "memory"
      ? limits.maxMemoryBytes
      : limits.maxFileBytes;
    const { bytes } = this.usage.reserved[storage];
    const hasRoom = fits(wanted(size, before), bytes, most);
    if (!hasRoom) throw new ApiError(NO_ROOM[storage]);
  }

  /** Throws an `ApiError` where the server has no room left for a stream of that size. */
  checkServer(
    size: Size & { readonly storage: StorageKind },
    before?: StreamConfig,
  ): void {
    const { storage } = size;
    const { bytes } = this.server.usage.reserved[storage];
    const hasRoom = fits(
      wanted(size, before),
      bytes,
      this.server.most(storage),
    );
    if (!hasRoom) throw new ApiError(NO_ROOM[storage]);
  }

  /** Throws an `ApiError` where the server holds too much for another message. */
  checkServerRoom(storage: StorageKind): void {
    const most = this.server.most(storage);
    if (most < 0 || this.server.usage.used[storage].bytes <= most) return;
    const text = `JetStream ${storage} resource limits exceeded for server`;
    this.#tell(() => this.#log.error(text));
    throw new ApiError(10023);
  }

  /** Throws an `ApiError` where the account may not hold `size` bytes more. */
  checkRoom(storage: StorageKind, size: number): void {
    const limits = this.limits.tiers === undefined ? this.limits : this.of(1);
    const most = storage === "memory"
      ? limits.maxMemoryBytes
      : limits.maxFileBytes;
    if (most < 0 || this.usage.used[storage].bytes + size <= most) {
      this.#isTold = false;
      return;
    }
    const text = `JetStream ${storage} resource limits exceeded for account: ` +
      `"${this.#account}"`;
    this.#tell(() => this.#log.warn(text));
    throw new ApiError(10002);
  }

  #tell(tell: () => void): void {
    if (!this.#isTold) tell();
    this.#isTold = true;
  }
}

/** Bytes that are to be reserved, besides those that are. */
function wanted({ max_bytes }: Size, before?: StreamConfig): number {
  if (before === undefined) return max_bytes < 0 ? 1 : max_bytes;
  return Math.max(0, max_bytes - before.max_bytes);
}

function fits(bytes: number, reserved: number, most: number): boolean {
  return most < 0 || (reserved <= most && bytes <= most - reserved);
}
