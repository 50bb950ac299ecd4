/**
 * How the server speaks in the system account: what it says of itself in each
 * message, the ids and times of events, and answers to requests. Nothing is made
 * for an event that nobody would hear.
 */
import type { Account } from "../accounts/account.ts";
import { InternalClient } from "../accounts/internal.ts";
import { Kind } from "../accounts/reach.ts";
import type { Broker } from "../broker/broker.ts";
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { Nuid } from "../core/nuid.ts";
import { isLiteralSubject, subjectsCollide } from "../core/subject.ts";
import { NATS_VERSION, STREAM_FLAGS } from "../core/version.ts";
import { timeText } from "../monitor/text.ts";

/** NATS: what each message of a server says of it. */
export interface ServerRecord {
  readonly name: string;
  readonly host: string;
  readonly id: string;
  readonly cluster?: string | undefined;
  readonly domain?: string | undefined;
  readonly ver: string;
  readonly tags?: readonly string[] | undefined;
  readonly jetstream: boolean;
  readonly flags: number;
  readonly seq: number;
  readonly time: string;
}

/** What every event begins with. */
export interface EventHead {
  readonly type: string;
  readonly id: string;
  readonly timestamp: string;
}

export class Voice {
  readonly broker: Broker;
  readonly account: Account;
  readonly client: InternalClient;
  /** Hears what comes from clients of this server, and no other server knows of it. */
  readonly near: InternalClient;
  readonly #nuid: Nuid;
  #seq = 0;
  /** Who listens to what, as long as the interest in the account stays as it is. */
  #generation = -1;
  #heard = new Map<string, boolean>();

  constructor(broker: Broker, account: Account) {
    this.broker = broker;
    this.account = account;
    this.client = new InternalClient(account, broker.host.delivery, {
      echo: false,
      emptyReply: true,
    });
    this.near = new InternalClient(account, broker.host.delivery, {
      kind: Kind.IMPORT,
      echo: false,
    });
    this.#nuid = new Nuid(broker.host.random);
  }

  get serverId(): string {
    return this.broker.identity.id;
  }

  /** The wall clock's time, as events tell it. */
  get now(): string {
    const { clock } = this.broker.host;
    return timeText(clock.now() + clock.shiftMs);
  }

  /** The server as of now; every message has a number of its own. */
  record(): ServerRecord {
    const { identity, options, host } = this.broker;
    const cluster = host.info.clusterName();
    return {
      name: identity.name,
      host: options.host,
      id: identity.id,
      cluster: cluster === "" ? undefined : cluster,
      domain: host.info.domain || undefined,
      ver: NATS_VERSION,
      tags: options.serverTags.length > 0 ? options.serverTags : undefined,
      jetstream: host.info.hasStreams,
      flags: host.info.hasStreams ? STREAM_FLAGS : 0,
      seq: ++this.#seq,
      time: this.now,
    };
  }

  eventHead(type: string): EventHead {
    return { type, id: this.#nuid.next(), timestamp: this.now };
  }

  /** Whether others listen to any subject of the pattern `events`. Costs no string. */
  hears(events: string): boolean {
    const { sublist } = this.account;
    if (sublist.generation !== this.#generation) {
      this.#generation = sublist.generation;
      this.#heard.clear();
    }
    const known = this.#heard.get(events);
    if (known !== undefined) return known;
    const isHeard = this.#isAnyHeard(events);
    this.#heard.set(events, isHeard);
    return isHeard;
  }

  /** Publishes `body` as JSON, unless nobody would hear it: then it is not even made. */
  say(subject: string, body: () => object): void {
    const name = utf8ByteString(subject);
    if (!this.client.isHeard(name)) return;
    this.client.publish(name, jsonBytes(body()));
  }

  /** Answers on `reply`, a byte string; what is no subject gets no answer. */
  answer(reply: string, body: object | number): void {
    if (isLiteralSubject(reply)) this.client.publish(reply, jsonBytes(body));
  }

  #isAnyHeard(events: string): boolean {
    for (const interest of this.account.sublist) {
      if (
        interest.direct !== this.client && interest.direct !== this.near &&
        subjectsCollide(interest.subject, events)
      ) return true;
    }
    return false;
  }
}

/** NATS: JSON without blanks. */
export function jsonBytes(body: object | number): Uint8Array {
  return asciiBytes(utf8ByteString(goJson(body)));
}
