/**
 * A list of nodes at an HTTP or HTTPS URL, as a web server, a script or a
 * registry of your own may give it: JSON as `node_record.ts` reads it.
 *
 * A list that has not changed is not sent again (ETag and If-None-Match, RFC
 * 9110), and `Cache-Control: max-age` says how long it is good (RFC 9111). If
 * its JSON carries a whole number as `index`, the list can be waited for: a
 * watch asks with `?index=N&wait=55s` and expects the answer when the list
 * differs from that of the index N. Any other list is watched by asking for it
 * every 15 seconds. No redirect is followed, because credentials would be.
 */
import { areSame } from "../finding/belief.ts";
import { within } from "../deadline.ts";
import {
  type Discovery,
  DiscoveryError,
  type ResolveOptions,
  type Snapshot,
  type Wanted,
  type WatchOptions,
} from "../discovery.ts";
import {
  askHttp,
  type AskingPlatform,
  basicAuthorization,
  cannotAsk,
  type HttpAsked,
  jsonOf,
} from "../sources/http_ask.ts";
import {
  endpointsOf,
  isPlain,
  nodesFrom,
  TEXT_CHARS_MAX,
} from "../node_record.ts";
import { pause } from "../until_aborted.ts";
import { loggedUrl } from "../../core/redact.ts";

/** How long the server may keep a question that waits for a change. */
const LIST_WAIT_MS = 55_000;
/** A question that takes longer than twice the wait hangs. */
export const LIST_SILENCE_MAX_MS: number = 2 * LIST_WAIT_MS;
/** Any other question of a watch is answered in this time, or never. */
export const LIST_ANSWER_TIMEOUT_MS = 5000;
/** Between two looks at a list that cannot be waited for. */
export const LIST_POLL_MS = 15_000;
/** Two questions are never closer than this. */
const QUESTION_SPACING_MS = 250;
/** A list that is good for longer is asked for again anyway. */
const TTL_MAX_MS = 3_600_000;

/** Asks a URL for doors of the wanted kind. Throws a `DiscoveryError` for what is no HTTP URL. */
export function httpList(
  { url }: { readonly url: string },
  platform: AskingPlatform,
  wanted: Wanted,
): Discovery {
  return new HttpList(url, platform, wanted);
}

/** What a snapshot's version is made of. */
interface Mark {
  /** Undefined for a list that cannot be waited for. */
  readonly index: string | undefined;
  readonly etag: string;
}

class HttpList implements Discovery {
  readonly name: string;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #platform: AskingPlatform;
  readonly #wanted: Wanted;

