/** Large payloads are sent from where they came in, to all who hear them, and small ones are copied. */
import assert from "node:assert/strict";
import { asciiBytes } from "../../src/core/ascii.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { joinWith, KeepingSocket, LateSocket } from "./late_sockets.ts";
import { StillBroker, type StillSocket } from "./still_sockets.ts";

const KIB = 1024;

/** A payload whose every part differs from the others. */
function payload(length: number, seed: number): string {
  let text = "";
  for (let n = seed; text.length < length; n++) text += `${n}.`;
  return text.slice(0, length);
}

function saysInPieces(
  still: StillBroker,
  socket: StillSocket,
  text: string,
  size: number,
): void {
  for (let at = 0; at < text.length; at += size) {
    socket.says(text.slice(at, at + size));
    still.settle();
  }
}

/** The memory of what was written that is at least `length` long. */
function memoryOf(socket: KeepingSocket, length: number): ArrayBufferLike[] {
  return socket.pieces.filter((piece) => piece.length >= length)
    .map(({ buffer }) => buffer);
}

test("a large payload that came in pieces is one piece of memory for all who hear it", () => {
  const still = new StillBroker();
  const readers = ["SUB big 1\r\n", "SUB big 22\r\nSUB * 23\r\n"]
    .map((subs) => joinWith(still, subs, new KeepingSocket()));
  const publisher = still.client();
  const body = payload(256 * KIB, 1);
  saysInPieces(
    still,
    publisher,
    `PUB big ${body.length}\r\n${body}\r\n`,
    60_000,
  );
  const [one, other] = readers;
  const message = (sid: number): string =>
    `MSG big ${sid} ${body.length}\r\n${body}\r\n`;
  assert.ok(one!.take() === message(1));
  // In either order.
  const both = other!.take();
  assert.ok(both.includes(message(22)) && both.includes(message(23)));
  assert.equal(both.length, 2 * message(22).length);
  const memory = readers.flatMap((reader) => memoryOf(reader!, body.length));
  assert.equal(memory.length, 3);
  assert.equal(new Set(memory).size, 1);
});

test("a payload that came in one chunk, or is small, is copied: the chunk is only lent", () => {
  const still = new StillBroker();
  const reader = joinWith(still, "SUB big 1\r\n", new KeepingSocket());
  const publisher = still.client();
  const body = payload(100 * KIB, 5);
  const chunk = asciiBytes(`PUB big ${body.length}\r\n${body}\r\n`);
  reader.takesBytes = 0;
  publisher.saysBytes(chunk);
  still.settle();
  for (const piece of reader.pieces) {
    assert.notEqual(piece.buffer, chunk.buffer);
  }
  assert.ok(reader.take() === `MSG big 1 ${body.length}\r\n${body}\r\n`);
});

test("whatever the sizes and pieces, each reader gets every message, headers or not", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const still = new StillBroker();
  const plain = still.client("SUB > 7\r\n");
  const reader = joinWith(still, "SUB a 1\r\n", new KeepingSocket());
  const slow = joinWith(still, "SUB a 2\r\n", new LateSocket());
  const publisher = joinWith(still, "", new KeepingSocket());
  let sent = "";
  let wanted = "";
  let wantedPlain = "";
  for (let n = 0; n < 30; n++) {
    const body = payload(randomBelow(random, 200 * KIB), n);
    const headers = randomBelow(random, 2) === 0
      ? ""
      : "NATS/1.0\r\nA: b\r\n\r\n";
    const total = headers.length + body.length;
    const sizes = headers === "" ? `${total}` : `${headers.length} ${total}`;
    const verb = headers === "" ? "" : "H";
    sent += `${verb}PUB a ${sizes}\r\n${headers}${body}\r\n`;
    wanted += `${verb}MSG a # ${sizes}\r\n${headers}${body}\r\n`;
    wantedPlain += `MSG a 7 ${body.length}\r\n${body}\r\n`;
  }
  for (let at = 0; at < sent.length;) {
    const size = 1 + randomBelow(random, 100 * KIB);
    publisher.says(sent.slice(at, at + size));
    at += size;
    still.settle();
    if (randomBelow(random, 3) === 0) continue;
    slow.takes(randomBelow(random, 300 * KIB));
    still.settle();
  }
  while (slow.pendingBytes > 0) {
    slow.takes(100 * KIB);
    still.settle();
  }
  assert.ok(reader.take() === wanted.replaceAll("#", "1"));
  assert.ok(slow.text === wanted.replaceAll("#", "2"));
  assert.ok(plain.take() === wantedPlain);
});
