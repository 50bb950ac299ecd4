/** What publishers are told, as bytes. */
import {
  asciiBytes,
  decimalLength,
  utf8ByteString,
  writeDecimal,
} from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { ApiError } from "./api/api_error.ts";
import type { FastNews } from "./stream/fast_batches.ts";
import type { PublishAck } from "./stream/publish_ack.ts";

const NO_BYTES: Uint8Array = new Uint8Array(0);
const CLOSING_BRACE = 0x7d;

export class AckTexts {
  readonly #stream: string;
  /** An acknowledgement that tells no more than the sequence, up to that. */
  readonly #before: Uint8Array;
  /** The last one of these. */
  #plain: Uint8Array = NO_BYTES;

  constructor(stream: string, domain: string) {
    this.#stream = stream;
    const text = goJson({ stream, ...(domain !== "" && { domain }) });
    this.#before = textBytes(`${text.slice(0, -1)},"seq":`);
  }

  /**
   * Borrowed until the next call. A number: a sequence, which is all that is told.
   * Undefined: nothing is told but that it was heard.
   */
  bytes(
    ack: number | PublishAck | FastNews | ApiError | undefined,
  ): Uint8Array {
    if (typeof ack === "number") return this.#plainBytes(ack);
    if (ack === undefined) return NO_BYTES;
    if (ack instanceof ApiError) {
      const { seq, stream } = { seq: 0, stream: this.#stream };
      return textBytes(goJson({ error: ack.record(), stream, seq }));
    }
    if ("type" in ack) return textBytes(goJson(ack));
    // NATS JetStream: there is a blank in it.
    const text = goJson(ack).replace('"duplicate":true', '"duplicate": true');
    return textBytes(text);
  }

  #plainBytes(seq: number): Uint8Array {
    const before = this.#before;
    const end = before.length + decimalLength(seq);
    // Those that come one behind the other have the same length, nearly always.
    if (this.#plain.length !== end + 1) {
      this.#plain = new Uint8Array(end + 1);
      this.#plain.set(before);
      this.#plain[end] = CLOSING_BRACE;
    }
    writeDecimal(this.#plain, before.length, seq);
    return this.#plain;
  }
}

function textBytes(text: string): Uint8Array {
  return asciiBytes(utf8ByteString(text));
}
