/**
 * What the registry does over HTTP: nodes announce themselves and withdraw,
 * anybody reads the list, waits for the next one, or has each one sent.
 *
 *     PUT    /v1/nodes/<id>      JSON of a node, and `ttl` in milliseconds
 *     DELETE /v1/nodes/<id>
 *     GET    /v1/nodes           the list; also GET /discoveryz
 *            ?index=N&wait=55s   once it is another than that of the index N
 *     GET    /discoveryz/stream  each list, as server-sent events
 *
 * Everything here was sent by somebody unknown: it is checked before it is
 * kept, and quoted before it is logged.
 */
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../core/log.ts";
import { quoted } from "../core/quote.ts";
import { sameSecret } from "../core/secret.ts";
import { nodeToJson } from "../discovery/node_record.ts";
import type {
  HttpAnswer,
  HttpReply,
  HttpRequest,
  HttpStream,
} from "../platform/http.ts";
import { BadAnnouncement, isNodeId, readAnnouncement } from "./announcement.ts";
import { etagOf, eventIndex, requestedList } from "./list_query.ts";
import {
  COMMON_HEADERS,
  jsonAnswer,
  listAnswer,
  notModified,
  Refusal,
  textAnswer,
} from "./replies.ts";
import { type NodeStore, StoreFull } from "./store.ts";
import {
  WAITING_LIMITS,
  type WaitingLimits,
  WaitingRoom,
} from "./waiting_room.ts";

/** The longest announcement. */
export const BODY_BYTES_MAX = 16_384;
/** A stream that has nothing to tell says at least that it lives. */
export const HEARTBEAT_MS = 15_000;
/**
 * From here on a node that is not in the list most likely does not live: all
 * have had the time to announce themselves again.
 */
export const COMPLETE_AFTER_MS = 15_000;

const READ: readonly string[] = ["GET", "HEAD"];
const WRITE: readonly string[] = ["PUT", "DELETE"];
const NODE_PATH = "/v1/nodes/";

const INTRODUCTION = `Midge registry: the nodes that live, and where they are.

GET /discoveryz                     the list, as JSON
GET /discoveryz?index=N&wait=55s    the list once it is another than that of N
GET /discoveryz/stream              each list, as server-sent events
PUT /v1/nodes/<id>                  announce a node: {"urls": [...], "ttl": 15000}
DELETE /v1/nodes/<id>               withdraw it
`;

export interface ApiOptions {
  /** What announcing needs; undefined: nothing. */
  readonly token: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly waiting?: WaitingLimits;
}

export class RegistryApi {
  readonly waiting: WaitingRoom;
  readonly #store: NodeStore;
  readonly #options: ApiOptions;
  readonly #startedAt: number;
  #list: { index: number; complete: boolean; text: string } | undefined;

  constructor(store: NodeStore, options: ApiOptions) {
    this.#store = store;
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.waiting = new WaitingRoom(options.waiting ?? WAITING_LIMITS);
  }

  /** The answer to one request; rejects only for a client that is gone. */
  async handle(request: HttpRequest): Promise<HttpReply> {
    try {
      return await this.#reply(request);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #reply(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const { path } = request;
    switch (path) {
      case "/":
        mustBe(READ, request);
        return textAnswer(INTRODUCTION);
      case "/v1/nodes":
      case "/discoveryz":
        mustBe(READ, request);
        return this.#read(request);
      case "/discoveryz/stream":
        mustBe(READ, request);
        return this.#stream(request);
    }
    if (!path.startsWith(NODE_PATH)) {
      throw new Refusal(404, "path", "There is nothing here; see GET /");
    }
    mustBe(WRITE, request);
    this.#mayWrite(request);
    const id = path.slice(NODE_PATH.length);
    if (!isNodeId(id)) {
      throw new Refusal(
        400,
        "path",
        "Expected an id of 1 to 64 letters, digits, _ or - after /v1/nodes/",
      );
    }
    return request.method === "PUT"
      ? this.#announce(id, request)
      : this.#withdraw(id);
  }

  // --- writing

  #mayWrite({ headers }: HttpRequest): void {
    // A browser always says where a script that writes came from. Scripts of
    // web pages do not write here, under whatever name they got to this address.
    if (headers.has("origin")) {
      throw new Refusal(403, "header Origin", "Web pages cannot change nodes");
    }
    const { token } = this.#options;
    if (token === undefined) return;
    const [, given = ""] =
      /^bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
    if (sameSecret(given, token)) return;
    throw new Refusal(
      401,
      "header Authorization",
      "Expected the registry's token, as in Authorization: Bearer TOKEN",
      { "WWW-Authenticate": "Bearer" },
    );
  }

