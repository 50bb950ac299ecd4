/**
 * One message on its way, from the connection that it came by to those that
 * hear it. Each part, subject, reply and body, is a range of a buffer of its
 * own, so that one of them can be replaced (`rewrite.ts`) while the others
 * stay where they came in. A connection has one object and fills it anew for
 * each message (`args.ts`): what a `Message` says is good for the call in which
 * it is handed over.
 *
 * More than a dozen members: because it is a record of places, filled and read
 * without a call for each of them.
 */
import { byteString } from "../core/ascii.ts";
import type { SharedMemory } from "../core/shared_memory.ts";
import type { SubjectMemo } from "../core/verdict_cache.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_VIEW: DataView = new DataView(new ArrayBuffer(0));

/** `Message.headerSize` of a message without headers. */
export const NO_HEADERS = -1;

export class Message {
  subjectBuffer: Uint8Array = NO_BYTES;
  subjectStart = 0;
  subjectEnd = 0;
  replyBuffer: Uint8Array = NO_BYTES;
  /** Equal to `replyEnd` when the message has no reply subject. */
  replyStart = 0;
  replyEnd = 0;
  /** Bytes of the header block, or `NO_HEADERS`. */
  headerSize: number = NO_HEADERS;
  /** Bytes of headers and payload together. */
  size = 0;
  /**
   * What every form of the message has in common, ready to be copied to a
   * receiver: `bodyBuffer[bodyStart, bodyEnd)` is the sizes, a line end, headers
   * and payload, and a line end.
   */
  bodyBuffer: Uint8Array = NO_BYTES;
  bodyStart = 0;
  bodyEnd = 0;
  /** What its bytes stand in, where they may be sent without a copy. */
  shared: SharedMemory | undefined = undefined;
  /** Where headers and payload begin, in `bodyBuffer`. */
  payloadStart = 0;
  /** The subject that it is published on, where it shows another; see `shown_subject.ts`. */
  publishedOn: Uint8Array | undefined = undefined;
  /** Of the very subject that it has, and gone with it; undefined: none is kept. */
  memo: SubjectMemo | undefined = undefined;
  /** Of this publish to several receivers, by which they know each other; 0: it has at most one. */
  crowd = 0;
  #viewed: Uint8Array = NO_BYTES;
  #view: DataView = NO_VIEW;

  /** `bodyBuffer` as words. It is made once for all messages that stand there in a row. */
  get bodyView(): DataView {
    if (this.#viewed !== this.bodyBuffer) this.#lookAt(this.bodyBuffer);
    return this.#view;
  }

  #lookAt(bytes: Uint8Array): void {
    this.#viewed = bytes;
    this.#view = new DataView(
      bytes.buffer,
      bytes.byteOffset,
      bytes.byteLength,
    );
  }

  /** Whether its body may be sent from where it stands, to any number of receivers. */
  get hasSharedBody(): boolean {
    return this.shared !== undefined && this.shared.bytes === this.bodyBuffer;
  }

  get hasReply(): boolean {
    return this.replyEnd > this.replyStart;
  }
}

/** The subject of `message` as a byte string. */
export function subjectOf(message: Message): string {
  const { subjectBuffer, subjectStart, subjectEnd } = message;
  return byteString(subjectBuffer, subjectStart, subjectEnd);
}

/** The reply subject of `message` as a byte string; empty when it has none. */
export function replyOf(message: Message): string {
  const { replyBuffer, replyStart, replyEnd } = message;
  return byteString(replyBuffer, replyStart, replyEnd);
}
