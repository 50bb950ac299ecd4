/**
 * What providers and registrars need of the machine, as values; `runtime/`
 * implements them.
 */
import type { Clock, Random } from "../core/clock.ts";

export interface DiscoveryPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly fetch: Fetch;
  readonly dns: Dns;
  readonly files: Files;
  /** A variable of the environment; undefined when it is not set. */
  readonly environment: (name: string) => string | undefined;
}

/** The part of the web's `fetch` that is used here. Rejects when there is no answer. */
export type Fetch = (url: string, request: FetchRequest) => Promise<Fetched>;

export interface FetchRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface Fetched {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** Null when there is none. */
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Names and what they stand for. Every call rejects when the name does not exist. */
export interface Dns {
  /** IPv4 and IPv6 addresses. */
  addresses(name: string, options: DnsOptions): Promise<AddressRecord[]>;
  services(name: string, options: DnsOptions): Promise<ServiceRecord[]>;
}

export interface DnsOptions {
  /** `host:port` of the server to ask; undefined: the system's. */
  readonly resolver: string | undefined;
  readonly signal: AbortSignal;
}

export interface AddressRecord {
  readonly address: string;
  /** Undefined where the platform does not tell. */
  readonly ttlMs: number | undefined;
}

/** An SRV record (RFC 2782). */
export interface ServiceRecord {
  /** `.` means that there is no such service. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** Files of the machine. Failures reject with the operator's words, `open x: no such file or directory`. */
export interface Files {
  readText(path: string): Promise<string>;
  /** Writes a new file beside it and renames that over it, so that no reader sees half. */
  replaceText(path: string, text: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names of the files in a folder. */
  list(path: string): Promise<string[]>;
  /** Sets the time of the last change to now. */
  touch(path: string): Promise<void>;
  /** Something that changes whenever the file does, also when another takes its place; undefined: no file. */
  fingerprint(path: string): Promise<string | undefined>;
  /** Milliseconds since the Unix epoch. */
  modifiedAt(path: string): Promise<number>;
  /**
   * Calls `onChange` when something in the folder of `path` changes. Only a
   * hint: network file systems tell nothing. Call the result to end it.
   */
  watch(path: string, onChange: () => void): () => void;
}
