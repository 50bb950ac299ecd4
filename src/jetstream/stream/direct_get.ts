/**
 * Messages of a stream, given to those who ask for them without a consumer: one,
 * several in a row, or the last of each of several subjects.
 *
 * NATS JetStream (direct get): an answer comes on the reply subject of its
 * request; what was stored is told in headers behind those of the message.
 */
import { asciiBytes, utf8ByteString } from "../../core/ascii.ts";
import { hasWildcard } from "../../core/subject.ts";
import { type Message, replyOf } from "../../wire/message.ts";
import { hasLevel, LEVEL_STATUS } from "../api/required_level.ts";
import { momentOf, momentText } from "../moments.ts";
import type { StoredMessage } from "../store/stream_store.ts";
import type { SubjectFilter } from "../store/subject_table.ts";
import { DirectRefusal, requestIn } from "./direct_request.ts";
import { withHeaders } from "./header_block.ts";
import { whenLearned, whenNear } from "./learned.ts";
import type { MessageRequest } from "./message_request.ts";
import type { Stream } from "./stream.ts";

const NO_BYTES = new Uint8Array(0);
/** Subjects of one answer. */
const SUBJECTS_MAX = 1024;
const BYTES_MAX = 64 * 1024 * 1024;
/** Messages, and bytes of them, that go in one turn of the event loop. */
const PART_MESSAGES = 128;
const PART_BYTES = 65_536;

/** Messages that one answer has. */
interface Giving {
  /** As many are to come. */
  readonly pending: number;
  readonly isCounted: boolean;
  /** How each is given. */
  readonly request: MessageRequest;
  /** Lines behind the last one. */
  readonly after: readonly string[];
  readonly seqs: Iterator<number>;
}

export class DirectGet {
  readonly #stream: Stream;
  readonly #mayAnswer: () => boolean;
  readonly #prefix: string;
  readonly #ends: (() => void)[];

