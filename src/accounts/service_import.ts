/**
 * A service of another account, heard by what clients publish here: a request is
 * published there in its turn, with a reply subject that leads back.
 */
import {
  asOnWire,
  localPattern,
  serviceTransform,
} from "../options/import_rules.ts";
import type { ServiceExport, ServiceImport } from "../options/options.ts";
import { asciiBytes } from "../core/ascii.ts";
import type { SubjectMatch } from "../core/subject_match.ts";
import { Message, replyOf, subjectOf } from "../wire/message.ts";
import {
  copyParts,
  replaceHeader,
  setReply,
  setSubject,
} from "../wire/rewrite.ts";
import type { Account } from "./account.ts";
import type { SubjectFacts } from "./known_subjects.ts";
import {
  findTarget,
  type ImportHost,
  type ImportLink,
  type ImportTarget,
  isOpen,
} from "./import_host.ts";
import {
  type DirectReceiver,
  type Following,
  Interest,
  type MessageSource,
  type MessageTrace,
} from "./interest.ts";
import { type LatencyMeasurement, LatencyStatus, measure } from "./latency.ts";
import { Kind } from "./reach.ts";
import { type RequestInfo, tellRequester } from "./request_info.ts";
import type { ResponseTerms } from "./responses.ts";
import { serviceMatch } from "./service_match.ts";
import { TRACE_DESTINATION, TRACE_DISABLED } from "./trace_headers.ts";
import { Translation } from "./translation.ts";

/** Servers that a request comes to send a trace each. */
const TRACES_OF_OTHERS: ResponseTerms = { response: "stream", thresholdMs: 0 };

export class ServiceLink implements ImportLink, DirectReceiver {
  readonly kind: Kind = Kind.IMPORT;
  readonly options: ServiceImport;
  readonly #importer: Account;
  readonly #host: ImportHost;
  readonly #interest: Interest;
  /** To the subject there. */
  readonly #translation: Translation;
  /** Null until it is needed. */
  #target: ImportTarget | undefined | null = null;

  /** Throws a `TransformError`. The subject here must be valid. */
  constructor(options: ServiceImport, importer: Account, host: ImportHost) {
    this.options = options;
    this.#importer = importer;
    this.#host = host;
    const onWire = asOnWire(options);
    this.#translation = new Translation(
      serviceTransform(onWire),
      onWire.subject,
      host.random,
    );
    this.#interest = Interest.direct(this, localPattern(onWire), "", "");
    importer.insert(this.#interest);
  }

  refresh(): void {
    this.#target = null;
  }

  end(): void {
    this.#importer.remove(this.#interest);
  }

  takes(): boolean {
    return true;
  }

  /** Hands a request on to the exporting account; false when nobody takes it there. */
  deliver(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
  ): boolean {
    return this.#serve(interest, message, publisher, undefined);
  }

  followed(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
    { trace }: Following,
  ): boolean {
    return this.#serve(interest, message, publisher, trace);
  }

  #serve(
    interest: Interest,
    message: Message,
    publisher: MessageSource | undefined,
    trace: MessageTrace | undefined,
  ): boolean {
    const target = this.#target === null
      ? this.#target = findTarget(this.options, this.#importer, this.#host)
      : this.#target;
    if (target === undefined) return false;
    const { clock, path } = this.#host;
    if (!isOpen(target, clock)) return false;
    const { exporter } = target;
    interest.delivered++;
    const request = new Message();
    copyParts(message, request);
    const facts = this.#address(request, exporter);
    const follows = trace && this.#follow(trace, message, request, target);
    if (trace?.isOnly && follows === undefined) return false;
    const measurement = this.#measure(target, message, publisher);
    const heard = serviceMatch(facts.match);
    const { plain, queues } = heard;
    const hasInterest = plain.length > 0 || queues.length > 0;
    const info = hasInterest ? this.#infoOf(publisher, exporter) : undefined;
    if (!hasInterest || !path.enter(exporter, info)) {
      measurement?.failed(LatencyStatus.SERVICE_UNAVAILABLE);
      return false;
    }
    try {
      tellRequester(request, info);
      const match = follows?.followed(heard) ?? heard;
      return this.#ask(request, match, target, publisher, measurement);
    } finally {
      path.leave();
    }
  }

  /**
   * Notes that `message` goes on as `request`. Gives the trace if it may go on
   * there; then its subject there leads back to the one that it has here. If it
   * may not, no server goes on with it either.
   */
  #follow(
    trace: MessageTrace,
    message: Message,
    request: Message,
    { exporter, grant }: ImportTarget,
  ): MessageTrace | undefined {
    trace.serviceImport(exporter.name, subjectOf(message), subjectOf(request));
    const { allowTrace } = grant.offered as ServiceExport;
    if (!allowTrace) {
      replaceHeader(request, TRACE_DESTINATION, TRACE_DISABLED);
      return undefined;
    }
    const { destination } = trace;
    if (destination === undefined) return trace;
    const carrier = new Message();
    setReply(carrier, asciiBytes(destination));
    this.#host.responsesOf(exporter)
      .await(carrier, this.#importer, TRACES_OF_OTHERS);
    replaceHeader(request, TRACE_DESTINATION, replyOf(carrier));
    return trace;
  }

  /** What is to be said of the time that the request takes, if anything is. */
  #measure(
    { exporter, grant }: ImportTarget,
    message: Message,
    publisher: MessageSource | undefined,
  ): LatencyMeasurement | undefined {
    const { latency } = grant.offered as ServiceExport;
    if (latency === undefined) return undefined;
    const requestor = publisher?.requestInfo?.(this.options.share, false);
    const measurement = measure(
      this.#host,
      latency,
      message,
      exporter,
      requestor,
    );
    if (!message.hasReply) measurement?.failed(LatencyStatus.BAD_REQUEST);
    return measurement;
  }

  #ask(
    request: Message,
    match: SubjectMatch<Interest>,
    { exporter, grant }: ImportTarget,
    publisher: MessageSource | undefined,
    measurement: LatencyMeasurement | undefined,
  ): boolean {
    const { delivery } = this.#host;
    const awaited = request.hasReply
      ? this.#host.responsesOf(exporter).await(
        request,
        this.#importer,
        grant.offered as ServiceExport,
        measurement,
      )
      : undefined;
    const taken = delivery.publish(exporter, match, request, publisher);
    if (taken === 0) {
      measurement?.failed(LatencyStatus.SERVICE_UNAVAILABLE);
      awaited?.end();
    }
    return taken > 0;
  }

  /** Gives `request` its subject there; gives what is known of that. */
  #address(request: Message, exporter: Account): SubjectFacts {
    let subject = this.#translation.of(request);
    setSubject(request, subject);
    const facts = exporter.facts(subject, 0, subject.length);
    if (facts.mapped === undefined) return facts;
    subject = facts.mapped.next();
    setSubject(request, subject);
    return exporter.facts(subject, 0, subject.length);
  }

  #infoOf(
    publisher: MessageSource | undefined,
    exporter: Account,
  ): RequestInfo | undefined {
    const { path, exporters } = this.#host;
    const isSystem = exporter === exporters.system;
    if (!path.isInside) {
      return publisher?.requestInfo?.(this.options.share, isSystem);
    }
    const before = path.info;
    return before && { ...before, svc: this.#importer.name };
  }
}
