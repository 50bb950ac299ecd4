/**
 * What a snapshot tells of JetStream. Streams and consumers are there as the API
 * tells of them.
 */
import type {
  AccountStreamLimits,
  JetStreamBatchOptions,
  JetStreamLimitOptions,
} from "../options/options.ts";

/** Which accounts to tell of, and how much. */
export interface JetStreamRequest {
  /** Empty: all in the window. */
  readonly account: string;
  readonly offset: number;
  /** 0: of no account. */
  readonly limit: number;
  readonly streams: boolean;
  readonly consumers: boolean;
  readonly directConsumers: boolean;
}

/** JetStream of the whole server. */
export interface JetStreamFacts {
  readonly usage: StorageFacts;
  readonly api: ApiFacts;
  /** That have it. */
  readonly accounts: number;
  readonly streams: number;
  readonly consumers: number;
  readonly messages: number;
  readonly bytes: number;
  readonly config: JetStreamConfigFacts;
  readonly limits: JetStreamLimitOptions;
  readonly batch: JetStreamBatchOptions;
  /** Those that were asked for. */
  readonly details: readonly StreamAccountFacts[];
}

export interface JetStreamConfigFacts {
  /** Bytes, as the next; -1: no limit. */
  readonly maxMemoryBytes: number;
  readonly maxFileBytes: number;
  /** Empty: streams are in memory alone. */
  readonly folder: string;
  readonly domain: string;
  readonly isStrict: boolean;
  /** Messages are acknowledged before they are on disk. */
  readonly isLazy: boolean;
}

/** Bytes that there are, and that are reserved. */
export interface StorageFacts {
  readonly memory: number;
  readonly file: number;
  readonly reservedMemory: number;
  readonly reservedFile: number;
}

/** Requests of the API. */
export interface ApiFacts {
  readonly total: number;
  readonly errors: number;
}

/** JetStream of one account. */
export interface StreamAccountFacts {
  readonly name: string;
  readonly usage: StorageFacts;
  readonly limits: AccountStreamLimits;
  readonly api: ApiFacts;
  readonly streams: readonly StreamRowFacts[];
  /** Streams that could not be opened, by name, and why. */
  readonly unopened: Readonly<Record<string, string>>;
}

export interface StreamRowFacts {
  readonly name: string;
  /** As the API tells of it. */
  readonly info: Readonly<Record<string, unknown>>;
  readonly consumers: readonly Readonly<Record<string, unknown>>[];
  readonly directConsumers: readonly Readonly<Record<string, unknown>>[];
}

/** Which part of JetStream has to be there. Empty: nothing in particular. */
export interface StreamHealthRequest {
  readonly account: string;
  readonly stream: string;
  readonly consumer: string;
}

/** Something of JetStream that is not there, or not as it was. */
export interface StreamFault {
  readonly type: "ACCOUNT" | "STREAM" | "CONSUMER";
  readonly isMissing: boolean;
  readonly account: string;
  readonly stream?: string;
  readonly consumer?: string;
  readonly error: string;
}
