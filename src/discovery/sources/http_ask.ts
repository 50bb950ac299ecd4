/**
 * One question over HTTP, for providers whose sources speak it: the answer is
 * bounded, and whatever fails is a `DiscoveryError` that names the source and
 * quotes neither its URL nor what it said. An aborted signal rejects with its
 * reason.
 */
import { DiscoveryError } from "../discovery.ts";
import type { DiscoveryPlatform } from "../platform.ts";
import type { Fetch, Fetched, FetchRequest } from "../../platform/fetch.ts";

/** A longer answer is refused while it comes. */
export const ANSWER_BYTES_MAX = 1_048_576;

/** What asking again and again needs of the machine. */
export type AskingPlatform = Pick<
  DiscoveryPlatform,
  "clock" | "random" | "fetch"
>;

export interface HttpSource {
  readonly fetch: Fetch;
  /** The source in errors, without secrets. */
  readonly name: string;
}

export interface HttpAsked {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

/** Asks, and reads the whole answer, whatever its status is. */
export async function askHttp(
  { fetch, name }: HttpSource,
  url: string,
  request: FetchRequest,
): Promise<HttpAsked> {
  try {
    const answer = await fetch(url, request);
    const { status, headers } = answer;
    return { status, headers, text: await wholeText(answer) };
  } catch (error) {
    request.signal.throwIfAborted();
    throw cannotAsk(name, error instanceof Error ? error.message : "no answer");
  }
}

/** The JSON of an answer that must have status 200. */
export function jsonOf(asked: HttpAsked, name: string): unknown {
  if (asked.status !== 200) throw cannotAsk(name, `status ${asked.status}`);
  try {
    return JSON.parse(asked.text);
  } catch {
    throw cannotAsk(name, "the answer is not JSON");
  }
}

/** `Cannot ask "consul://127.0.0.1:8500/nats": connection refused` */
export function cannotAsk(name: string, why: string): DiscoveryError {
  return new DiscoveryError(`Cannot ask "${name}": ${why}`);
}

/** `user:password` as the value of an `Authorization` header (RFC 7617). */
export function basicAuthorization(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

async function wholeText({ body }: Fetched): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) {
      throw new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
