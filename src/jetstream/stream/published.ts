/** Messages that clients publish on the subjects of a stream. */
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import type { AckTexts } from "../ack_texts.ts";
import type { Stream } from "./stream.ts";

const NO_BYTES = new Uint8Array(0);

/** Has a stream take a message, and tells its publisher what has become of it. */
export function takePublished(
  stream: Stream,
  acks: AckTexts,
  message: Message,
): void {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const payloadFrom = payloadStart + Math.max(0, headerSize);
  const reply = replyOf(message);
  stream.publish({
    subject: subjectOf(message),
    headers: headerSize > 0
      ? bodyBuffer.slice(payloadStart, payloadFrom)
      : NO_BYTES,
    payload: bodyBuffer.slice(payloadFrom, bodyEnd - 2),
  }, (ack) => {
    if (reply === "" || stream.config.no_ack) return;
    stream.host.client.publish(reply, acks.bytes(ack));
  }, reply);
}
