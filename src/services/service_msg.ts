/** A request as the handler of an endpoint sees it: a message that can be answered with a failure. */
import { headers as emptyHeaders, type MsgHdrs } from "../core/headers.ts";
import { optional } from "../core/optional.ts";
import type { Msg, Payload, PublishOptions } from "../client/api/message.ts";
import { ServiceErrorCodeHeader, ServiceErrorHeader } from "./protocol.ts";

/** A request to an endpoint. */
export interface ServiceMsg extends Msg {
  /** Answers with a failure: `code` and `description` travel in the headers. False when no answer is wanted. */
  respondError(
    code: number,
    description: string,
    payload?: Payload,
    options?: PublishOptions,
  ): boolean;
}

export class ReceivedServiceMsg implements ServiceMsg {
  readonly #message: Msg;
  readonly #onError: (code: number, description: string) => void;

  constructor(
    message: Msg,
    onError: (code: number, description: string) => void,
  ) {
    this.#message = message;
    this.#onError = onError;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get sid(): number {
    return this.#message.sid;
  }

  get reply(): string {
    return optional(this.#message.reply);
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  get headers(): MsgHdrs {
    return optional(this.#message.headers);
  }

  respond(payload?: Payload, options?: PublishOptions): boolean {
    return this.#message.respond(payload, options);
  }

  respondError(
    code: number,
    description: string,
    payload?: Payload,
    options: PublishOptions = {},
  ): boolean {
    const headers = options.headers ?? emptyHeaders();
    headers.set(ServiceErrorHeader, description);
    headers.set(ServiceErrorCodeHeader, String(code));
    this.#onError(code, description);
    return this.#message.respond(payload, { ...options, headers });
  }

  string(): string {
    return this.#message.string();
  }

  json<T>(): T {
    return this.#message.json<T>();
  }
}
