/**
 * JetStream in an account that has none: its requests are told so, where a server
 * without JetStream would not be there at all. Another server of the mesh may have
 * the account's streams, and then answers alone.
 */
import type { Account } from "../../accounts/account.ts";
import type { Delivery } from "../../accounts/delivery.ts";
import { InternalClient } from "../../accounts/internal.ts";
import { Kind } from "../../accounts/reach.ts";
import { asciiBytes, utf8ByteString } from "../../core/ascii.ts";
import { goJson } from "../../core/json.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { ApiError } from "./api_error.ts";
import { answerType } from "./api_call.ts";
import { API_PREFIX, findCall } from "./call_table.ts";
import { hasLevel } from "./required_level.ts";

export class NoStreams {
  readonly #account: Account;
  readonly #client: InternalClient;
  readonly #isSystem: boolean;

  constructor(
    account: Account,
    delivery: Delivery,
    isSystem: boolean,
  ) {
    this.#account = account;
    this.#client = new InternalClient(account, delivery, {
      // Other servers hear nothing of it, and do not ask it.
      kind: Kind.IMPORT,
      answersAnybody: true,
      emptyReply: isSystem,
    });
    this.#isSystem = isSystem;
    this.#client.subscribe(
      `${API_PREFIX}>`,
      "",
      (message) => this.#asked(message),
    );
  }

  stop(): void {
    this.#client.close();
  }

  /** Whether another server answers. */
  #isElsewhere({ subjectBuffer, subjectStart, subjectEnd }: Message): boolean {
    const { match } = this.#account.facts(
      subjectBuffer,
      subjectStart,
      subjectEnd,
    );
    return match.plain.some(({ server }) => server !== undefined);
  }

  #asked(message: Message): boolean {
    const subject = subjectOf(message);
    if (this.#isElsewhere(message)) return false;
    const found = findCall(subject);
    if (found === "elsewhere" || found?.call.isOfConsumer) return false;
    const reply = replyOf(message);
    const isPlain = this.#isSystem && subject !== `${API_PREFIX}INFO`;
    // NATS JetStream: the system account has one answer for nearly everything.
    const type = isPlain ? "system_response" : found?.call.type;
    if (reply === "" || type === undefined) return true;
    const error = new ApiError(hasLevel(message) ? 10039 : 10185);
    const body = {
      type: answerType(type),
      error: error.record(),
      ...(!isPlain && found?.call.behindError),
    };
    this.#client.publish(reply, asciiBytes(utf8ByteString(goJson(body))));
    return true;
  }
}