  constructor(text: string, platform: AskingPlatform, wanted: Wanted) {
    this.name = loggedUrl(text);
    const { url, authorization } = urlIn(text, this.name);
    this.#url = url;
    this.#headers = {
      Accept: "application/json",
      ...(authorization !== "" && { Authorization: authorization }),
    };
    this.#platform = platform;
    this.#wanted = wanted;
  }

  resolve({ signal, last }: ResolveOptions): Promise<Snapshot> {
    return this.#ask(this.#url.href, signal, last);
  }

  async *watch({ signal, last }: WatchOptions): AsyncGenerator<Snapshot> {
    let known = last;
    while (!signal.aborted) {
      const askedAtMs = this.#platform.clock.monotonic();
      const answer = await this.#askInTime(known, signal);
      const isNews = known?.authoritative !== answer.authoritative ||
        !areSame(known.endpoints, answer.endpoints);
      known = answer;
      if (isNews) yield answer;
      await this.#rest(isNews, askedAtMs, answer, signal);
    }
  }

  /** The list, or if it can be waited for the one that follows; throws when there is no answer at all. */
  async #askInTime(
    known: Snapshot | undefined,
    signal: AbortSignal,
  ): Promise<Snapshot> {
    const url = new URL(this.#url);
    const index = known && markOf(known).index;
    if (index !== undefined) {
      url.searchParams.set("index", index);
      url.searchParams.set("wait", `${LIST_WAIT_MS / 1000}s`);
    }
    return await within(
      this.#platform.clock,
      index === undefined ? LIST_ANSWER_TIMEOUT_MS : LIST_SILENCE_MAX_MS,
      signal,
      cannotAsk(this.name, "it has fallen silent"),
      (either) =>
        this.#ask(url.href, either, index === undefined ? known : undefined),
    );
  }

  /** Until the next question: what cannot be waited for, or answers at once and has no news, is asked seldom. */
  async #rest(
    isNews: boolean,
    askedAtMs: number,
    answer: Snapshot,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#platform;
    const tookMs = clock.monotonic() - askedAtMs;
    const canWait = markOf(answer).index !== undefined;
    const hasWaited = tookMs >= QUESTION_SPACING_MS;
    const restMs = canWait && (isNews || hasWaited)
      ? QUESTION_SPACING_MS - tookMs
      : LIST_POLL_MS * (0.8 + 0.4 * random.next());
    if (restMs > 0) await pause(clock, restMs, signal);
  }

  async #ask(
    url: string,
    signal: AbortSignal,
    last: Snapshot | undefined,
  ): Promise<Snapshot> {
    const etag = last === undefined ? "" : markOf(last).etag;
    const headers = {
      ...this.#headers,
      ...(etag !== "" && { "If-None-Match": etag }),
    };
    const source = { fetch: this.#platform.fetch, name: this.name };
    const asked = await askHttp(source, url, { headers, signal });
    if (asked.status === 304 && last !== undefined && etag !== "") {
      return withTtl(last, asked);
    }
    return withTtl(this.#snapshotOf(asked), asked);
  }

  #snapshotOf(asked: HttpAsked): Snapshot {
    if (asked.status >= 300 && asked.status < 400) {
      throw cannotAsk(this.name, "it refers to another URL");
    }
    const json = jsonOf(asked, this.name);
    const nodes = nodesFrom(json);
    if (nodes === undefined) throw cannotAsk(this.name, "it tells no nodes");
    const { index, complete } = json as Readonly<Record<string, unknown>>;
    const version = versionOf({
      index: isIndex(index) ? String(index) : undefined,
      etag: etagIn(asked),
    });
    return {
      endpoints: nodes.flatMap((node) => endpointsOf(node, this.#wanted)),
      ...(version !== "" && { version }),
      authoritative: complete !== false,
    };
  }
}

function urlIn(
  text: string,
  name: string,
): { url: URL; authorization: string } {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new DiscoveryError(`Cannot use "${name}": it is no HTTP URL`);
  }
  const user = unescaped(url.username);
  const password = unescaped(url.password);
  // `fetch` takes no credentials in a URL, nor does a fragment go anywhere.
  url.username = "";
  url.password = "";
  url.hash = "";
  const authorization = user + password === ""
    ? ""
    : basicAuthorization(user, password);
  return { url, authorization };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `7 "etag"`; each part may be missing, and the space is there with the ETag. */
function versionOf({ index = "", etag }: Mark): string {
  return etag === "" ? index : `${index} ${etag}`;
}

function markOf({ version = "" }: Snapshot): Mark {
  const [, index = "", etag = ""] = /^(\d*)(?: (.*))?$/.exec(version) ?? [];
  return { index: index === "" ? undefined : index, etag };
}

/** An ETag that may be sent back; empty for none. */
function etagIn({ headers }: HttpAsked): string {
  const etag = headers.get("etag") ?? "";
  return /^(?:W\/)?"[!#-~]*"$/.test(etag) && isPlain(etag) &&
      etag.length <= TEXT_CHARS_MAX
    ? etag
    : "";
}

function withTtl(snapshot: Snapshot, { headers }: HttpAsked): Snapshot {
  const { ttlMs: _, ...rest } = snapshot;
  const control = headers.get("cache-control") ?? "";
  const [, seconds] = /(?:^|[\s,])max-age="?(\d{1,10})/i.exec(control) ?? [];
  const isStored = !/\bno-(?:cache|store)\b/i.test(control);
  return seconds === undefined || !isStored
    ? rest
    : { ...rest, ttlMs: Math.min(Number(seconds) * 1000, TTL_MAX_MS) };
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
