/**
 * The way to a stream that another one copies: a consumer of it that is asked for
 * and heard, and asked for again where messages are missing, no sign of life comes
 * or a message could not be kept. The stream may be in the same account, in
 * another one, or on another server: all of it goes through messages.
 */
import type { InternalClient } from "../../accounts/internal.ts";
import { asciiBytes, byteString, utf8ByteString } from "../../core/ascii.ts";
import { type Backoff, jittered, waitAfter } from "../../core/backoff.ts";
import { isRecord } from "../../core/json.ts";
import { randomName } from "../../core/nuid.ts";
import type { Clock, Random, Timer } from "../../platform/clock.ts";
import type { Message } from "../../wire/message.ts";
import { ApiError, type ApiErrorRecord } from "../api/api_error.ts";
import { withHeaders } from "../stream/header_block.ts";
import { publishHeaders } from "../stream/publish_headers.ts";
import type { SourceConfig } from "../stream/stream_config.ts";
import {
  consumerRequest,
  type CopyOwner,
  deleteRequest,
  deliverSubject,
  type OriginRequest,
  resetRequest,
} from "./origin_consumer.ts";
import { type OriginMessage, readOrigin } from "./origin_message.ts";

/** What takes the messages of an origin. */
export interface Copier {
  /** The last message that it has for good, as the origin counts; 0: none. */
  readonly after: number;
  /** What the origin has called itself; undefined: it may be any. */
  readonly identity: string | undefined;
  /** A consumer is there, whose first message comes behind `after`. */
  begins(after: number, identity: string): void;
  takes(message: OriginMessage): void;
  /** Another stream has the origin's name: its messages are copied from the first one on. */
  startsOver(): void;
  /** Calls `done` once all that was taken is kept for good. */
  whenKept(done: () => void): void;
}

/** What a link stands on. */
export interface LinkHost {
  readonly client: InternalClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** What an origin answers, as far as it counts. */
interface OriginAnswer {
  readonly error?: ApiErrorRecord;
  readonly name?: string;
  readonly config?: { readonly ack_policy?: string };
  readonly delivered?: { readonly stream_seq?: number };
}

/** NATS JetStream: messages that may be missing where a mirror answers for its origin. */
const CAUGHT_UP = 10;
const TOKEN_CHARS = 8;
const ANSWER_MS = 5000;
/** NATS JetStream: an origin that says nothing for so long is not there. */
const SILENT_MS = 10_000;
const RETRY: Backoff = { firstMs: 1000, factor: 2, longestMs: 30_000 };
const RETRY_JITTER = 0.2;
const NO_BYTES = new Uint8Array(0);
const LEVEL_TOO_HIGH = 10185;
const OTHER_STREAM = 10225;

export class OriginLink {
  readonly source: SourceConfig;
  /** Messages of the origin that are still to come. */
  lag = 0;
  /** Why nothing comes. */
  error: ApiErrorRecord | undefined = undefined;
  readonly #owner: CopyOwner;
  readonly #host: LinkHost;
  readonly #copier: Copier;
  /** When the origin was heard last, on the monotonic clock. */
  #heardMs: number | undefined = undefined;
  /** Of what is asked or heard now. */
  #ends: (() => void)[] = [];
  #timer: Timer | undefined = undefined;
  #failures = 0;
  #isOld = false;
  /** The last message of the consumer, as it counts and as the origin does. */
  #consumerSeq = 0;
  #seq = 0;
  /** A consumer that acknowledgements keep, and that has to be deleted. */
  #durable: string | undefined = undefined;

  constructor(
    source: SourceConfig,
    owner: CopyOwner,
    host: LinkHost,
    copier: Copier,
  ) {
    this.source = source;
    this.#owner = owner;
    this.#host = host;
    this.#copier = copier;
    this.#timer = host.clock.after(0, () => this.#ask());
  }

  /** Nearly all messages of the origin have come. */
  get isCaughtUp(): boolean {
    return this.#heardMs !== undefined && this.lag < CAUGHT_UP;
  }

  /** Milliseconds since the origin was heard; undefined: it never was. */
  get silentMs(): number | undefined {
    return this.#heardMs === undefined
      ? undefined
      : this.#host.clock.monotonic() - this.#heardMs;
  }

  /** A stream with the origin's name has come: it is asked at once. */
  hasCome(): void {
    this.#askIn(0);
  }

  /** A message could not be kept: it is asked for again, after a while. */
  refused(error: ApiError): void {
    this.error = error.record();
    this.#failed();
  }

  stop(): void {
    this.#endAll();
    this.#timer?.cancel();
  }

  /** It is not copied any more: its consumer is not needed either. */
  leave(): void {
    this.stop();
    if (this.#durable === undefined) return;
    this.#send(deleteRequest(this.source, this.#durable), "");
  }

  #endAll(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
  }

  #failed(): void {
    this.#failures++;
    const { random } = this.#host;
    this.#askIn(
      jittered(waitAfter(RETRY, this.#failures), RETRY_JITTER, random),
    );
  }

  #askIn(ms: number): void {
    this.#endAll();
    this.#after(ms, () => this.#ask());
  }

