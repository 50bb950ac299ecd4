/**
 * How long requests to services take, as records that the exporting account
 * publishes: one for each request that is measured, whatever becomes of it.
 */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { randomName } from "../core/nuid.ts";
import { shortHash } from "../core/short_hash.ts";
import { isLiteralSubject } from "../core/subject.ts";
import type { LatencyOptions } from "../options/options.ts";
import type { Clock, Random } from "../platform/clock.ts";
import type { Message } from "../wire/message.ts";
import type { Account } from "./account.ts";
import type { Delivery } from "./delivery.ts";
import type { ImportPath } from "./import_path.ts";
import { InternalClient } from "./internal.ts";
import { sampledHeaders, type TracingHeaders } from "./latency_sampling.ts";
import { knownOf, type RequestInfo } from "./request_info.ts";

const RECORD_TYPE = "io.nats.server.metric.v1.service_latency";
const ID_CHARS = 22;
const NS_PER_MS = 1e6;

/** NATS: what a record says of a request that got no response. */
export const LatencyStatus = {
  BAD_REQUEST: [400, "Bad Request"],
  REQUEST_TIMEOUT: [408, "Request Timeout"],
  SERVICE_UNAVAILABLE: [503, "Service Unavailable"],
  SERVICE_TIMEOUT: [504, "Service Timeout"],
} as const;

export type LatencyStatus = typeof LatencyStatus[keyof typeof LatencyStatus];

/** What measurements stand on. */
export interface LatencyHost {
  readonly delivery: Delivery;
  readonly clock: Clock;
  readonly random: Random;
  readonly path: ImportPath;
  /** As in the cluster. */
  readonly serverName: string;
}

/** What `service`, `system` and `total` of a record are made of, in nanoseconds. */
export interface LatencyTimes {
  /** From the request to the response, as this server saw it. */
  readonly elapsed: number;
  readonly requestorRtt: number;
  readonly responderRtt: number;
  /** What the server itself took with the response. */
  readonly own: number;
}

export function latencyFields(
  { elapsed, requestorRtt, responderRtt, own }: LatencyTimes,
): { service: number; system: number; total: number } {
  return {
    service: Math.max(0, elapsed - responderRtt),
    system: own,
    total: requestorRtt + elapsed + own,
  };
}

/** What the server at which a request was served tells of it. */
export interface OtherHalf {
  readonly responder: RequestInfo | undefined;
  /** Without the way from that server to the responder, in nanoseconds. */
  readonly service: number;
}

/** One request that is measured. */
export class LatencyMeasurement {
  readonly #host: LatencyHost;
  readonly #exporter: Account;
  readonly #subject: string;
  readonly #requestor: RequestInfo | undefined;
  readonly #headers: TracingHeaders;
  readonly #begunAt: number;
  readonly #startedAt: number;
  /** The response came from another server, after this time. */
  #elsewhereAfter: number | undefined = undefined;
  #otherHalf: OtherHalf | undefined = undefined;
  #isOver = false;

  constructor(
    host: LatencyHost,
    exporter: Account,
    subject: string,
    requestor: RequestInfo | undefined,
    headers: TracingHeaders,
  ) {
    this.#host = host;
    this.#exporter = exporter;
    this.#subject = subject;
    this.#requestor = requestor;
    this.#headers = headers;
    this.#begunAt = host.clock.monotonic();
    this.#startedAt = host.clock.now();
  }

  /** The response is there, from whom `responder` tells. */
  answered(responder: RequestInfo | undefined): void {
    if (this.#isOver) return;
    const { clock } = this.#host;
    const now = clock.monotonic();
    const times = {
      elapsed: nanoseconds(now - this.#begunAt),
      requestorRtt: this.#requestorRtt,
      responderRtt: responder?.rtt ?? 0,
      own: nanoseconds(clock.monotonic() - now),
    };
    this.#tell([200, ""], latencyFields(times), responder);
  }

  /**
   * The response has come from another server, which tells of the responder:
   * it has done so, or there will be a call of `merge` or of `giveUp`.
   */
  answeredElsewhere(): void {
    if (this.#isOver) return;
    const { clock } = this.#host;
    this.#elsewhereAfter = nanoseconds(clock.monotonic() - this.#begunAt);
    if (this.#otherHalf !== undefined) this.merge(this.#otherHalf);
  }

  /** The other server has told, maybe before its response is here. */
  merge(half: OtherHalf): void {
    this.#otherHalf = half;
    const elapsed = this.#elsewhereAfter;
    if (this.#isOver || elapsed === undefined) return;
    const { responder, service } = half;
    const system = elapsed - service - (responder?.rtt ?? 0);
    this.#tell([200, ""], {
      service: Math.max(0, service),
      system: Math.max(0, system),
      total: this.#requestorRtt + elapsed,
    }, responder);
  }

  /** The other server has not told. */
  giveUp(): void {
    this.merge({ responder: undefined, service: this.#elsewhereAfter ?? 0 });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** There will be no response. */
  failed(status: LatencyStatus): void {
    if (this.#isOver) return;
    this.#tell(status, { service: 0, system: 0, total: 0 });
  }

  get #requestorRtt(): number {
    return this.#requestor?.rtt ?? 0;
  }

  #tell(
    [status, description]: readonly [number, string],
    times: ReturnType<typeof latencyFields>,
    responder?: RequestInfo,
  ): void {
    this.#isOver = true;
    const { clock, random, delivery, path } = this.#host;
    const start = this.#startedAt - this.#requestorRtt / NS_PER_MS;
    const record = {
      type: RECORD_TYPE,
      id: randomName(random, ID_CHARS),
      timestamp: new Date(clock.now()).toISOString(),
      status,
      ...(description !== "" && { description }),
      ...(this.#requestor && { requestor: knownOf(this.#requestor) }),
      ...(responder && { responder: knownOf(responder) }),
      ...(Object.keys(this.#headers).length > 0 && { header: this.#headers }),
      start: new Date(start).toISOString(),
      ...times,
    };
    const payload = asciiBytes(utf8ByteString(goJson(record)));
    const server = new InternalClient(this.#exporter, delivery, {
      emptyReply: true,
    });
    // The record is no step of the request.
    path.afresh(() => server.publish(this.#subject, payload) > 0);
  }
}

/** NATS: the end of a reply subject whose request is measured by the server of this name. */
export function measuredReplyEnd(serverName: string): string {
  return `.${shortHash(utf8ByteString(serverName))}.T`;
}

/** Begins to measure `request` if it is one of those that `options` ask for. */
export function measure(
  host: LatencyHost,
  options: LatencyOptions | undefined,
  request: Message,
  exporter: Account,
  requestor: RequestInfo | undefined,
): LatencyMeasurement | undefined {
  if (options === undefined) return undefined;
  const subject = utf8ByteString(options.subject);
  if (!isLiteralSubject(subject)) return undefined;
  const headers = sampledHeaders(options, request, host.random);
  return headers &&
    new LatencyMeasurement(host, exporter, subject, requestor, headers);
}

export function nanoseconds(ms: number): number {
  return Math.round(ms * NS_PER_MS);
}
