/**
 * Reading the registry: the list at once, the list once it is another one, or
 * each list as an event. All that wait share one waiting room.
 */
import { jsonAnswer, notModifiedAnswer } from "../http/answers.ts";
import { commentText, eventStream, eventText } from "../http/event_stream.ts";
import { type WaitingLimits, WaitingRoom } from "../http/waiting_room.ts";
import type { Clock } from "../platform/clock.ts";
import type { HttpAnswer, HttpRequest, HttpStream } from "../platform/http.ts";
import { etagOf, eventIndex, requestedList } from "./list_query.ts";
import { NodeList } from "./node_list.ts";
import { REGISTRY_HEADERS } from "./replies.ts";
import type { NodeStore } from "./store.ts";

/** A stream that has nothing to tell says at least that it lives. */
export const HEARTBEAT_MS = 15_000;

export class ListReading {
  readonly waiting: WaitingRoom;
  readonly #store: NodeStore;
  readonly #list: NodeList;
  #event: { readonly data: string; readonly text: string } | undefined =
    undefined;

  constructor(store: NodeStore, clock: Clock, limits: WaitingLimits) {
    this.waiting = new WaitingRoom(limits, "registry");
    this.#store = store;
    this.#list = new NodeList(store, clock);
  }

  /** The list; with `wait`, once it is another than the one that the reader has. */
  async read(request: HttpRequest): Promise<HttpAnswer> {
    const { known, waitMs, isConditional } = requestedList(request);
    const store = this.#store;
    if (waitMs > 0 && known === store.index && request.method !== "HEAD") {
      const leave = this.waiting.enter(request.remote);
      await store.changedSince(known, waitMs, request.signal).finally(leave);
    }
    const etag = etagOf(store.index);
    return isConditional && known === store.index
      ? notModifiedAnswer(etag, REGISTRY_HEADERS)
      : jsonAnswer(200, `${this.#list.text}\n`, {
        ...REGISTRY_HEADERS,
        ETag: etag,
      });
  }

  /** The list as an event: made once, however many are told. */
  #eventNow(): string {
    const data = this.#list.text;
    if (this.#event?.data !== data) {
      const id = String(this.#store.index);
      this.#event = { data, text: eventText({ event: "nodes", id, data }) };
    }
    return this.#event.text;
  }

  /** Each list from now on, as an event. */
  stream(request: HttpRequest): HttpStream {
    const leave = this.waiting.enter(request.remote);
    if (request.signal.aborted) leave();
    // Every request ends so, also one whose stream was never read.
    request.signal.addEventListener("abort", leave);
    const events = this.#events(eventIndex(request), request.signal);
    return eventStream(events, REGISTRY_HEADERS);
  }

  async *#events(
    known: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const store = this.#store;
    let told = known;
    // The head of the answer alone would look like silence.
    yield commentText("midge registry");
    while (!signal.aborted) {
      if (told !== store.index) {
        told = store.index;
        yield this.#eventNow();
      } else if (!await store.changedSince(told, HEARTBEAT_MS, signal)) {
        yield commentText("nothing new");
      }
      if (store.isClosed) return;
    }
  }
}