  /** `name`: the stream that is asked for; `mayAnswer`: whether this one answers for it. */
  constructor(
    stream: Stream,
    name: string = stream.name,
    mayAnswer: () => boolean = () => true,
  ) {
    const { client } = stream.host;
    const subject = `$JS.API.DIRECT.GET.${name}`;
    this.#stream = stream;
    this.#mayAnswer = mayAnswer;
    this.#prefix = `${subject}.`;
    this.#ends = [subject, `${subject}.>`].map((one) =>
      client.subscribe(
        one,
        "_sys_",
        (message, publisher) =>
          stream.host.isMeantBy(publisher) && this.#asked(message),
      )
    );
  }

  stop(): void {
    for (const end of this.#ends) end();
  }

  #asked(message: Message): boolean {
    if (!this.#mayAnswer()) return false;
    const reply = replyOf(message);
    if (reply === "") return true;
    this.#refusing(reply, () => {
      if (!hasLevel(message)) throw new DirectRefusal(LEVEL_STATUS);
      const request = requestIn(message, this.#prefix);
      if (!this.#comesEarly(request)) return this.#learn(request, reply);
      this.#stream.whenKept(0, () => this.#learn(request, reply));
    });
    return true;
  }

  /** Answers once it is known which subjects the request means. */
  #learn(request: MessageRequest, reply: string): void {
    const { index, reads, visibleSeq } = this.#stream;
    const learning = { index, lookups: reads };
    const answer = (): void =>
      this.#refusing(reply, () => this.#answer(request, reply));
    const { multi_last = [], batch, last_by_subj, next_by_subj } = request;
    const given = last_by_subj ?? next_by_subj;
    const pattern = utf8ByteString(given ?? ">");
    if (multi_last.length > 0) {
      void whenLearned(learning, multi_last.map(utf8ByteString), answer);
    } else if (batch) void whenLearned(learning, [pattern], answer);
    // One of any subject, or of one that is found by its name.
    else if (given === undefined || !hasWildcard(pattern)) answer();
    else {
      const isBack = last_by_subj !== undefined;
      const from = isBack ? visibleSeq : startOf(request, this.#stream);
      void whenNear(learning, pattern, { from, isBack }, answer);
    }
  }

  /** Calls `act`; who asked is told of a refusal. */
  #refusing(reply: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof DirectRefusal)) throw error;
      this.#say(reply, `NATS/1.0 ${error.message}\r\n\r\n`);
    }
  }

  /** What it asks for was published before it, and is not there for good yet. */
  #comesEarly(request: MessageRequest): boolean {
    const { index, visibleSeq } = this.#stream;
    const { seq, last_by_subj, next_by_subj, multi_last, batch } = request;
    const unseen = visibleSeq + 1;
    if (index.next(unseen) > index.lastSeq) return false;
    const patterns = multi_last ?? [last_by_subj ?? next_by_subj ?? ">"];
    const isOfLast = multi_last !== undefined || last_by_subj !== undefined;
    const start = isOfLast ? unseen : startOf(request, this.#stream);
    const isOne = !isOfLast && !batch;
    if (isOne && seq !== undefined && next_by_subj === undefined) {
      return seq > visibleSeq && index.has(seq);
    }
    const filter = index.subjects.filter(patterns.map(utf8ByteString));
    const first = index.next(isOne ? start : Math.max(start, unseen), filter);
    filter.release();
    return first > visibleSeq && first <= index.lastSeq;
  }

  #answer(request: MessageRequest, reply: string): void {
    if (request.multi_last !== undefined && request.multi_last.length > 0) {
      return this.#lastOfEach(request, reply);
    }
    if (request.batch !== undefined && request.batch !== 0) {
      return this.#several(request, reply);
    }
    const message = this.#visible(this.#one(request));
    if (message === undefined) throw new DirectRefusal("404 Message Not Found");
    this.#give(message, reply, request, []);
  }

  /** The one message that is asked for; none may have this sequence. */
  #one(request: MessageRequest): number {
    const { index, visibleSeq } = this.#stream;
    const { last_by_subj, next_by_subj, seq } = request;
    if (last_by_subj !== undefined) {
      const last = index.subjects.get(utf8ByteString(last_by_subj))?.last;
      if (last !== undefined && last <= visibleSeq) return last;
    }
    return this.#withFilter(request, (filter) => {
      if (last_by_subj !== undefined) {
        return index.previous(visibleSeq + 1, filter);
      }
      const from = startOf(request, this.#stream);
      return next_by_subj === undefined && seq !== undefined
        ? from
        : index.next(from, filter);
    });
  }

  /** Up to `batch` messages in a row. */
  #several(request: MessageRequest, reply: string): void {
    const { index, visibleSeq } = this.#stream;
    const { no_hdr, batch = 0, last_by_subj, next_by_subj } = request;
    const pattern = last_by_subj ?? next_by_subj ?? ">";
    const filter = index.subjects.filter([utf8ByteString(pattern)]);
    const first = index.next(startOf(request, this.#stream), filter);
    if (first > visibleSeq) {
      filter.release();
      throw new DirectRefusal("404 Message Not Found");
    }
    this.#giveAll(request, reply, {
      pending: index.count(first, filter) -
        index.count(visibleSeq + 1, filter),
      // NATS JetStream: they are counted where they are told of.
      isCounted: !no_hdr,
      request,
      after: [],
      seqs: (function* () {
        let seq = first;
        try {
          for (let i = 0; i < batch && seq <= visibleSeq; i++) {
            yield seq;
            seq = index.next(seq + 1, filter);
          }
        } finally {
          filter.release();
        }
      })(),
    });
  }

  /** The last message of each subject, up to some place of the stream. */
  #lastOfEach(request: MessageRequest, reply: string): void {
    const { index, visibleSeq } = this.#stream;
    const { up_to_seq = 0, up_to_time, batch = 0, seq: from = 0 } = request;
    if (up_to_seq > 0 && up_to_time !== undefined) {
      throw new DirectRefusal("408 Bad Request");
    }
    const upTo = up_to_seq ||
      (up_to_time === undefined
        ? visibleSeq
        : index.firstAt(momentOf(up_to_time)) - 1);
    const filter = index.subjects.filter(
      request.multi_last!.map(utf8ByteString),
    );
    const all = index.lastOfEach(Math.min(upTo, visibleSeq), filter);
    filter.release();
    if (all.length === 0) throw new DirectRefusal("404 No Results");
    if (all.length > SUBJECTS_MAX) {
      throw new DirectRefusal("413 Too Many Results");
    }
    const lasts = all.filter((seq) => seq >= from);
    this.#giveAll(request, reply, {
      pending: lasts.length,
      isCounted: true,
      request: {},
      after: [`Nats-UpTo-Sequence: ${upTo}`],
      seqs: lasts.slice(0, batch > 0 ? batch : lasts.length).values(),
    });
  }

  /** Gives messages in parts, and what there is to say behind them. */
  #giveAll(
    { max_bytes }: MessageRequest,
    reply: string,
    { pending, isCounted, request, after, seqs }: Giving,
  ): void {
    let left = pending;
    let bytes = 0;
    let last = 0;
    const givePart = (): boolean => {
      const partEnd = bytes + PART_BYTES;
      for (let i = 0; i < PART_MESSAGES && bytes < partEnd; i++) {
        const { value: seq, done } = seqs.next();
        if (done) return true;
        const message = this.#visible(seq);
        if (isCounted) left--;
        // It has gone meanwhile, or cannot be read.
        if (message === undefined) continue;
        bytes += sizeTold(message);
        this.#give(message, reply, request, [
          `Nats-Num-Pending: ${left}`,
          `Nats-Last-Sequence: ${last}`,
        ]);
        last = seq;
        if (bytes < (max_bytes || BYTES_MAX)) continue;
        seqs.return?.();
        return true;
      }
      return false;
    };
    void this.#stream.reads.run(() => {
      const isDone = givePart();
      if (isDone) this.#end(reply, left, last, after);
      return isDone;
    });
  }

  #end(
    reply: string,
    pending: number,
    last: number,
    more: readonly string[],
  ): void {
    const lines = [
      "NATS/1.0 204 EOB",
      `Nats-Num-Pending: ${pending}`,
      `Nats-Last-Sequence: ${last}`,
      ...more,
    ];
    this.#say(reply, `${lines.join("\r\n")}\r\n\r\n`);
  }

  #give(
    message: StoredMessage,
    reply: string,
    { no_hdr }: MessageRequest,
    more: readonly string[],
  ): void {
    const { client } = this.#stream.host;
    client.publish(reply, message.payload, {
      headers: no_hdr ? NO_BYTES : this.#headersOf(message, more),
    });
  }

  #headersOf(
    { seq, subject, headers, timeUs }: StoredMessage,
    more: readonly string[],
  ): Uint8Array {
    return withHeaders(headers, [
      `Nats-Stream: ${this.#stream.name}`,
      `Nats-Subject: ${subject}`,
      `Nats-Sequence: ${seq}`,
      `Nats-Time-Stamp: ${momentText(timeUs)}`,
      ...more,
    ]);
  }

  #visible(seq: number): StoredMessage | undefined {
    return seq > 0 && seq <= this.#stream.visibleSeq
      ? this.#stream.read(seq)
      : undefined;
  }

  #withFilter<T>(
    { last_by_subj, next_by_subj }: MessageRequest,
    use: (filter: SubjectFilter | undefined) => T,
  ): T {
    const pattern = last_by_subj ?? next_by_subj;
    const filter = pattern === undefined
      ? undefined
      : this.#stream.index.subjects.filter([utf8ByteString(pattern)]);
    try {
      return use(filter);
    } finally {
      filter?.release();
    }
  }

  #say(reply: string, headers: string): void {
    this.#stream.host.client.publish(reply, NO_BYTES, {
      headers: asciiBytes(headers),
    });
  }
}

function startOf(
  { seq, start_time }: MessageRequest,
  { index }: Stream,
): number {
  if (start_time !== undefined) return index.firstAt(momentOf(start_time));
  return seq || index.firstSeq;
}

/** The bytes of a message that count where `max_bytes` limits them. */
function sizeTold({ subject, headers, payload }: StoredMessage): number {
  return subject.length + headers.length + payload.length;
}
