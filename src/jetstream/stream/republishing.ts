/**
 * What becomes of subjects in a stream: a message may be stored under another one
 * than it came with, and be published once more under a third when it is stored.
 */
import type { Random } from "../../platform/clock.ts";
import { subjectMatches } from "../../core/subject.ts";
import { SubjectTransform } from "../../core/subject_transform.ts";
import { momentText } from "../moments.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { withHeaders } from "./header_block.ts";
import type { Publication } from "./room.ts";
import type {
  RepublishConfig,
  StreamConfig,
  TransformConfig,
} from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";

const NO_BYTES = new Uint8Array(0);

/** One transform of a configuration, which has been checked. */
export class ConfiguredTransform {
  readonly #source: string;
  readonly #transform: SubjectTransform | undefined;
  readonly #random: Random;

  constructor({ src, dest }: TransformConfig, random: Random) {
    this.#source = src || ">";
    this.#transform = dest === ""
      ? undefined
      : SubjectTransform.parse(this.#source, dest);
    this.#random = random;
  }

  /** What `subject`, a byte string, becomes; undefined: it is not meant. */
  of(subject: string): string | undefined {
    if (!subjectMatches(this.#source, subject)) return undefined;
    return this.#transform?.apply(subject, this.#random) ?? subject;
  }
}

/** Publishes what a stream has stored. */
class Republishing {
  readonly #stream: string;
  readonly #host: StreamHost;
  readonly #transform: ConfiguredTransform;
  readonly #isBare: boolean;

  constructor(stream: string, config: RepublishConfig, host: StreamHost) {
    this.#stream = stream;
    this.#host = host;
    this.#transform = new ConfiguredTransform(config, host.random);
    this.#isBare = config.headers_only === true;
  }

  /** `lastSeq`: of the message before that has the same subject; 0: there is none. */
  publish(message: StoredMessage, lastSeq: number): void {
    const { subject, seq, timeUs, headers, payload } = message;
    const to = this.#transform.of(subject);
    if (to === undefined) return;
    const lines = [
      `Nats-Stream: ${this.#stream}`,
      `Nats-Subject: ${subject}`,
      `Nats-Sequence: ${seq}`,
      `Nats-Time-Stamp: ${momentText(timeUs)}`,
      `Nats-Last-Sequence: ${lastSeq}`,
    ];
    if (this.#isBare) lines.push(`Nats-Msg-Size: ${payload.length}`);
    this.#host.client.publish(to, this.#isBare ? NO_BYTES : payload, {
      headers: withHeaders(headers, lines),
    });
  }
}

/** The stream whose subjects they are. */
interface NamedStream {
  readonly name: string;
  readonly host: StreamHost;
  readonly index: MessageIndex;
  read(seq: number): StoredMessage | undefined;
}

/** What a configuration says of subjects. */
export class StreamSubjects {
  readonly #stream: NamedStream;
  #transform: ConfiguredTransform | undefined = undefined;
  #republishing: Republishing | undefined = undefined;

  constructor(stream: NamedStream) {
    this.#stream = stream;
  }

  follow({ subject_transform, republish }: StreamConfig): void {
    const { name, host } = this.#stream;
    this.#transform = subject_transform &&
      new ConfiguredTransform(subject_transform, host.random);
    this.#republishing = republish && new Republishing(name, republish, host);
  }

  /** What is stored of a message: it may have another subject then. */
  transformed(publication: Publication): Publication {
    const subject = this.#transform?.of(publication.subject);
    return subject === undefined ? publication : { ...publication, subject };
  }

  /** Publishes a message that is kept, if it is to be. */
  republish(seq: number): void {
    if (this.#republishing === undefined) return;
    const message = this.#stream.read(seq);
    if (message === undefined) return;
    this.#republishing.publish(message, this.#stream.index.sameBefore(seq));
  }
}
