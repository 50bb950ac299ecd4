/**
 * The words of the service protocol (NATS ADR-32, "micro"): the subjects that
 * tools ask on, and the JSON that a service answers with. The names of fields
 * are the protocol's.
 */
import { isLiteralSubject } from "../core/subject.ts";
import { InvalidArgumentError } from "../core/errors.ts";

/** What a tool may ask all services, those of one name, or one instance. */
export type ServiceVerb = "PING" | "INFO" | "STATS";

export const SERVICE_VERBS: readonly ServiceVerb[] = ["PING", "INFO", "STATS"];

/** Carries the text of a failure, in an answer that reports one. */
export const ServiceErrorHeader = "Nats-Service-Error";
/** Carries the number of the failure. */
export const ServiceErrorCodeHeader = "Nats-Service-Error-Code";

/** Members of one service share their requests through this queue group. */
export const SERVICE_QUEUE = "q";

const PREFIX = "$SRV";

/** What every answer begins with. */
export interface ServiceIdentity {
  /** Shared by all instances. */
  readonly name: string;
  /** Of this instance alone. */
  readonly id: string;
  /** Of the service, like `1.0.0`. */
  readonly version: string;
  /** Whatever its maker wants to tell. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The answer to PING. */
export interface ServicePing extends ServiceIdentity {
  /** The kind of answer. */
  readonly type: "io.nats.micro.v1.ping_response";
}

/** The answer to INFO. */
export interface ServiceInfo extends ServiceIdentity {
  /** The kind of answer. */
  readonly type: "io.nats.micro.v1.info_response";
  /** What the service is for. */
  readonly description: string;
  /** In the order in which they were added. */
  readonly endpoints: readonly EndpointInfo[];
}

/** What INFO tells of an endpoint. */
export interface EndpointInfo {
  /** The name that it was added with. */
  readonly name: string;
  /** Where it takes requests. */
  readonly subject: string;
  /** Who shares them; empty: nobody. */
  readonly queue_group: string;
  /** Whatever its maker wants to tell. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The answer to STATS. */
export interface ServiceStats extends ServiceIdentity {
  /** The kind of answer. */
  readonly type: "io.nats.micro.v1.stats_response";
  /** ISO 8601, UTC. */
  readonly started: string;
  /** In the order in which they were added. */
  readonly endpoints: readonly EndpointStats[];
}

/** What STATS tells of an endpoint. */
export interface EndpointStats {
  /** The name that it was added with. */
  readonly name: string;
  /** Where it takes requests. */
  readonly subject: string;
  /** Who shares them; empty: nobody. */
  readonly queue_group: string;
  /** Requests so far. */
  readonly num_requests: number;
  /** Of those, how many failed. */
  readonly num_errors: number;
  /** `code:description` of the last failure; empty for none. */
  readonly last_error: string;
  /** Nanoseconds in all. */
  readonly processing_time: number;
  /** Nanoseconds for one request. */
  readonly average_processing_time: number;
  /** What the service's `statsHandler` gave. */
  readonly data?: unknown;
}

/** `$SRV.PING`, `$SRV.PING.name` or `$SRV.PING.name.id`. */
export function controlSubject(
  verb: ServiceVerb,
  name: string = "",
  id: string = "",
): string {
  if (name === "" && id !== "") {
    throw new InvalidArgumentError(
      "An instance is asked for by the name of its service and its id",
    );
  }
  return [PREFIX, verb, name, id].filter((token) => token !== "").join(".");
}

/** Throws unless it may be the name of a service, an endpoint or a group's part. */
export function checkServiceName(what: string, name: string): void {
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return;
  throw new InvalidArgumentError(
    `The name of ${what} holds letters, digits, "-" and "_" only: ${
      JSON.stringify(name)
    }`,
  );
}

// Semantic Versioning 2.0.0, section "Backus-Naur Form", in short.
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** Throws unless it is a version like `1.0.0`. */
export function checkVersion(version: string): void {
  if (VERSION.test(version)) return;
  throw new InvalidArgumentError(
    `The version of a service is like "1.0.0": ${JSON.stringify(version)}`,
  );
}

/** Throws unless requests can be sent to it. */
export function checkEndpointSubject(subject: string): void {
  // Its last tokens may be wildcards, as in `orders.*`.
  const literal = subject.replace(/(^|\.)\*(?=\.|$)/g, "$1x")
    .replace(/(^|\.)>$/, "$1x");
  if (isLiteralSubject(literal) && !/\s/.test(subject)) return;
  throw new InvalidArgumentError(
    `Invalid subject of an endpoint: ${JSON.stringify(subject)}`,
  );
}
