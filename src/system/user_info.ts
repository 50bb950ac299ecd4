/**
 * `$SYS.REQ.USER.INFO`: who a client is to the server, and what it may do. Only
 * the server that it is connected to answers.
 */
import type { MessageSource } from "../accounts/interest.ts";
import { ClientSession } from "../broker/clients/session.ts";
import { toNanoseconds } from "../monitor/text.ts";
import type { PermissionsOptions, SubjectRules } from "../options/options.ts";
import type { Message } from "../wire/message.ts";
import { readRequest } from "./request.ts";
import type { Voice } from "./voice.ts";

export class UserService {
  readonly #voice: Voice;

  constructor(voice: Voice) {
    this.#voice = voice;
  }

  start(): void {
    const { near } = this.#voice;
    const handler = (message: Message, source: MessageSource | undefined) =>
      this.#ask(message, source);
    near.subscribe("$SYS.REQ.USER.INFO", "", handler);
    near.subscribe("$SYS.REQ.USER.*.INFO", "", handler);
  }

  #ask(message: Message, source: MessageSource | undefined): void {
    // An import leaves it who asks.
    if (!(source instanceof ClientSession)) return;
    this.#voice.answer(readRequest(message).reply, {
      server: this.#voice.record(),
      data: userInfo(source, this.#voice.broker.host.clock.now()),
    });
  }
}

function userInfo({ login }: ClientSession, now: number): object {
  const { principal, account } = login;
  const { claims, expiresAt, permissions } = principal ?? {};
  return {
    user: principal?.user ?? "",
    account: account.name,
    account_name: claims?.accountName || account.name,
    user_name: claims?.name || undefined,
    permissions: permissions && permissionFields(permissions),
    expires: expiresAt === undefined
      ? undefined
      : toNanoseconds(Math.max(0, expiresAt - now)),
  };
}

function permissionFields(permissions: PermissionsOptions): object {
  const { publish, subscribe, responses } = permissions;
  return {
    publish: rules(publish),
    subscribe: rules(subscribe),
    responses: responses && {
      max: responses.maxMessages,
      ttl: toNanoseconds(responses.expiresMs),
    },
  };
}

function rules(rules: SubjectRules | undefined): object | undefined {
  const { allow, deny } = rules ?? {};
  if (allow === undefined && deny === undefined) return undefined;
  return { allow, deny };
}
