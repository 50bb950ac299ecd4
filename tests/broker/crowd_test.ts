/** One message to many: those with the same sid are sent the same memory, and each gets what it should. */
import assert from "node:assert/strict";
import { randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { joinWith, KeepingSocket, LateSocket } from "./late_sockets.ts";
import { StillBroker } from "./still_sockets.ts";

/** Where the last bytes were written from. */
function memoryOf({ pieces }: KeepingSocket): ArrayBufferLike {
  return pieces.at(-1)!.buffer;
}

test("receivers with one sid are sent the same memory, others have their own", () => {
  const still = new StillBroker();
  const join = (subs: string): KeepingSocket =>
    joinWith(still, subs, new KeepingSocket());
  const alike = Array.from({ length: 20 }, () => join("SUB a.* 1\r\n"));
  const others = ["11", "2", "01"].map((sid) => join(`SUB a.> ${sid}\r\n`));
  const publisher = still.client();
  publisher.says("PUB a.b r 3\r\none\r\nPUB a.c 3\r\ntwo\r\n");
  still.settle();
  const memories = [...alike, ...others].map(memoryOf);
  assert.equal(new Set(memories).size, 1 + others.length);
  for (const reader of alike) {
    assert.equal(
      reader.take(),
      "MSG a.b 1 r 3\r\none\r\nMSG a.c 1 3\r\ntwo\r\n",
    );
  }
  assert.equal(
    others[0]!.take(),
    "MSG a.b 11 r 3\r\none\r\nMSG a.c 11 3\r\ntwo\r\n",
  );
});

test("a member that has had its last message is not chosen for a line that comes again", () => {
  const still = new StillBroker();
  const leaving = still.client("SUB a q 1\r\nUNSUB 1 3\r\n");
  const staying = still.client("SUB a q 2\r\n");
  const publisher = still.client();
  publisher.says("PUB a 2\r\nhi\r\n".repeat(200));
  still.settle();
  assert.equal(leaving.take(), "MSG a 1 2\r\nhi\r\n".repeat(3));
  assert.equal(staying.take(), "MSG a 2 2\r\nhi\r\n".repeat(197));
});

test("who understands headers and who does not are sent different bytes", () => {
  const still = new StillBroker();
  const plain = Array.from({ length: 3 }, () => still.client("SUB a 1\r\n"));
  const withHeaders = Array.from(
    { length: 3 },
    () => joinWith(still, "SUB a 1\r\n", new KeepingSocket()),
  );
  const later = still.client("SUB a 1\r\n");
  const publisher = joinWith(still, "", new KeepingSocket());
  const headers = "NATS/1.0\r\nA: b\r\n\r\n";
  publisher.says(`HPUB a ${headers.length} 20\r\n${headers}hi\r\n`);
  publisher.says("PUB a 2\r\nho\r\n");
  still.settle();
  for (const reader of [...plain, later]) {
    assert.equal(reader.take(), "MSG a 1 2\r\nhi\r\nMSG a 1 2\r\nho\r\n");
  }
  for (const reader of withHeaders) {
    assert.equal(
      reader.take(),
      `HMSG a 1 18 20\r\n${headers}hi\r\nMSG a 1 2\r\nho\r\n`,
    );
  }
});

test("readers that hear this or that under one sid or another, early or late, get their messages in order", () => {
  const seed = freshSeed();
  console.log(`seed ${seed}`);
  const random = seededRandom(seed);
  const still = new StillBroker();
  const subjects = ["a", "b", "c"];
  const readers = Array.from({ length: 40 }, () => {
    const heard = new Map<string, string>();
    for (const subject of subjects) {
      if (randomBelow(random, 3) === 0) continue;
      heard.set(
        subject,
        `${1 + randomBelow(random, 3)}${subject === "a" ? "" : subject}`,
      );
    }
    const subs = [...heard].map(([subject, sid]) =>
      `SUB ${subject} ${sid}\r\n`
    );
    const socket = joinWith(still, subs.join(""), new LateSocket());
    return { heard, socket, wanted: "" };
  });
  const publishers = [still.client(), still.client()];
  for (let n = 0; n < 1500; n++) {
    const subject = subjects[randomBelow(random, 3)]!;
    const body = `${n}${"x".repeat(randomBelow(random, 300))}`;
    const publisher = publishers[randomBelow(random, 2)]!;
    publisher.says(`PUB ${subject} ${body.length}\r\n${body}\r\n`);
    for (const reader of readers) {
      const sid = reader.heard.get(subject);
      if (sid === undefined) continue;
      reader.wanted += `MSG ${subject} ${sid} ${body.length}\r\n${body}\r\n`;
    }
    if (randomBelow(random, 30) > 0) continue;
    still.settle();
    for (const { socket } of readers) {
      if (randomBelow(random, 2) === 0) socket.takes(randomBelow(random, 9000));
    }
  }
  for (const { socket, wanted } of readers) {
    do {
      still.settle();
      socket.takes(20_000);
    } while (socket.pendingBytes > 0);
    still.settle();
    socket.takes(Infinity);
    assert.ok(socket.text === wanted);
  }
});
