/** Messages that clients publish on the subjects of a stream. */
import { equalBytes } from "../../core/ascii.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { AckTexts } from "../ack_texts.ts";
import type { Stream } from "./stream.ts";

const NO_BYTES = new Uint8Array(0);
const LINE_END_BYTES = 2;

export class Published {
  readonly #stream: Stream;
  readonly #acks: AckTexts;
  /** Of the last message: publishers tend to repeat themselves. */
  #subject = "";
  #subjectBytes: Uint8Array = NO_BYTES;

  constructor(stream: Stream) {
    this.#stream = stream;
    this.#acks = new AckTexts(stream.name, stream.host.replies.domain);
  }

  /** Has the stream take a message, and tells its publisher what has become of it. */
  take(message: Message): void {
    const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
    const payloadFrom = payloadStart + Math.max(0, headerSize);
    const stream = this.#stream;
    const reply = replyOf(message);
    stream.publish({
      subject: this.#subjectOf(message),
      headers: headerSize > 0
        ? bodyBuffer.subarray(payloadStart, payloadFrom)
        : NO_BYTES,
      payload: bodyBuffer.subarray(payloadFrom, bodyEnd - LINE_END_BYTES),
    }, (ack) => {
      if (reply === "" || stream.config.no_ack) return;
      stream.host.client.publish(reply, this.#acks.bytes(ack));
    }, reply);
    stream.messageTaken();
  }

  #subjectOf(message: Message): string {
    const { subjectBuffer, subjectStart, subjectEnd } = message;
    const last = this.#subjectBytes;
    const isSame = subjectEnd - subjectStart === last.length &&
      equalBytes(last, 0, subjectBuffer, subjectStart, last.length);
    if (!isSame) {
      this.#subject = subjectOf(message);
      this.#subjectBytes = subjectBuffer.slice(subjectStart, subjectEnd);
    }
    return this.#subject;
  }
}
