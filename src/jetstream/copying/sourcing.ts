/**
 * A stream that takes in other streams: their messages get sequences and times of
 * its own, and each says in a header where it is from. What was taken of each
 * source is kept with the stream, since messages may leave it again; a message
 * behind what is kept says so itself.
 */
import { ApiError } from "../api/api_error.ts";
import type { Keeper } from "../stream/commits.ts";
import { publishHeaders } from "../stream/publish_headers.ts";
import type { ConfiguredTransform } from "../stream/republishing.ts";
import type { Stream } from "../stream/stream.ts";
import type { SourceConfig } from "../stream/stream_config.ts";
import { transformed, transformsOf, whenKept } from "./copier_parts.ts";
import type { Copier } from "./origin_link.ts";
import type { OriginMessage } from "./origin_message.ts";
import {
  placeIn,
  sourcedHeaders,
  sourceKey,
  sourceName,
  type SourcePlace,
} from "./source_header.ts";

/** The name under which a stream's store has the places. */
const VALUE = "sources";
const NOWHERE: SourcePlace = { seq: 0, identity: "" };

/** The places as they are kept. */
interface SavedPlaces {
  /** The stream's last message at that time. */
  readonly upTo: number;
  readonly places: Readonly<Record<string, SourcePlace>>;
}

export class Sourcing implements Keeper {
  readonly #stream: Stream;
  /** By the words of a source; those that are not copied any more are kept, too. */
  readonly #places = new Map<string, SourcePlace>();

  constructor(stream: Stream) {
    this.#stream = stream;
    const { upTo } = this.#restore();
    if (stream.config.sources !== undefined) this.#readBehind(upTo);
  }

  save(put: (name: string, value: string | undefined) => void): void {
    const saved: SavedPlaces = {
      upTo: this.#stream.visibleSeq,
      places: Object.fromEntries(this.#places),
    };
    put(VALUE, JSON.stringify(saved));
  }

  /** Up to where messages of a source are kept. */
  placeOf(source: SourceConfig): SourcePlace {
    return this.#places.get(sourceKey(sourceName(source))) ?? NOWHERE;
  }

  copierOf(
    source: SourceConfig,
    refused: (error: ApiError) => void,
  ): Copier {
    return new SourceCopier(this.#stream, source, {
      place: () => this.placeOf(source),
      reached: (place) => {
        this.#places.set(sourceKey(sourceName(source)), place);
        this.#stream.changed(this);
      },
      refused,
    });
  }

  #restore(): SavedPlaces {
    const [, text] = [...this.#stream.kept(VALUE)]
      .find(([name]) => name === VALUE) ?? [];
    if (text === undefined) return { upTo: 0, places: {} };
    const saved = JSON.parse(text) as SavedPlaces;
    for (const [key, place] of Object.entries(saved.places)) {
      this.#places.set(key, place);
    }
    return saved;
  }

  /** Messages behind `upTo` have come since the places were kept. */
  #readBehind(upTo: number): void {
    const { index } = this.#stream;
    let seq = index.next(upTo + 1);
    while (seq <= index.lastSeq) {
      const headers = this.#stream.read(seq)?.headers;
      const value = headers &&
        publishHeaders(headers).get("Nats-Stream-Source");
      const found = value === undefined ? undefined : placeIn(value);
      if (found !== undefined) this.#places.set(found.key, found.place);
      seq = index.next(seq + 1);
    }
  }
}

/** What one source's copier asks of all. */
interface Places {
  place(): SourcePlace;
  reached(place: SourcePlace): void;
  refused(error: ApiError): void;
}

class SourceCopier implements Copier {
  readonly #stream: Stream;
  readonly #source: SourceConfig;
  readonly #places: Places;
  readonly #transforms: readonly ConfiguredTransform[];
  /** The last message that was taken, whether it is kept yet or not. */
  #taken = 0;
  #identity = "";

  constructor(stream: Stream, source: SourceConfig, places: Places) {
    this.#stream = stream;
    this.#source = source;
    this.#places = places;
    this.#transforms = transformsOf(source, stream);
  }

  get after(): number {
    return this.#places.place().seq;
  }

  get identity(): string {
    return this.#places.place().identity;
  }

  begins(_after: number, identity: string): void {
    this.#taken = this.after;
    this.#identity = identity;
  }

  takes(message: OriginMessage): void {
    const { seq, subject, headers, payload } = message;
    if (seq <= this.#taken) return;
    this.#taken = seq;
    const place = { seq, identity: this.#identity };
    const name = sourceName(this.#source);
    this.#stream.publish({
      subject: transformed(subject, this.#transforms),
      headers: sourcedHeaders(headers, name, place, subject),
      payload,
      copied: {},
    }, (ack) => {
      if (ack instanceof ApiError) this.#places.refused(ack);
      else this.#places.reached(place);
    });
  }

  startsOver(): void {
    this.#places.reached(NOWHERE);
  }

  whenKept(done: () => void): void {
    whenKept(this.#stream, done);
  }
}
