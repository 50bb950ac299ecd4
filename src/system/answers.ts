/**
 * Answers to requests: a page inside of what says who answers, made in slices,
 * and in the encoding that was asked for.
 */
import type { Gzip } from "../platform/gzip.ts";
import { asciiBytes, utf8ByteString } from "../core/ascii.ts";
import { isLiteralSubject } from "../core/subject.ts";
import { jsonPieces } from "../http/json_pieces.ts";
import { Refusal } from "../http/refusal.ts";
import { type SlicedWork, SliceQueue } from "../http/slices.ts";
import { type RunSoon, runSoonOn } from "../platform/turns.ts";
import type { SystemRequest } from "./request.ts";
import {
  type AskedOptions,
  isMeant,
  readAsked,
  type RequestForm,
} from "./request_options.ts";
import type { Voice } from "./voice.ts";

/** What answers stand on. */
export interface AnswerPlatform {
  readonly runSoon?: RunSoon;
  /** Without it, answers are sent as they are. */
  readonly gzip?: Gzip;
}

/** A request that is answered with an error. */
export class AnswerError extends Error {
  readonly code: number;
  /** NATS: an error of a page stands beside `data`, which is null. */
  readonly withData: boolean;

  constructor(code: number, text: string, withData: boolean = false) {
    super(text);
    this.code = code;
    this.withData = withData;
  }
}

export class Answers {
  readonly #voice: Voice;
  readonly #slices: SliceQueue;
  readonly #gzip: Gzip | undefined;

  constructor(voice: Voice, { runSoon, gzip }: AnswerPlatform) {
    this.#voice = voice;
    this.#slices = new SliceQueue(
      runSoon ?? runSoonOn(voice.broker.host.clock),
    );
    this.#gzip = gzip;
  }

  /** Sends `{server, data}`; `data` is made in slices, and may throw a `Refusal`. Undefined is not sent. */
  data(request: SystemRequest, data: SlicedWork<unknown>): void {
    this.#send(request, function* () {
      const made = yield* data;
      return made === undefined ? undefined : { data: made };
    });
  }

  /** Sends `{server}` alone, or with the error that `act` rejects with. */
  async outcome(request: SystemRequest, act: () => unknown): Promise<void> {
    try {
      await act();
      this.#send(request, nothing);
    } catch (error) {
      const description = error instanceof Error
        ? error.message
        : String(error);
      this.error(request, new AnswerError(500, description));
    }
  }

  error(request: SystemRequest, error: AnswerError): void {
    this.#send(request, function* () {
      yield* [];
      return errorFields(error);
    });
  }

  /** What `request` asks for; undefined where it is answered already, or is not for this server. */
  optionsOf(
    request: SystemRequest,
    form: RequestForm,
  ): Exclude<AskedOptions, { readonly error: string }> | undefined {
    const options = readAsked(request.text, form);
    if ("error" in options) {
      this.error(request, new AnswerError(400, options.error));
      return undefined;
    }
    return isMeant(options.values, this.#voice.broker) ? options : undefined;
  }

  #send(
    request: SystemRequest,
    body: () => SlicedWork<object | undefined>,
  ): void {
    if (!isLiteralSubject(request.reply)) return;
    this.#sendSoon(request, body).catch((error) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#voice.broker.host.log.error(`SYSTEM - ${text}`);
    });
  }

  async #sendSoon(
    request: SystemRequest,
    body: () => SlicedWork<object | undefined>,
  ): Promise<void> {
    const fields = await this.#slices.finish(orError(body()));
    if (fields === undefined) return;
    const whole = { server: this.#voice.record(), ...fields };
    const printed = await this.#slices.print(jsonPieces(whole, 0));
    let text = "";
    if (typeof printed === "string") text = printed;
    else for await (const piece of printed) text += piece;
    const bytes = asciiBytes(utf8ByteString(text));
    const { client } = this.#voice;
    const { reply, encodings } = request;
    if (encodings === undefined) return void client.publish(reply, bytes, {});
    const isZipped = this.#gzip !== undefined && encodings.includes("gzip");
    const sent = isZipped ? await this.#gzip!(bytes) : bytes;
    const encoding = isZipped ? "gzip" : "identity";
    const headers = asciiBytes(
      `NATS/1.0\r\nContent-Encoding: ${encoding}\r\n\r\n`,
    );
    client.publish(reply, sent, { headers });
  }
}

function* nothing(): SlicedWork<object> {
  yield* [];
  return {};
}

function* orError(
  work: SlicedWork<object | undefined>,
): SlicedWork<object | undefined> {
  try {
    return yield* work;
  } catch (error) {
    if (error instanceof AnswerError) return errorFields(error);
    if (!(error instanceof Refusal)) throw error;
    return errorFields(new AnswerError(500, error.message, true));
  }
}

function errorFields({ code, message, withData }: AnswerError): object {
  const error = { code, description: message };
  return withData ? { data: null, error } : { error };
}
