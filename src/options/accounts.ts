/**
 * What a configuration says of accounts. A JWT of an operator's account comes
 * out as the same values, so one `Accounts` takes both.
 */

import type { PermissionsOptions } from "./permissions.ts";
import type { UserOptions } from "./user.ts";

/** Limits of an account; -1: none. */
export interface AccountLimits {
  readonly maxConnections: number;
  /** Of each connection. */
  readonly maxSubscriptions: number;
  readonly maxPayloadBytes: number;
  readonly maxLeafnodes: number;
}

/** One of the subjects that a mapped subject may become. */
export interface MappingDestination {
  /** May have `$1`, `{{wildcard(1)}}` and the other functions of subject transforms. */
  readonly subject: string;
  /** Percent of the messages, 0 to 100. */
  readonly weight: number;
  /** Holds on the servers of this cluster only; empty: everywhere. */
  readonly cluster: string;
}

/** Messages on `source` are published on one of `destinations` instead. */
export interface MappingOptions {
  readonly source: string;
  readonly destinations: readonly MappingDestination[];
}

/** How long each request to a service took, as messages. */
export interface LatencyOptions {
  /** Where the measurements are published. */
  readonly subject: string;
  /** Percent of the requests, or those whose headers ask for it. */
  readonly sampling: number | "headers";
}

/** What both kinds of export have. */
export interface ExportBase {
  readonly subject: string;
  /** Accounts that may import it; undefined: all. */
  readonly accounts?: readonly string[];
  /** The number of the token, from 1, that has to be the importing account's name; 0: none. */
  readonly accountTokenPosition: number;
  /** JWT: an import needs an activation token. */
  readonly tokenRequired: boolean;
  /** JWT: activation tokens of an account (`*`: of all) issued up to this second are void. */
  readonly revocations?: Readonly<Record<string, number>>;
}

/** Messages that other accounts may hear. */
export interface StreamExport extends ExportBase {
  readonly kind: "stream";
}

/** Requests that other accounts may send. */
export interface ServiceExport extends ExportBase {
  readonly kind: "service";
  readonly response: "singleton" | "stream" | "chunked";
  /** How long after the request a response may come, in milliseconds. */
  readonly thresholdMs: number;
  readonly latency?: LatencyOptions;
  /** Traces of messages go on in the exporting account. */
  readonly allowTrace: boolean;
}

/** What an account lets others hear or ask. */
export type ExportOptions = StreamExport | ServiceExport;

/** What both kinds of import have. */
export interface ImportBase {
  /** The exporting account. */
  readonly account: string;
  /** The subject in the exporting account. */
  readonly subject: string;
  /** JWT: the activation token; empty: none. */
  readonly token: string;
}

/** Messages of another account that are heard in this one. */
export interface StreamImport extends ImportBase {
  readonly kind: "stream";
  /** The subject here; `$1` stands for the first wildcard of `subject`. */
  readonly local: string;
  readonly allowTrace: boolean;
}

/** Requests that this account may send to another one. */
export interface ServiceImport extends ImportBase {
  readonly kind: "service";
  /** The subject that is published to here; `subject` may have `$1` for its first wildcard. */
  readonly local: string;
  /** The service is told who asks. */
  readonly share: boolean;
}

/** What an account hears from another one, or asks of it. */
export type ImportOptions = StreamImport | ServiceImport;

/** Where traces of messages with a `traceparent` header go. */
export interface AccountTrace {
  readonly destination: string;
  /** Percent of the messages. */
  readonly sampling: number;
}

/** One account. */
export interface AccountOptions {
  /** A name, or an account's public key. */
  readonly name: string;
  /** Its public key, where the configuration gives one beside the name. */
  readonly nkey: string;
  readonly users: readonly UserOptions[];
  readonly exports: readonly ExportOptions[];
  readonly imports: readonly ImportOptions[];
  readonly mappings: readonly MappingOptions[];
  readonly limits: AccountLimits;
  /** For its users that have none of their own. */
  readonly defaultPermissions?: PermissionsOptions;
  readonly trace?: AccountTrace;
  /** What its streams may be; undefined: it has none. */
  readonly jetstream?: AccountStreamLimits;
}

/** What the streams of an account may be; -1: no limit. */
export interface AccountStreamLimits {
  readonly maxMemoryBytes: number;
  readonly maxFileBytes: number;
  readonly maxStreams: number;
  /** Of one stream. */
  readonly maxConsumers: number;
  readonly maxAckPending: number;
  /** Of one stream that says nothing, and at most. */
  readonly memoryStreamBytes: number;
  readonly fileStreamBytes: number;
  /** Each stream has to say how large it may become. */
  readonly maxBytesRequired: boolean;
  /** By `R1`, `R3`...: in place of all this, for streams of that number of replicas. */
  readonly tiers?: Readonly<Record<string, AccountStreamLimits>>;
}

/** No limit at all. */
export const UNLIMITED_ACCOUNT: AccountLimits = {
  maxConnections: -1,
  maxSubscriptions: -1,
  maxPayloadBytes: -1,
  maxLeafnodes: -1,
};
