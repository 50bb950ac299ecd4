/**
 * The service that decides about logins, as the broker reaches it: questions are
 * published in its account, and the first answer to each counts.
 */
import type { Account } from "../accounts/account.ts";
import { InternalClient } from "../accounts/internal.ts";
import type { CalloutWorld } from "../auth/callout/callout_door.ts";
import type { AccountCalloutWorld } from "../auth/operator/account_callout.ts";
import type {
  AskingServer,
  CalloutQuestion,
} from "../auth/callout/question.ts";
import {
  makeServerKeys,
  type ServerKeys,
} from "../auth/callout/server_keys.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import { authTimeoutMs } from "../core/auth_timeout.ts";
import type { Logger } from "../core/log.ts";
import { randomName } from "../core/nuid.ts";
import { NATS_VERSION } from "../core/version.ts";
import type { ServerOptions } from "../options/options.ts";
import type { Clock, Random, Timer } from "../platform/clock.ts";
import type { MakeSigner, VerifySignature } from "../platform/signatures.ts";
import { type Message, subjectOf } from "../wire/message.ts";
import type { ClientHost } from "./clients/client_host.ts";
import type { ServerIdentity } from "./own_info.ts";

const QUESTIONS = "$SYS.REQ.USER.AUTH";
const INBOX = "$SYS._INBOX";
const INBOX_CHARS = 8;
/** What a body ends with. */
const LINE_END_BYTES = 2;

/** What waiting for answers takes of the machine. */
interface AuthServicePlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly verifySignature: VerifySignature;
  readonly makeSigner: MakeSigner;
}

type ServiceHost = Pick<ClientHost, "accounts" | "delivery" | "info">;

export class AuthService implements CalloutWorld, AccountCalloutWorld {
  readonly globalAccount: string = GLOBAL_ACCOUNT;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly verifySignature: VerifySignature;
  readonly #makeSigner: MakeSigner;
  readonly #host: () => ServiceHost;
  readonly #options: () => ServerOptions;
  readonly #identity: () => ServerIdentity;
  readonly #inboxes = new WeakMap<Account, Inbox>();
  #keys: ServerKeys | undefined = undefined;

  constructor(
    platform: AuthServicePlatform,
    host: () => ServiceHost,
    options: () => ServerOptions,
    identity: () => ServerIdentity,
  ) {
    this.clock = platform.clock;
    this.random = platform.random;
    this.log = platform.log;
    this.verifySignature = platform.verifySignature;
    this.#makeSigner = platform.makeSigner;
    this.#host = host;
    this.#options = options;
    this.#identity = identity;
  }

  /** Made when they are first asked for. */
  get keys(): ServerKeys {
    return this.#keys ??= makeServerKeys(this.random, this.#makeSigner);
  }

  server(): AskingServer {
    const { host, serverTags } = this.#options();
    const { id, name } = this.#identity();
    return {
      ...{ id, name, host },
      keys: this.keys,
      version: NATS_VERSION,
      cluster: this.#host().info.clusterName(),
      tags: serverTags,
    };
  }

  timeoutMs(): number {
    return authTimeoutMs(this.#options());
  }

  hasAccount(name: string): boolean {
    return this.#host().accounts.named(name) !== undefined;
  }

  ask(
    name: string,
    question: CalloutQuestion,
    timeoutMs: number,
  ): Promise<Uint8Array | undefined> {
    const { accounts, delivery } = this.#host();
    const account = accounts.named(name);
    if (account === undefined) return Promise.resolve(undefined);
    let inbox = this.#inboxes.get(account);
    if (inbox === undefined) {
      const client = new InternalClient(account, delivery, { echo: false });
      inbox = new Inbox(client, randomName(this.random, INBOX_CHARS));
      this.#inboxes.set(account, inbox);
    }
    const token = randomName(this.random, INBOX_CHARS);
    return inbox.ask(
      question,
      token,
      (late) => this.clock.after(timeoutMs, late),
    );
  }
}

/** The questions that wait for an answer in one account. */
class Inbox {
  readonly #client: InternalClient;
  readonly #prefix: string;
  /** By reply subject. */
  readonly #waiting = new Map<string, (answer: Uint8Array) => void>();

  constructor(client: InternalClient, name: string) {
    this.#client = client;
    this.#prefix = `${INBOX}.${name}.`;
    client.subscribe(`${this.#prefix}*`, "", (message) => {
      this.#waiting.get(subjectOf(message))?.(payloadIn(message));
    });
  }

  /** `setTimer` has what it is given called when it is too late. */
  ask(
    { payload, headers }: CalloutQuestion,
    token: string,
    setTimer: (late: () => void) => Timer,
  ): Promise<Uint8Array | undefined> {
    const reply = this.#prefix + token;
    return new Promise((resolve) => {
      const end = (answer?: Uint8Array): void => {
        timer.cancel();
        this.#waiting.delete(reply);
        resolve(answer);
      };
      const timer = setTimer(() => end());
      this.#waiting.set(reply, end);
      const heard = this.#client.publish(QUESTIONS, payload, {
        reply,
        ...(headers !== undefined && { headers }),
      });
      if (heard === 0) end();
    });
  }
}

/** A copy: the message is borrowed. */
function payloadIn(message: Message): Uint8Array {
  const { bodyBuffer, payloadStart, headerSize, bodyEnd } = message;
  const start = payloadStart + Math.max(headerSize, 0);
  return bodyBuffer.slice(start, bodyEnd - LINE_END_BYTES);
}
