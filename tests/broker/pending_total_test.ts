/** What all peers together leave unread, and who is closed when it is too much. */
import assert from "node:assert/strict";
import { type Logger, silentLogger } from "../../src/core/log.ts";
import { test } from "../support/test.ts";
import { StillBroker, type StillSocket } from "./still_sockets.ts";

const PAYLOAD = "x".repeat(1000);

function messages(subject: string, count: number): string {
  return `PUB ${subject} ${PAYLOAD.length}\r\n${PAYLOAD}\r\n`.repeat(count);
}

/** A client that has heard nothing of what is pending for it. */
function stuck(still: StillBroker, subject: string): StillSocket {
  const socket = still.client(`SUB ${subject} 1\r\n`);
  socket.takesBytes = 0;
  return socket;
}

test("above the total the clients with the most bytes are closed, and no others", () => {
  const notices: string[] = [];
  const log: Logger = { ...silentLogger, notice: (text) => notices.push(text) };
  const still = new StillBroker({ maxPendingTotalBytes: 100_000 }, log);
  const little = stuck(still, "little");
  const most = stuck(still, "most");
  const much = stuck(still, "much");
  const reader = still.client("SUB > 1\r\n");
  const publisher = still.client();
  publisher.says(messages("little", 10));
  publisher.says(messages("most", 45));
  publisher.says(messages("much", 40));
  still.settle();
  const { counters } = still.broker.host;
  assert.equal(counters.slowConsumers, 0);
  publisher.says(messages("most", 10));
  still.settle();
  assert.deepEqual(
    [little, most, much, reader, publisher].map(({ isEnded }) => isEnded),
    [false, true, false, false, false],
  );
  assert.equal(counters.slowConsumers, 1);
  const [line] = notices.filter((text) => text.includes("Slow Consumer"));
  assert.match(
    line!,
    /Slow Consumer Detected: MaxPendingTotal of 100000 Exceeded with 10\d{4} bytes, of which this one left 5\d{4}$/,
  );
  // What it left is forgotten.
  publisher.says(messages("much", 40));
  still.settle();
  assert.equal(much.isEnded, false);
});

test("as many are closed as it takes", () => {
  const still = new StillBroker({ maxPendingTotalBytes: 100_000 });
  const crowd = [1, 2, 3, 4].map(() => stuck(still, "a"));
  const publisher = still.client();
  publisher.says(messages("a", 45));
  still.settle();
  assert.equal(crowd.filter(({ isEnded }) => isEnded).length, 2);
  assert.equal(still.broker.host.counters.slowConsumers, 2);
});

test("bytes that sockets have taken meanwhile do not count", () => {
  const still = new StillBroker({ maxPendingTotalBytes: 100_000 });
  const one = stuck(still, "one");
  const other = stuck(still, "other");
  const publisher = still.client();
  publisher.says(messages("one", 60));
  still.settle();
  // Without a word, as streams take what is below their mark.
  one.pendingBytes = 0;
  publisher.says(messages("other", 60));
  still.settle();
  assert.equal(one.isEnded || other.isEnded, false);
  publisher.says(messages("one", 60));
  still.settle();
  assert.equal(one.isEnded !== other.isEnded, true);
});

test("without a limit, and when clients go, nobody is closed", () => {
  const unlimited = new StillBroker();
  const reader = stuck(unlimited, "a");
  unlimited.client(messages("a", 500));
  assert.equal(reader.isEnded, false);

  const still = new StillBroker({ maxPendingTotalBytes: 100_000 });
  const publisher = still.client();
  for (let n = 0; n < 10; n++) {
    const gone = stuck(still, "a");
    publisher.says(messages("a", 60));
    still.settle();
    gone.closes({ kind: "reset", code: "ECONNRESET" });
    still.settle();
  }
  assert.equal(still.broker.host.counters.slowConsumers, 0);
});