  async #announce(id: string, request: HttpRequest): Promise<HttpAnswer> {
    const body = await request.readBody(BODY_BYTES_MAX);
    if (body === undefined) {
      throw new Refusal(
        413,
        "body",
        `Expected at most ${BODY_BYTES_MAX} bytes`,
        { "Connection": "close" },
      );
    }
    try {
      const { node, ttlMs } = readAnnouncement(id, body);
      const { index, isNew } = this.#store.put(node, ttlMs);
      if (isNew) {
        this.#options.log.notice(
          `Node ${quoted(id)} (${quoted(node.name)}) announced itself`,
        );
      }
      return jsonAnswer(isNew ? 201 : 200, { index, ttl: ttlMs });
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #withdraw(id: string): HttpAnswer {
    if (!this.#store.remove(id)) {
      throw new Refusal(404, "path", "There is no node with this id");
    }
    this.#options.log.notice(`Node ${quoted(id)} withdrew`);
    return jsonAnswer(200, { index: this.#store.index });
  }

  // --- reading

  async #read(request: HttpRequest): Promise<HttpAnswer> {
    const { known, waitMs, isConditional } = requestedList(request);
    const store = this.#store;
    if (waitMs > 0 && known === store.index && request.method !== "HEAD") {
      const leave = this.waiting.enter(request.remote);
      await store.changedSince(known, waitMs, request.signal).finally(leave);
    }
    const { index } = store;
    return isConditional && known === index
      ? notModified(etagOf(index))
      : listAnswer(this.#text(), etagOf(index));
  }

  #stream(request: HttpRequest): HttpStream {
    const leave = this.waiting.enter(request.remote);
    if (request.signal.aborted) leave();
    // Every request ends so, also one whose stream nobody began to read.
    request.signal.addEventListener("abort", leave);
    return {
      status: 200,
      headers: { ...COMMON_HEADERS, "Content-Type": "text/event-stream" },
      stream: this.#events(eventIndex(request), request.signal),
    };
  }

  /** WHATWG HTML, server-sent events: an event ends with an empty line, a comment begins with a colon. */
  async *#events(
    known: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const store = this.#store;
    let told = known;
    // The head of the answer alone would look like silence.
    yield ": midge registry\n\n";
    while (!signal.aborted) {
      if (told !== store.index) {
        told = store.index;
        yield `event: nodes\nid: ${told}\ndata: ${this.#text().trim()}\n\n`;
      } else if (!await store.changedSince(told, HEARTBEAT_MS, signal)) {
        yield ": nothing new\n\n";
      }
      if (store.isClosed) return;
    }
  }

  /** The list as JSON, made once for each state. */
  #text(): string {
    const { index } = this.#store;
    const age = this.#options.clock.monotonic() - this.#startedAt;
    const complete = age >= COMPLETE_AFTER_MS;
    const list = this.#list;
    if (list?.index === index && list.complete === complete) return list.text;
    const nodes = this.#store.nodes.map(nodeToJson);
    const text = `${JSON.stringify({ index, complete, nodes })}\n`;
    this.#list = { index, complete, text };
    return text;
  }
}

function mustBe(methods: readonly string[], { method }: HttpRequest): void {
  if (methods.includes(method)) return;
  const allowed = methods.join(", ");
  throw new Refusal(405, "method", `Expected one of ${allowed}`, {
    Allow: allowed,
  });
}

function refusalOf(error: unknown): unknown {
  if (error instanceof BadAnnouncement) {
    return new Refusal(400, error.at, error.message);
  }
  if (error instanceof StoreFull) {
    return new Refusal(503, "registry", error.message);
  }
  return error;
}
