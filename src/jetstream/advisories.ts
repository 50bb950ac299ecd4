/**
 * What JetStream tells of itself: that streams and consumers come and go, and what
 * becomes of messages. Nothing is made that has no listener.
 *
 * NATS JetStream (advisories, metrics): `$JS.EVENT...`, in the account concerned.
 */
import type { InternalClient } from "../accounts/internal.ts";
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { Nuid } from "../core/nuid.ts";
import type { Random } from "../platform/clock.ts";
import { type Moments, momentText } from "./moments.ts";
import type { ReplySubjects } from "./reply_subjects.ts";
import type { ServerNews } from "./server_news.ts";

/** Why a batch was given up. */
export type AbandonReason = "timeout" | "large" | "incomplete" | "unsupported";

/** NATS JetStream (api_audit): what a request said, and what it was told. */
export interface AnsweredRequest {
  /** The name of the server. */
  readonly server: string;
  /** Who asked; undefined: who it was is known to another server alone. */
  readonly client: object | undefined;
  readonly subject: string;
  /** Undefined: nothing. */
  readonly request: string | undefined;
  readonly response: string;
}

/** What advisories stand on. */
interface AdvisoriesHost {
  readonly moments: Moments;
  readonly random: Random;
  readonly replies: Pick<ReplySubjects, "domain">;
  readonly news: ServerNews;
}

export class Advisories {
  /** The name of the account. */
  readonly #account: string;
  readonly #client: InternalClient;
  readonly #moments: Moments;
  readonly #domain: string;
  readonly #news: ServerNews;
  readonly #nuid: Nuid;

  constructor(
    account: string,
    client: InternalClient,
    { moments, random, replies: { domain }, news }: AdvisoriesHost,
  ) {
    this.#news = news;
    this.#account = account;
    this.#client = client;
    this.#moments = moments;
    this.#domain = domain;
    this.#nuid = new Nuid(random);
  }

  stream(
    stream: string,
    action: "create" | "modify" | "delete",
  ): void {
    const what = ACTIONS[action];
    this.#say(`STREAM.${what}.${stream}`, "stream_action", { stream, action });
  }

  consumer(
    stream: string,
    consumer: string,
    action: "create" | "delete",
  ): void {
    const subject = `CONSUMER.${ACTIONS[action]}.${stream}.${consumer}`;
    this.#say(subject, "consumer_action", { stream, consumer, action });
  }

  /** What became of one delivery, `MSG_NAKED`, `MSG_TERMINATED` or `MAX_DELIVERIES`. */
  message(
    what: "MSG_NAKED" | "MSG_TERMINATED" | "MAX_DELIVERIES",
    type: "nak" | "terminated" | "max_deliver",
    facts: Readonly<Record<string, string | number | undefined>> & {
      readonly stream: string;
      readonly consumer: string;
    },
  ): void {
    this.#say(
      `CONSUMER.${what}.${facts.stream}.${facts.consumer}`,
      type,
      facts,
    );
  }

  /** A client of a priority group is pinned, or not any more. */
  group(
    what: "PINNED" | "UNPINNED",
    type: "pinned" | "unpinned",
    facts: Readonly<Record<string, string>> & {
      readonly stream: string;
      readonly consumer: string;
    },
  ): void {
    this.#say(
      `CONSUMER.${what}.${facts.stream}.${facts.consumer}`,
      `consumer_group_${type}`,
      { account: this.#account, ...facts },
    );
  }

  /** The messages of a batch are not stored: it was not brought to its end. */
  batchAbandoned(
    stream: string,
    batch: string,
    reason: AbandonReason,
  ): void {
    const subject = `$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.${stream}`;
    const head = {
      type: "io.nats.jetstream.advisory.v1.stream_batch_abandoned",
      id: this.#nuid.next(),
      timestamp: momentText(this.#moments.nowUs()),
    };
    const facts = { stream, ...this.#domainFact, batch, reason };
    // NATS JetStream: the server says this as one that has no account.
    this.#tell(subject, () => ({ ...head, ...facts }), { emptyReply: true });
    const account = this.#account;
    this.#news.tell(subject, () => ({ ...head, account, ...facts }));
  }

  /** A request was answered. */
  answered(request: AnsweredRequest): void {
    const type = "advisory.v1.api_audit";
    this.#publish("ADVISORY.API", type, request, { emptyReply: true });
  }

  /** Whether anybody hears of requests that are answered. */
  get tellsOfAnswers(): boolean {
    return this.#client.isHeard("$JS.EVENT.ADVISORY.API");
  }

  /** A stream goes into a backup, or comes from one. */
  backup(
    what:
      | "SNAPSHOT_CREATE"
      | "SNAPSHOT_COMPLETE"
      | "RESTORE_CREATE"
      | "RESTORE_COMPLETE",
    stream: string,
    facts: Readonly<Record<string, unknown>>,
  ): void {
    this.#say(`STREAM.${what}.${stream}`, what.toLowerCase(), {
      stream,
      ...facts,
    });
  }

  paused(
    stream: string,
    consumer: string,
    paused: boolean,
    until: string,
  ): void {
    this.#say(`CONSUMER.PAUSE.${stream}.${consumer}`, "consumer_pause", {
      stream,
      consumer,
      paused,
      pause_until: until,
    });
  }

  /** A message was acknowledged, one of those that are looked at. */
  acknowledged(
    facts: Readonly<Record<string, string | number>> & {
      readonly stream: string;
      readonly consumer: string;
    },
  ): void {
    const subject = `METRIC.CONSUMER.ACK.${facts.stream}.${facts.consumer}`;
    this.#publish(subject, "metric.v1.consumer_ack", facts);
  }

  #say(subject: string, type: string, facts: object): void {
    this.#publish(`ADVISORY.${subject}`, `advisory.v1.${type}`, facts);
  }

  #publish(
    subject: string,
    type: string,
    facts: object,
    extras: { readonly emptyReply?: boolean } = {},
  ): void {
    this.#tell(`$JS.EVENT.${subject}`, () => ({
      type: `io.nats.jetstream.${type}`,
      id: this.#nuid.next(),
      timestamp: momentText(this.#moments.nowUs()),
      ...facts,
      ...this.#domainFact,
    }), extras);
  }

  get #domainFact(): object {
    return this.#domain === "" ? {} : { domain: this.#domain };
  }

  #tell(
    subject: string,
    body: () => object,
    extras: { readonly emptyReply?: boolean },
  ): void {
    const to = utf8ByteString(subject);
    if (!this.#client.isHeard(to)) return;
    const bytes = asciiBytes(utf8ByteString(goJson(body())));
    this.#client.publish(to, bytes, extras);
  }
}

const ACTIONS = {
  create: "CREATED",
  modify: "UPDATED",
  delete: "DELETED",
} as const;
