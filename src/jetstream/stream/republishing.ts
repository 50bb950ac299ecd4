/**
 * What becomes of subjects in a stream: a message may be stored under another one
 * than it came with, and be published once more under a third when it is stored.
 */
import type { Random } from "../../platform/clock.ts";
import { subjectMatches } from "../../core/subject.ts";
import { SubjectTransform } from "../../core/subject_transform.ts";
import { momentText } from "../moments.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { withHeaders } from "./header_block.ts";
import type { RepublishConfig, TransformConfig } from "./stream_config.ts";
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
export class Republishing {
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
