/** Server-sent events as text. */
import assert from "node:assert/strict";
import {
  commentText,
  eventStream,
  eventText,
  lastEventId,
} from "../../src/http/event_stream.ts";
import { test } from "../support/test.ts";

test("an event is lines of fields and ends with an empty line", () => {
  assert.equal(
    eventText({ event: "nodes", id: "7", data: "{}" }),
    "event: nodes\nid: 7\ndata: {}\n\n",
  );
});

test("no line of the data can begin another field", () => {
  assert.equal(
    eventText({ event: "log", id: "1", data: "a\nid: 9\r\n\rb" }),
    "event: log\nid: 1\ndata: a\ndata: id: 9\ndata: \ndata: b\n\n",
  );
});

test("a comment is one line that readers pass over", () => {
  assert.equal(commentText("nothing new"), ": nothing new\n\n");
});

test("a reader that comes back names its last event", () => {
  assert.equal(lastEventId({ headers: new Map() }), "");
  assert.equal(
    lastEventId({ headers: new Map([["last-event-id", "7"]]) }),
    "7",
  );
});

test("a stream has the type of events, whatever else its headers say", async () => {
  async function* events(): AsyncGenerator<string> {
    yield await Promise.resolve(commentText("a"));
  }
  const { status, headers, stream } = eventStream(events(), {
    "Content-Type": "text/plain",
    "Cache-Control": "no-cache",
  });
  assert.equal(status, 200);
  assert.equal(headers["Content-Type"], "text/event-stream");
  assert.equal(headers["Cache-Control"], "no-cache");
  for await (const part of stream) assert.equal(part, ": a\n\n");
});