  #after(ms: number, act: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#host.clock.after(ms, act);
  }

  #ask(): void {
    const { client } = this.#host;
    const { consumer } = this.source;
    const to = consumer?.deliver_subject ??
      deliverSubject(this.source, this.#owner, this.#token());
    const reply = `$JSC.R.${this.#token()}`;
    const { after, identity } = this.#copier;
    const request = consumer === undefined
      ? consumerRequest(this.source, this.#owner, {
        to,
        after,
        identity,
        isOld: this.#isOld,
      })
      : resetRequest(this.source);
    this.#after(ANSWER_MS, () => this.#failed());
    this.#ends.push(client.subscribe(reply, "", (message) => {
      this.#endAll();
      this.#answered(message, to);
    }));
    this.#send(request, reply);
  }

  #token(): string {
    return randomName(this.#host.random, TOKEN_CHARS);
  }

  #send({ subject, lines, body }: OriginRequest, reply: string): void {
    const text = body === undefined ? "" : JSON.stringify(body);
    this.#host.client.publish(
      utf8ByteString(subject),
      asciiBytes(utf8ByteString(text)),
      {
        reply,
        ...(lines.length > 0 && { headers: withHeaders(NO_BYTES, lines) }),
      },
    );
  }

  #answered(message: Message, to: string): void {
    const { answer, identity } = answerIn(message);
    if (answer === undefined) return this.#failed();
    if (answer.error !== undefined) return this.#wasRefused(answer.error);
    const isFlow = answer.config?.ack_policy === "flow_control";
    if (this.source.consumer !== undefined && !isFlow) {
      const number = this.#owner.kind === "mirror" ? 10214 : 10217;
      return this.refused(new ApiError(number));
    }
    const isOwn = this.source.consumer === undefined;
    this.#durable = isFlow && isOwn ? answer.name : undefined;
    this.error = undefined;
    this.#consumerSeq = 0;
    this.#seq = answer.delivered?.stream_seq ?? 0;
    this.#copier.begins(this.#seq, identity);
    this.#heardMs = this.#host.clock.monotonic();
    this.#watch(SILENT_MS);
    this.#ends.push(
      this.#host.client.subscribe(
        utf8ByteString(to),
        "",
        (one) => this.#heard(one, isFlow),
      ),
    );
  }

  #wasRefused(error: ApiErrorRecord): void {
    const { err_code: number } = error;
    if (number === OTHER_STREAM) {
      this.#copier.startsOver();
      return this.#askIn(0);
    }
    if (number === LEVEL_TOO_HIGH && !this.#isOld) {
      this.#isOld = true;
      return this.#askIn(0);
    }
    this.error = error;
    this.#failed();
  }

  /** Asks again when nothing has come for too long. */
  #watch(ms: number): void {
    this.#after(ms, () => {
      const left = SILENT_MS - (this.silentMs ?? 0);
      if (left > 0) this.#watch(left);
      else this.#failed();
    });
  }

  #heard(message: Message, isFlow: boolean): void {
    const said = readOrigin(message);
    if (said === undefined) return;
    this.#heardMs = this.#host.clock.monotonic();
    if ("payload" in said) return this.#take(said);
    const { consumerSeq = this.#consumerSeq, reply } = said;
    if (consumerSeq !== this.#consumerSeq) return this.#failed();
    if (reply !== "") this.#answer(reply, isFlow);
  }

  #take(message: OriginMessage): void {
    const { consumerSeq, seq, pending } = message;
    // A user has set the consumer to begin again.
    if (consumerSeq === 1) this.#consumerSeq = 0;
    if (consumerSeq <= this.#consumerSeq) return;
    if (consumerSeq !== this.#consumerSeq + 1) return this.#failed();
    this.#consumerSeq = consumerSeq;
    this.#seq = seq;
    this.lag = pending;
    this.#failures = 0;
    this.#copier.takes(message);
  }

  /**
   * NATS JetStream: a request for flow control is answered once all before it is
   * kept; where that acknowledges, the answer says what is.
   */
  #answer(reply: string, isFlow: boolean): void {
    const lines = isFlow
      ? [
        `Nats-Last-Consumer: ${this.#consumerSeq}`,
        `Nats-Last-Stream: ${this.#seq}`,
      ]
      : [];
    const ends = this.#ends;
    this.#copier.whenKept(() => {
      if (ends !== this.#ends) return;
      this.#host.client.publish(reply, NO_BYTES, {
        ...(isFlow && { headers: withHeaders(NO_BYTES, lines) }),
      });
    });
  }
}

function answerIn(
  message: Message,
): { readonly answer: OriginAnswer | undefined; readonly identity: string } {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const payloadFrom = payloadStart + Math.max(0, headerSize);
  const headers = publishHeaders(
    bodyBuffer.subarray(payloadStart, payloadFrom),
  );
  const identity = headers.get("Nats-Stream-Identity") ?? "";
  try {
    const text = byteString(bodyBuffer, payloadFrom, bodyEnd - 2);
    const answer: unknown = JSON.parse(text);
    return { answer: isRecord(answer) ? answer : undefined, identity };
  } catch {
    return { answer: undefined, identity };
  }
}
