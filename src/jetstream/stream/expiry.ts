/**
 * Messages that are too old: by the stream's limit of age, or because they were to
 * stay for a while only. They go by themselves, whether or not anybody asks.
 */
import type { Timer } from "../../platform/clock.ts";
import { msUntil, usOf } from "../moments.ts";
import type { MessageIndex } from "../store/message_index.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import { withHeaders } from "./header_block.ts";
import { headerValue, publishHeaders } from "./publish_headers.ts";
import type { Publication } from "./room.ts";
import type { StreamConfig } from "./stream_config.ts";
import type { StreamHost } from "./stream_host.ts";
import { Endings } from "./time_to_live.ts";
import { WorkInParts } from "./work_in_parts.ts";

const NO_BYTES = new Uint8Array(0);
const NS_PER_S = 1e9;

/** The stream, as far as its messages become too old. */
export interface AgeingStream {
  readonly index: MessageIndex;
  /** They hear of each message that goes. */
  readonly readers: { readonly size: number };
  config(): StreamConfig;
  load(seq: number): StoredMessage | undefined;
  remove(seq: number): void;
  publish(publication: Publication): void;
  /** Something was removed. */
  changed(): void;
}

export class Expiry {
  readonly endings: Endings = new Endings();
  readonly #host: Pick<StreamHost, "clock" | "moments">;
  readonly #stream: AgeingStream;
  readonly #removals: WorkInParts;
  #isExpiring = false;
  /** Messages before it stay beyond the limit of age. */
  #firstAgeing = 0;
  #timer: Timer | undefined = undefined;
  /** When `#timer` looks, in microseconds. */
  #looksAtUs = Infinity;

  constructor(
    host: Pick<StreamHost, "clock" | "moments" | "longWork">,
    stream: AgeingStream,
  ) {
    this.#host = host;
    this.#stream = stream;
    this.#removals = new WorkInParts(
      host,
      () => stream.changed(),
      stream.readers,
    );
  }

  /** Looks no more, until `watch` is called. */
  stop(): void {
    this.#timer?.cancel();
    this.#looksAtUs = Infinity;
  }

  /** Looks no more at all. */
  end(): void {
    this.stop();
    this.#removals.stop();
  }

  /** Has messages removed whose time is over. */
  watch(): void {
    if (this.#isExpiring) return;
    const { clock, moments } = this.#host;
    const goesAt = Math.min(this.#oldestGoesAt(), this.endings.nextUs);
    if (goesAt >= this.#looksAtUs) return;
    this.#timer?.cancel();
    this.#looksAtUs = goesAt;
    this.#timer = clock.after(msUntil(goesAt, moments.nowUs()), () => {
      this.#looksAtUs = Infinity;
      this.expire();
      this.watch();
    });
  }

  /** The limit of age is another one. */
  watchAnew(): void {
    this.stop();
    if (this.#stream.config().max_age > 0) this.expire();
    this.watch();
  }

  /** When the oldest message is too old; Infinity: it stays. */
  #oldestGoesAt(): number {
    const { index } = this.#stream;
    const { max_age } = this.#stream.config();
    if (max_age === 0 || index.messages === 0) return Infinity;
    let seq = this.#skipLasting();
    while (this.#stays(seq)) seq = index.next(seq + 1);
    return seq > index.lastSeq ? Infinity : index.timeOf(seq) + usOf(max_age);
  }

  /** The first message that is not to stay for ever, or the one to come. */
  #skipLasting(): number {
    const { index } = this.#stream;
    let seq = index.next(Math.max(index.firstSeq, this.#firstAgeing));
    while (this.endings.stays(seq)) seq = index.next(seq + 1);
    this.#firstAgeing = seq;
    return seq;
  }

  /** Removes them: many of them in parts, and then it watches. */
  expire(): void {
    if (this.#isExpiring) return;
    this.#isExpiring = true;
    let next: number | undefined = this.#skipLasting();
    const allGone = this.#removals.run(() => {
      next = this.#expirePart(next!);
      this.#isExpiring = next !== undefined;
      return !this.#isExpiring;
    });
    this.#stream.changed();
    void allGone?.then(() => this.watch());
  }

  /** Removes a part of them; looks at ages from `from` on, and gives where that goes on; undefined: all have gone. */
  #expirePart(from: number): number | undefined {
    const { index } = this.#stream;
    const nowUs = this.#host.moments.nowUs();
    let left = this.#removals.messages;
    for (; left > 0; left--) {
      const ended = this.endings.take(nowUs);
      if (ended === undefined) break;
      this.#expireOne(ended);
    }
    const { max_age } = this.#stream.config();
    const oldest = max_age > 0 ? nowUs - usOf(max_age) : -Infinity;
    let seq = index.next(from);
    for (; left > 0; left--) {
      if (seq > index.lastSeq || index.timeOf(seq) > oldest) return undefined;
      if (!this.#stays(seq)) this.#expireOne(seq);
      seq = index.next(seq + 1);
    }
    return seq;
  }

  /**
   * Whether a message stays beyond the limit of age. NATS JetStream: a counter
   * takes no marker, so where one would follow its last value, that stays.
   */
  #stays(seq: number): boolean {
    if (this.endings.stays(seq)) return true;
    const { allow_msg_counter, subject_delete_marker_ttl = 0 } = this.#stream
      .config();
    if (!allow_msg_counter || subject_delete_marker_ttl === 0) return false;
    const subject = this.#stream.index.subjectOf(seq);
    return subject !== undefined && this.#isLast(seq, subject);
  }

  #isLast(seq: number, subject: string): boolean {
    return this.#stream.index.subjects.get(subject)?.last === seq;
  }

  #expireOne(seq: number): void {
    const subject = this.#stream.index.subjectOf(seq);
    if (subject === undefined) return;
    const isLast = this.#isLast(seq, subject);
    const isMarker = isLast && this.#isMarker(seq);
    this.#stream.remove(seq);
    if (isLast && !isMarker) this.#mark(subject);
  }

  /** NATS JetStream: a key that a client has purged needs no marker either. */
  #isMarker(seq: number): boolean {
    const message = this.#stream.load(seq);
    if (message === undefined) return false;
    const { headers } = message;
    return publishHeaders(headers).has("Nats-Marker-Reason") ||
      headerValue(headers, "KV-Operation") === "PURGE";
  }

  /**
   * NATS JetStream (`subject_delete_marker_ttl`): when the last message of a
   * subject has become too old, a marker says so for a while.
   */
  #mark(subject: string): void {
    const { subject_delete_marker_ttl: ttl = 0 } = this.#stream.config();
    if (ttl === 0) return;
    this.#stream.publish({
      subject,
      headers: withHeaders(NO_BYTES, [
        "Nats-Marker-Reason: MaxAge",
        `Nats-TTL: ${ttl / NS_PER_S}s`,
        "Nats-Rollup: sub",
      ]),
      payload: NO_BYTES,
    });
  }
}
