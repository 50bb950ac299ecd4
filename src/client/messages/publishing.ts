/**
 * The publishing role of a connection: checks what a program hands in and gives
 * it to `outgoing.ts`, which writes it.
 */
import { InvalidOperationError } from "../../core/errors.ts";
import { encodeHeaders, type MsgHdrs } from "../../core/headers.ts";
import type { Msg, Payload, PublishOptions } from "../api/message.ts";
import type { Gate } from "./gate.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Publisher } from "./received_msg.ts";
import { checkPublished } from "./subjects.ts";
import { headersOf } from "./trace_headers.ts";

const NO_OPTIONS: PublishOptions = {};

export class Publishing implements Publisher {
  /** Whether the server takes messages with headers. */
  takesHeaders = true;
  readonly #outgoing: Outgoing;
  readonly #gate: Gate;
  readonly #pedantic: boolean;
  /** The subject that was checked last; publishers tend to repeat themselves. */
  #goodSubject: string | undefined;

  constructor(outgoing: Outgoing, gate: Gate, pedantic: boolean) {
    this.#outgoing = outgoing;
    this.#gate = gate;
    this.#pedantic = pedantic;
  }

  /** Bytes that were published and that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#outgoing.pendingBytes;
  }

  publish(
    subject: string,
    payload: Payload = "",
    options: PublishOptions = NO_OPTIONS,
  ): Promise<void> | undefined {
    this.#gate.checkPublish();
    if (subject !== this.#goodSubject) {
      checkPublished("subject", subject, this.#pedantic);
      this.#goodSubject = subject;
    }
    const { reply = "" } = options;
    if (reply !== "") checkPublished("reply subject", reply, this.#pedantic);
    const headers = headersOf(options);
    const block = headers === undefined ? undefined : this.#encoded(headers);
    return this.#outgoing.publish(subject, reply, block, payload);
  }

  /** Sends a message that was received, to its own subject. */
  publishMessage(message: Msg): Promise<void> | undefined {
    return this.publish(message.subject, message.data, {
      ...(message.reply !== undefined && { reply: message.reply }),
      ...(message.headers !== undefined && { headers: message.headers }),
    });
  }

  /** Sends a message that was received, to its reply subject; false when it has none. */
  respondMessage(message: Msg): boolean {
    const { reply, data, headers } = message;
    if (reply === undefined || reply === "") return false;
    this.publish(reply, data, headers === undefined ? {} : { headers });
    return true;
  }

  #encoded(headers: MsgHdrs): Uint8Array {
    if (!this.takesHeaders) {
      throw new InvalidOperationError("The server does not support headers");
    }
    return encodeHeaders(headers);
  }
}
