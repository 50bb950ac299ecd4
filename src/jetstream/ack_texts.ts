/** What publishers are told, as bytes. */
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { goJson } from "../core/json.ts";
import { ApiError } from "./api/api_error.ts";
import type { FastNews } from "./stream/fast_batches.ts";
import type { PublishAck } from "./stream/publish_ack.ts";

const NO_BYTES = new Uint8Array(0);

export class AckTexts {
  readonly #stream: string;
  /** Of an acknowledgement that tells no more than the sequence, all before that. */
  #before: string | undefined = undefined;

  constructor(stream: string) {
    this.#stream = stream;
  }

  /** Undefined: nothing is told but that it was heard. */
  bytes(ack: PublishAck | FastNews | ApiError | undefined): Uint8Array {
    if (ack === undefined) return NO_BYTES;
    if (ack instanceof ApiError) {
      const { seq, stream } = { seq: 0, stream: this.#stream };
      return textBytes(goJson({ error: ack.record(), stream, seq }));
    }
    if ("type" in ack) return textBytes(goJson(ack));
    const isPlain = ack.duplicate === undefined && ack.val === undefined &&
      ack.batch === undefined;
    if (isPlain) return asciiBytes(`${this.#beforeSeq(ack)}${ack.seq}}`);
    // NATS JetStream: there is a blank in it.
    const text = goJson(ack).replace('"duplicate":true', '"duplicate": true');
    return textBytes(text);
  }

  #beforeSeq({ stream, domain }: PublishAck): string {
    return this.#before ??= utf8ByteString(
      goJson({ stream, ...(domain !== undefined && { domain }) }).slice(0, -1) +
        ',"seq":',
    );
  }
}

function textBytes(text: string): Uint8Array {
  return asciiBytes(utf8ByteString(text));
}
