/**
 * Messages in a row that are alike but for their payloads, of which the broker
 * delivers many at once: whatever else happens, clients and counters cannot tell
 * them from messages that come one by one.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { type Random, randomBelow } from "../../src/platform/clock.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { joinWith, KeepingSocket, LateSocket } from "./late_sockets.ts";
import { StillBroker, StillSocket } from "./still_sockets.ts";

const ROUNDS = 60;
const STEPS = 30;
const SUBJECTS = ["a", "b.c", "b.d", "elsewhere"];
const SUBS = ["a", "b.c", "b.*", ">"];
/** Of one script: subscriptions are in some of these groups. */
const GROUPS = [[""], ["q "], ["", "q ", "r "]];
const OPTIONS = [
  '"verbose":false',
  '"verbose":false,"headers":true',
  '"verbose":false,"echo":false',
  '"verbose":true',
];
const SIZES = [0, 1, 3, 16, 200, 5000, 20_000];
/** May publish to some subjects, and hear some. */
const RULED = {
  permissions: {
    publish: { allow: ["a", "b.*"], deny: ["b.d"] },
    subscribe: { allow: [">"], deny: ["b.c"] },
  },
};

/** What one client says in a step, operation by operation. */
interface Said {
  readonly client: number;
  readonly operations: readonly string[];
}

/** Anybody may publish and subscribe; some send lines that come again and again. */
function scriptOf(random: Random, clients: number): Said[] {
  const groups = pick(random, GROUPS);
  return Array.from({ length: STEPS }, () => {
    const client = randomBelow(random, clients);
    const sid = randomBelow(random, 3);
    const subject = pick(random, SUBS);
    const sub = `SUB ${subject} ${pick(random, groups)}${sid}\r\n`;
    switch (randomBelow(random, 6)) {
      case 0:
        return { client, operations: [sub] };
      case 1:
        return {
          client,
          operations: [
            sub,
            `UNSUB ${sid} ${1 + randomBelow(random, 40)}\r\n`,
          ],
        };
      case 2:
        return { client, operations: [`UNSUB ${sid}\r\n`] };
      default:
        return { client, operations: messagesOf(random) };
    }
  });
}

function messagesOf(random: Random): string[] {
  const subject = pick(random, SUBJECTS);
  const size = pick(random, SIZES);
  const reply = randomBelow(random, 8) === 0 ? "reply.to " : "";
  const count = randomBelow(random, 100);
  return Array.from({ length: count }, (_, at) => {
    if (randomBelow(random, 20) === 0) return "PING\r\n";
    // Now and then one that is not like the others.
    const length = randomBelow(random, 20) === 0 ? size + 1 : size;
    const payload = `${at}.`.repeat(length).slice(0, length);
    return `PUB ${subject} ${reply}${length}\r\n${payload}\r\n`;
  });
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[randomBelow(random, from.length)]!;
}

/** A broker and its clients, some of which have a user with rules. */
class Scene {
  readonly #still = new StillBroker({
    authorization: {
      timeoutMs: undefined,
      users: [
        { user: "free", password: "p" },
        { user: "ruled", password: "p", ...RULED },
      ],
    },
  });
  readonly #clients: StillSocket[];

  constructor(logins: readonly string[]) {
    this.#clients = logins.map((login) => {
      const socket = new StillSocket();
      this.#still.broker.join(socket);
      socket.says(`CONNECT {${login}}\r\n`);
      this.#still.settle();
      socket.take();
      return socket;
    });
  }

  says(client: number, chunks: readonly string[]): void {
    for (const chunk of chunks) {
      this.#clients[client]!.says(chunk);
      this.#still.settle();
    }
  }

  /** What all have been told since the last time, and all that was counted. */
  look(): { heard: string[]; counted: unknown } {
    const sessions = [...this.#still.broker.clients.sessions.values()];
    return {
      heard: this.#clients.map((client) => client.take()),
      counted: sessions.map(({ connection, login }) => ({
        client: { ...connection.facts.traffic },
        account: { ...login.account.traffic },
      })),
    };
  }
}

test("messages that come at once, and in any pieces, are as messages that come one by one", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  for (let round = 0; round < ROUNDS; round++) {
    const logins = Array.from({ length: 3 }, () => {
      const user = pick(random, ["free", "free", "ruled"]);
      const login = `"user":"${user}","pass":"p"`;
      return `${pick(random, OPTIONS)},${login}`;
    });
    const apart = new Scene(logins);
    const together = new Scene(logins);
    for (const { client, operations } of scriptOf(random, logins.length)) {
      apart.says(client, operations);
      together.says(client, piecesOf(random, operations.join("")));
      const [seen, wanted] = [together.look(), apart.look()];
      assert.ok(isDeepStrictEqual(seen, wanted), firstDifference(seen, wanted));
    }
  }
});

function firstDifference(seen: unknown, wanted: unknown): string {
  const texts = [JSON.stringify(seen), JSON.stringify(wanted)] as const;
  const at = [...texts[1]].findIndex((letter, at) => letter !== texts[0][at]);
  const [here, there] = texts.map((text) => text.slice(at - 100, at + 100));
  return `${here}\nand not\n${there}`;
}

/** All of it, or cut somewhere. */
function piecesOf(random: Random, text: string): string[] {
  const cut = randomBelow(random, 2 * text.length + 1);
  return cut < text.length ? [text.slice(0, cut), text.slice(cut)] : [text];
}

test("messages that come at once are flushed as early as others", () => {
  const still = new StillBroker({ maxPendingBytes: 8000 });
  const reader = joinWith(still, "SUB a 1\r\n", new KeepingSocket());
  const publisher = still.client();
  publisher.says("PUB a 4\r\ntext\r\n".repeat(1000));
  const frame = "MSG a 1 4\r\ntext\r\n";
  assert.equal(reader.take(), frame.repeat(1000));
  for (const { length } of reader.pieces) {
    // An eighth of what may be pending, and the message that goes beyond it.
    assert.ok(length <= 1000 + frame.length);
  }
});

test("a reader that is late gets all that came at once, in order", (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const still = new StillBroker();
  const reader = joinWith(still, "SUB a 1\r\n", new LateSocket());
  const publisher = still.client();
  let wanted = "";
  for (let step = 0; step < 300; step++) {
    const size = pick(random, SIZES);
    const payloads = Array.from(
      { length: randomBelow(random, 60) },
      (_, at) => `${step}.${at}.`.repeat(size + 1).slice(0, size),
    );
    const line = `a ${size}\r\n`;
    publisher.says(
      payloads.map((text) => `PUB ${line}${text}\r\n`).join(""),
    );
    still.settle();
    wanted += payloads.map((text) => `MSG a 1 ${size}\r\n${text}\r\n`).join("");
    reader.takes(randomBelow(random, 200_000));
    still.settle();
  }
  while (reader.pendingBytes > 0) {
    reader.takes(Infinity);
    still.settle();
  }
  assert.ok(reader.text === wanted);
});

test("a subscription that has had its last message leaves the others of its client as they are", () => {
  const still = new StillBroker();
  const leaving = "SUB a 2\r\nUNSUB 2 16\r\n";
  for (const subs of [`${leaving}SUB a 1\r\n`, `SUB a 1\r\n${leaving}`]) {
    const reader = still.client(subs);
    still.client().says("PUB a 2\r\nhi\r\n".repeat(80));
    const text = reader.take();
    assert.equal(text.split("MSG a 1 2\r\nhi\r\n").length - 1, 80);
    assert.equal(text.split("MSG a 2 2\r\nhi\r\n").length - 1, 16);
    reader.closes();
  }
});
