/**
 * Requests to JetStream in one account: which there are, what they are given, and
 * how an answer is made of what comes of them. What a request does is in
 * `stream_requests.ts` and `consumer_making.ts`.
 */
import {
  asciiBytes,
  byteString,
  utf8ByteString,
  utf8Text,
} from "../../core/ascii.ts";
import type { MessageSource } from "../../accounts/interest.ts";
import { knownOf } from "../../accounts/request_info.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";
import { isError } from "../../core/errors.ts";
import { goJson } from "../../core/json.ts";
import { type Message, replyOf, subjectOf } from "../../wire/message.ts";
import { withHeaders } from "../stream/header_block.ts";
import {
  type PublishHeaders,
  publishHeaders,
} from "../stream/publish_headers.ts";
import { StoreError } from "../store/stream_store.ts";
import type { AccountStreams } from "../account_streams.ts";
import { answerType, type ApiCall } from "./api_call.ts";
import { ApiError } from "./api_error.ts";
import { API_PREFIX, findCall } from "./call_table.ts";
import { hearDomain } from "./domain_requests.ts";
import { RequestOrder } from "./request_order.ts";
import { hasLevel } from "./required_level.ts";
import { readShape, ShapeError, type Struct } from "./shape.ts";

const NO_BYTES = new Uint8Array(0);

/** A request, and what it was told. */
interface Exchange {
  /** A byte string. */
  readonly subject: string;
  readonly text: string;
  readonly response: string;
  readonly publisher: MessageSource | undefined;
  readonly fault: ApiError | undefined;
}

/** NATS JetStream: a message that is not there to be deleted is no error. */
const UNCOUNTED = 10043;

/** Who asks where nothing is known of that. */
const NOBODY = { acc: "" };

/** What a request says: its message is there for the call only. */
interface Given {
  /** Byte strings. */
  readonly subject: string;
  readonly reply: string;
  readonly text: string;
  readonly headers: PublishHeaders;
  /** It asks for nothing that only later servers know. */
  readonly isServed: boolean;
}

export class Api {
  readonly #account: AccountStreams;
  readonly #strict: boolean;
  readonly #order = new RequestOrder();

  constructor(account: AccountStreams, strict: boolean) {
    this.#account = account;
    this.#strict = strict;
    const { client, replies: { domain } } = account.host;
    client.subscribe(
      `${API_PREFIX}>`,
      "",
      (message, publisher) => this.#asked(message, publisher),
    );
    if (domain !== "") hearDomain(client, domain);
  }

  #asked(message: Message, publisher: MessageSource | undefined): boolean {
    if (!this.#account.host.isMeantBy(publisher)) return false;
    const found = findCall(subjectOf(message));
    if (found === "elsewhere") return false;
    if (found === undefined) return true;
    const { call, tokens } = found;
    if (call.isOfConsumer && !this.#isThere(tokens)) return false;
    const given = givenIn(message);
    const answer = (): void =>
      void this.#answer(call, tokens, given, publisher);
    const [stream = ""] = tokens;
    if (call.isAtOnce) answer();
    else {
      const underWay = (): Promise<unknown> | undefined =>
        this.#underWay(call, stream);
      this.#order.run(stream, underWay, answer);
    }
    return true;
  }

  #isThere([stream = "", consumer = ""]: readonly string[]): boolean {
    return this.#account.streams.get(stream)?.consumers.has(consumer) === true;
  }

  async #answer(
    call: ApiCall,
    tokens: readonly string[],
    { subject, reply, text, headers, isServed }: Given,
    publisher: MessageSource | undefined,
  ): Promise<void> {
    const type = answerType(call.type);
    let fault: ApiError | undefined;
    const lines: string[] = [];
    const afterwards: (() => void)[] = [];
    let body: object;
    try {
      if (!isServed) throw new ApiError(10185);
      const answer = call.answer(this.#account, {
        tokens: tokens.map(utf8Text),
        text,
        headers,
        tell: (line) => lines.push(line),
        read: (struct) => this.#read(text, struct, call),
        client: () => knownOf(publisher?.requestInfo?.(true, true) ?? NOBODY),
        whenAnswered: (run) => void afterwards.push(run),
      });
      body = { type, ...(answer instanceof Promise ? await answer : answer) };
      // An answer means that what it tells of outlives the server.
      const settled = answer instanceof Promise
        ? undefined
        : this.#account.settled(tokens[0]);
      if (settled !== undefined) await settled;
    } catch (error) {
      lines.length = afterwards.length = 0;
      fault = this.#told(error);
      body = {
        type,
        error: fault.record(),
        ...call.behindError,
      };
    }
    const response = goJson(body);
    this.#note(call, { subject, text, response, publisher, fault });
    if (reply !== "") {
      const bytes = asciiBytes(utf8ByteString(response));
      const { isOfConsumer: emptyReply = false } = call;
      this.#account.host.client.publish(reply, bytes, {
        emptyReply,
        ...(lines.length > 0 && { headers: withHeaders(NO_BYTES, lines) }),
      });
    }
    for (const run of afterwards) run();
  }

  /** Resolves once what a request waits for is done, as far as it was begun; undefined: nothing is. */
  #underWay(
    { isOfOthers = false }: ApiCall,
    name: string,
  ): Promise<unknown> | undefined {
    const { recovery, streams } = this.#account;
    const stream = streams.get(name)?.stream;
    return (isOfOthers ? recovery.allUnderWay : recovery.underWay(name)) ??
      stream?.removals.allDone ?? stream?.lookups.allDone;
  }

  /** Counts a request, and lets others hear of it once its answer is on its way. */
  #note(
    call: ApiCall,
    { subject, text, response, publisher, fault }: Exchange,
  ): void {
    const isSilent = call.isOfConsumer ||
      (call.isSilentOnSuccess && fault === undefined);
    if (isSilent) return;
    const { host: { advisories }, serverName, counts } = this.#account;
    counts.total++;
    if (fault !== undefined && fault.number !== UNCOUNTED) counts.errors++;
    if (!advisories.tellsOfAnswers) return;
    const info = publisher?.requestInfo?.(true, true);
    runAtEndOfTask(() =>
      advisories.answered({
        server: serverName,
        client: info === undefined ? undefined : knownOf(info),
        subject: utf8Text(subject),
        request: text === "" ? undefined : text,
        response,
      })
    );
  }

  /** What is told of an error; one that is none of the API's is for the log. */
  #told(error: unknown): ApiError {
    if (error instanceof ApiError) return error;
    const { log } = this.#account.host;
    if (error instanceof StoreError) {
      log.error(`JetStream: ${error.message}`);
      return new ApiError(10077, error.message);
    }
    log.error(`JetStream: ${isError(error) ? error.stack : error}`);
    return new ApiError(10077, "internal error");
  }

  #read(
    text: string,
    struct: Struct,
    { isLenient = false }: ApiCall,
  ): Record<string, unknown> {
    if (isLenient ? text === "" : text.trim() === "") return {};
    try {
      const strict = this.#strict && !isLenient;
      return readShape(text, struct, { strict, stream: !isLenient });
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      throw new ApiError(10025, error.message);
    }
  }
}

function givenIn(message: Message): Given {
  const { bodyBuffer, bodyEnd, payloadStart, headerSize } = message;
  const start = payloadStart + Math.max(0, headerSize);
  return {
    subject: subjectOf(message),
    reply: replyOf(message),
    text: utf8Text(byteString(bodyBuffer, start, bodyEnd - 2)),
    headers: publishHeaders(bodyBuffer.slice(payloadStart, start)),
    isServed: hasLevel(message),
  };
}
