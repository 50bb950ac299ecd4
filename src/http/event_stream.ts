/**
 * Server-sent events, as WHATWG HTML defines them: an event is lines of fields
 * and ends with an empty line, and a line that begins with a colon is a
 * comment. A reader that comes back names the last event that it had.
 */
import type { HttpRequest, HttpStream } from "../platform/http.ts";
import type { HttpHeaders } from "./answers.ts";

export interface ServerSentEvent {
  readonly event: string;
  readonly id: string;
  /** May have several lines. */
  readonly data: string;
}

export function eventText({ event, id, data }: ServerSentEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: ${event}\nid: ${id}\n${lines.join("")}\n`;
}

/** One line that readers pass over: it shows that the stream lives. */
export function commentText(text: string): string {
  return `: ${text}\n\n`;
}

/** Empty for a reader that comes for the first time. */
export function lastEventId({ headers }: Pick<HttpRequest, "headers">): string {
  return headers.get("last-event-id") ?? "";
}

/** Streams `events`, which has to end soon after the request's signal aborts. */
export function eventStream(
  events: AsyncIterable<string>,
  headers: HttpHeaders,
): HttpStream {
  return {
    status: 200,
    headers: { ...headers, "Content-Type": "text/event-stream" },
    stream: events,
  };
}
