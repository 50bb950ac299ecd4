/**
 * A stream that is another one's mirror: it has the messages under the sequences
 * and times of the origin, and goes on behind the last one that it has.
 */
import { ApiError } from "../api/api_error.ts";
import type { ConfiguredTransform } from "../stream/republishing.ts";
import { startFault } from "../stream/sequences.ts";
import type { Stream } from "../stream/stream.ts";
import type { SourceConfig } from "../stream/stream_config.ts";
import type { Copier } from "./origin_link.ts";
import type { OriginMessage } from "./origin_message.ts";
import { mirroredHeaders } from "./source_header.ts";
import { transformed, transformsOf, whenKept } from "./copier_parts.ts";

export class Mirroring implements Copier {
  readonly identity: undefined = undefined;
  readonly #stream: Stream;
  readonly #transforms: readonly ConfiguredTransform[];
  readonly #refused: (error: ApiError) => void;

  constructor(
    stream: Stream,
    source: SourceConfig,
    refused: (error: ApiError) => void,
  ) {
    this.#stream = stream;
    this.#transforms = transformsOf(source, stream);
    this.#refused = refused;
  }

  get after(): number {
    return this.#stream.visibleSeq;
  }

  /** What comes before the consumer's first message is not there any more. */
  begins(after: number): void {
    if (this.#isTooFar(after)) return;
    this.#stream.copyFrom(Math.max(after, this.after));
  }

  takes(message: OriginMessage): void {
    if (message.seq <= this.#stream.index.lastSeq) return;
    const { seq, timeUs, subject, headers, payload } = message;
    if (this.#isTooFar(seq)) return;
    this.#stream.publish({
      subject: transformed(subject, this.#transforms),
      headers: mirroredHeaders(headers),
      payload,
      copied: { seq, timeUs },
    }, (ack) => {
      if (ack instanceof ApiError) this.#refused(ack);
    });
  }

  startsOver(): void {}

  /** Whether an origin, of a server with larger numbers, is where no stream here can be. */
  #isTooFar(seq: number): boolean {
    const fault = startFault(seq);
    if (fault !== undefined) this.#refused(new ApiError(10052, fault));
    return fault !== undefined;
  }

  whenKept(done: () => void): void {
    whenKept(this.#stream, done);
  }
}
