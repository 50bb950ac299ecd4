/**
 * The budget of a turn: what takes long goes on in later turns of the event
 * loop, in its order and without loss, and other connections are served in
 * between. Work is counted here, never time.
 */
import assert from "node:assert/strict";
import { silentLogger } from "../../src/core/log.ts";
import { TURN_WORK_MAX } from "../../src/core/work_meter.ts";
import { accountOptions } from "../accounts/account_options.ts";
import { test } from "../support/test.ts";
import { StillBroker, StillSocket } from "./still_sockets.ts";

function pub(subject: string, payload: string): string {
  return `PUB ${subject} ${payload.length}\r\n${payload}\r\n`;
}

/** Numbered messages, in one chunk. */
function numbered(subject: string, count: number): string {
  let text = "";
  for (let n = 0; n < count; n++) text += pub(subject, String(n));
  return text;
}

/** The payloads of numbered messages that a socket was given. */
function numbersIn(text: string): number[] {
  return [...text.matchAll(/MSG \S+ \S+ \d+\r\n(\d+)\r\n/g)]
    .map(([, number]) => Number(number));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** A PING is answered in the turn in which it comes. */
function assertServed(socket: StillSocket): void {
  socket.says("PING\r\n");
  assert.equal(socket.take(), "PONG\r\n");
}

test("messages to many subscriptions are spread over turns, in their order", () => {
  const still = new StillBroker();
  const subscriptions = 1000;
  const listener = still.client("SUB a 1\r\n");
  const crowd = still.client();
  for (let n = 1; n < subscriptions; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const publisher = still.client();
  const other = still.client();
  const count = 200;
  publisher.says(numbered("a", count));
  const { outMsgs } = still.broker.host.counters.traffic;
  assert.ok(outMsgs < 2 * TURN_WORK_MAX, `${outMsgs} deliveries in one turn`);
  assertServed(other);
  const turns = still.settle();
  assert.ok(turns >= count * subscriptions / TURN_WORK_MAX - 1, `${turns}`);
  assert.deepEqual(numbersIn(listener.take()), upTo(count));
});

test("other clients are served between any two turns of a flood", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 2000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const publisher = still.client();
  const other = still.client();
  publisher.says(numbered("a", 100));
  let turns = 0;
  while (still.isBusy) {
    assertServed(other);
    still.turn();
    turns++;
  }
  assert.ok(turns > 5);
});

test("patterns that overlap are walked in several turns", () => {
  const still = new StillBroker();
  const depth = 10;
  const listener = still.client();
  const patterns = 2 ** depth;
  for (let bits = 0; bits < patterns; bits++) {
    const tokens = upTo(depth).map((place) => (bits >> place) & 1 ? "*" : "a");
    listener.says(`SUB ${tokens.join(".")}.z ${bits}\r\n`);
  }
  still.settle();
  const publisher = still.client();
  const other = still.client();
  // Each subject is new, so that no result is found in a cache.
  const path = "a.".repeat(depth);
  publisher.says(upTo(200).map((n) => pub(`${path}y${n}`, "x")).join(""));
  assert.ok(still.isBusy, "the walks did not end the turn");
  assertServed(other);
  assert.ok(still.settle() > 10);
  assert.equal(still.broker.host.counters.traffic.inMsgs, 200);
});

test("subscriptions that come in a flood are spread over turns", () => {
  const still = new StillBroker();
  const client = still.client();
  const other = still.client();
  const count = 20_000;
  const { sublist } = still.broker.host.accounts.global;
  const own = sublist.size;
  client.says(upTo(count).map((n) => `SUB s.${n} ${n}\r\n`).join(""));
  assert.ok(sublist.size < count / 10, `${sublist.size} in one turn`);
  assertServed(other);
  still.settle();
  assert.equal(sublist.size, own + count);
  client.closes();
  assert.ok(sublist.size > own, "all of them went in one turn");
  assertServed(other);
  still.settle();
  assert.equal(sublist.size, own);
});

test("what a client sent before it went is handled to its end", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 2000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const listener = still.client("SUB a 1\r\n");
  const publisher = still.client();
  publisher.says(numbered("a", 100));
  publisher.closes();
  assert.ok(still.isBusy);
  still.settle();
  assert.deepEqual(numbersIn(listener.take()), upTo(100));
  assert.equal(still.broker.clients.sessions.size, 2);
});

test("chunks that come while one is under way keep their order", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 5000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const listener = still.client("SUB a 1\r\n");
  const publisher = still.client();
  const text = numbered("a", 60);
  // Cut anywhere, also within a line.
  publisher.says(text.slice(0, 333));
  assert.ok(still.isBusy);
  publisher.says(text.slice(333, 500));
  assert.equal(publisher.isPaused, true, "it is read from all the same");
  publisher.says(text.slice(500));
  still.settle();
  assert.equal(publisher.isPaused, false);
  assert.deepEqual(numbersIn(listener.take()), upTo(60));
});

test("one message to more receivers than a turn can serve is spread over turns", () => {
  const still = new StillBroker();
  const count = 3 * TURN_WORK_MAX;
  const crowd = still.client();
  for (let n = 0; n < count; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  crowd.take();
  const listener = still.client("SUB a 1\r\nSUB b 2\r\n");
  const publisher = still.client();
  const other = still.client();
  publisher.says(numbered("a", 2) + pub("b", "2"));
  assertServed(other);
  still.turn();
  const { outMsgs } = still.broker.host.counters.traffic;
  assert.ok(outMsgs <= TURN_WORK_MAX, `${outMsgs} deliveries in one turn`);
  assertServed(other);
  still.settle();
  assert.deepEqual(numbersIn(crowd.take()).length, 2 * count);
  assert.deepEqual(numbersIn(listener.take()), [0, 1, 2]);
});

test("a wide message reaches nothing that has unsubscribed in between", () => {
  const still = new StillBroker();
  const count = 3 * TURN_WORK_MAX;
  const crowd = still.client();
  for (let n = 0; n < count; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const late = still.client("SUB a 1\r\n");
  const publisher = still.client("SUB a 9\r\n");
  publisher.says(pub("a", "7"));
  late.says("UNSUB 1\r\n");
  still.settle();
  assert.equal(late.take(), "");
  assert.deepEqual(numbersIn(publisher.take()), [7]);
});

test("a wide request of a client that hears nothing of itself finds no responders", () => {
  const still = new StillBroker();
  const client = still.client();
  client.says(
    'CONNECT {"verbose":false,"echo":false,"headers":true,"no_responders":true}\r\n' +
      "SUB inbox 1\r\n",
  );
  for (let n = 0; n < 3 * TURN_WORK_MAX; n++) client.says(`SUB a s${n}\r\n`);
  still.settle();
  client.take();
  client.says("PUB a inbox 1\r\nx\r\n");
  still.settle();
  assert.match(client.take(), /^HMSG inbox 1 \d+ \d+\r\nNATS\/1\.0 503/);
});

test("a fault in a wide delivery ends its publisher, and nothing else", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 3 * TURN_WORK_MAX; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const other = still.client();
  const publisher = still.client();
  const { sessions } = still.broker.clients;
  const [session] = sessions.values();
  session!.deliver = () => {
    throw new Error("broken");
  };
  publisher.says(pub("a", "1"));
  still.settle();
  assert.equal(publisher.isEnded, true);
  assert.equal(sessions.size, 2);
  assert.equal(still.broker.host.turn.owner, undefined);
  assertServed(other);
});

test("a large message to many clients is copied in several turns", () => {
  const still = new StillBroker();
  const clients = upTo(100).map(() => still.client("SUB a 1\r\n"));
  const publisher = still.client();
  const payload = "x".repeat(1_000_000);
  publisher.says(pub("a", payload));
  assert.ok(still.isBusy);
  still.turn();
  const served = clients.filter(({ writes }) => writes > 1).length;
  assert.ok(served < clients.length / 2, `${served} in one turn`);
  still.settle();
  for (const client of clients) {
    assert.ok(client.take().endsWith(`${payload}\r\n`));
  }
});

test("many receivers are flushed in several turns, and all of them", () => {
  const still = new StillBroker();
  const clients = upTo(1000).map(() => still.client("SUB a 1\r\n"));
  const before = clients.map(({ writes }) => writes);
  const publisher = still.client();
  publisher.says(pub("a", "1"));
  const flushed = (): number =>
    clients.filter(({ writes }, n) => writes > before[n]!).length;
  assert.ok(flushed() < 1000, "all in one turn");
  still.settle();
  assert.equal(flushed(), 1000);
  for (const client of clients) assert.deepEqual(numbersIn(client.take()), [1]);
});

/** A queue group on "a"; `written` gives how often its members were written to since. */
function group(
  still: StillBroker,
  members: number,
): { clients: StillSocket[]; written: () => number } {
  const clients = upTo(members).map(() => still.client("SUB a q 1\r\n"));
  const count = (): number =>
    clients.reduce((sum, { writes }) => sum + writes, 0);
  const before = count();
  return { clients, written: () => count() - before };
}

test("few bytes for each of many receivers wait for more, but not for long", () => {
  const still = new StillBroker();
  const { clients, written } = group(still, 2000);
  const publisher = still.client();
  const sent = 200;
  let rounds = 0;
  while (written() === 0) {
    publisher.says(numbered("a", sent));
    still.turn();
    assert.ok(++rounds < 10, "nothing was written in ten turns");
  }
  assert.ok(rounds > 4, `all of it was written in turn ${rounds}`);
  assert.ok(written() <= clients.length);
  still.settle();
  const heard = clients.flatMap((client) => numbersIn(client.take()));
  assert.equal(heard.length, rounds * sent);
});

test("few bytes for each of many receivers wait for nothing where nothing comes", () => {
  const still = new StillBroker();
  const { clients, written } = group(still, 200);
  const publisher = still.client();
  publisher.says(numbered("a", 200));
  assert.equal(written(), 0);
  still.turn();
  still.turn();
  const heard = clients.flatMap((client) => numbersIn(client.take()));
  assert.equal(heard.length, 200);
});

test("what others write meanwhile, much for each, or for few, is written at once", () => {
  const still = new StillBroker();
  const { written } = group(still, 200);
  const publisher = still.client();
  const listener = still.client("SUB b 1\r\n");
  const crowd = upTo(100).map(() => still.client("SUB c 1\r\n"));
  publisher.says(numbered("a", 200));
  assert.equal(written(), 0);
  const other = still.client();
  other.says(pub("b", "1"));
  assert.deepEqual(numbersIn(listener.take()), [1]);
  other.says(pub("c", "1".repeat(2000)));
  assert.ok(crowd.every((client) => client.take() !== ""));
  assertServed(other);
});

test("what a long chunk writes is not kept until its end", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 10_000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const listener = still.client("SUB a 1\r\n");
  const publisher = still.client();
  publisher.says(numbered("a", 100));
  for (let turns = 0; turns < 10; turns++) still.turn();
  assert.ok(still.isBusy);
  assert.ok(numbersIn(listener.take()).length > 0);
});

for (
  const [who, sub] of [["consumer", "SUB a 1"], [
    "member",
    "SUB a q 1",
  ]] as const
) {
  test(`a slow ${who} stops its producer in the middle of a chunk`, () =>
    stopsProducer(`${sub}\r\n`));
}

function stopsProducer(sub: string): void {
  const limit = 100_000;
  const still = new StillBroker({ maxPendingBytes: limit });
  const slow = still.client(sub);
  const publisher = still.client();
  slow.takesBytes = 0;
  const payload = "x".repeat(1000);
  const count = 500;
  publisher.says(pub("a", payload).repeat(count));
  still.settle();
  const { host, clients } = still.broker;
  assert.ok(host.counters.traffic.inMsgs < 200, "the chunk went on");
  assert.equal(publisher.isPaused, true);
  assert.ok(slow.pendingBytes <= limit);
  while (host.counters.traffic.inMsgs < count) {
    slow.drains();
    still.settle();
  }
  slow.drains();
  still.settle();
  assert.equal(publisher.isPaused, false);
  assert.equal(
    slow.take().length,
    count * "MSG a 1 1000\r\n\r\n".length + count * 1000,
  );
  assert.equal(clients.sessions.size, 2);
  assert.equal(host.counters.slowConsumers, 0);
}

test("several producers together do not fill a consumer that drains", () => {
  const limit = 100_000;
  const still = new StillBroker({ maxPendingBytes: limit });
  const slow = still.client("SUB a 1\r\n");
  const publishers = upTo(6).map(() => still.client());
  slow.takesBytes = 0;
  const messages = pub("a", "x".repeat(1000)).repeat(60);
  for (const publisher of publishers) publisher.says(messages);
  still.settle();
  assert.ok(slow.pendingBytes <= limit);
  const { host } = still.broker;
  while (host.counters.traffic.inMsgs < publishers.length * 60) {
    slow.drains();
    still.settle();
  }
  assert.equal(host.counters.slowConsumers, 0);
});

test("a producer that is held for two consumers waits for both", () => {
  const still = new StillBroker({ maxPendingBytes: 50_000 });
  const slow = [1, 2].map(() => still.client("SUB a 1\r\n"));
  const publisher = still.client();
  for (const socket of slow) socket.takesBytes = 0;
  publisher.says(pub("a", "x".repeat(1000)).repeat(60));
  still.settle();
  const { counters } = still.broker.host;
  const stopped = counters.traffic.inMsgs;
  assert.ok(stopped < 60);
  slow[0]!.drains();
  still.settle();
  assert.equal(counters.traffic.inMsgs, stopped);
  slow[1]!.drains();
  still.settle();
  assert.ok(counters.traffic.inMsgs > stopped);
});

test("a consumer that goes away lets its producers go on", () => {
  const still = new StillBroker({ maxPendingBytes: 50_000 });
  const slow = still.client("SUB a 1\r\n");
  slow.takesBytes = 0;
  const publisher = still.client();
  publisher.says(pub("a", "x".repeat(1000)).repeat(60));
  still.settle();
  assert.ok(still.broker.host.counters.traffic.inMsgs < 60);
  slow.closes({ kind: "reset", code: "ECONNRESET" });
  still.settle();
  assert.equal(still.broker.host.counters.traffic.inMsgs, 60);
  assertServed(publisher);
});

test("a consumer that is gone holds nobody, though what it sent is not handled yet", () => {
  const still = new StillBroker({ maxPendingBytes: 50_000 });
  const gone = still.client("SUB a 1\r\n");
  const slow = still.client("SUB b 1\r\n");
  const publisher = still.client();
  gone.takesBytes = 0;
  slow.takesBytes = 0;
  // It waits for another consumer, with the rest of a chunk.
  gone.says(pub("b", "x".repeat(1000)).repeat(60));
  publisher.says(pub("a", "x".repeat(1000)).repeat(60));
  still.settle();
  assert.equal(publisher.isPaused, true);
  gone.closes({ kind: "reset", code: "ECONNRESET" });
  still.settle();
  assert.equal(publisher.isPaused, false);
});

test("tracing a flood is spread over turns", () => {
  const lines: string[] = [];
  const still = new StillBroker({}, {
    ...silentLogger,
    traceEnabled: true,
    trace: (text) => lines.push(text),
  });
  const publisher = still.client();
  lines.length = 0;
  const count = 1000;
  publisher.says(numbered("a", count));
  assert.ok(lines.length < count, `${lines.length} lines in one turn`);
  still.settle();
  assert.equal(lines.length, 2 * count);
});

test("a producer that is held now and then does not go stale", async () => {
  const still = new StillBroker({
    maxPendingBytes: 50_000,
    pingIntervalMs: 100,
    pingMax: 1,
  });
  const slow = still.client("SUB a 1\r\n");
  const publisher = still.client();
  const messages = pub("a", "x".repeat(1000)).repeat(60);
  const rounds = 100;
  for (let n = 0; n < rounds; n++) {
    slow.takesBytes = 0;
    slow.says("PONG\r\n");
    // Its PONG would come behind all this.
    publisher.says(messages);
    still.settle();
    assert.equal(publisher.isPaused, true);
    await still.clock.advance(35);
    slow.takesBytes = Infinity;
    slow.drains();
    still.settle();
    assert.equal(publisher.isPaused, false);
    await still.clock.advance(38);
  }
  assert.equal(publisher.isEnded, false);
  assert.equal(publisher.take(), "PING\r\n");
  assert.equal(still.broker.host.counters.traffic.inMsgs, rounds * 60);
  await still.clock.advance(300);
  assert.equal(publisher.isEnded, true, "nobody holds it any more");
});

test("a wide message is held in its middle, and a reader at full speed keeps up", () => {
  const still = new StillBroker({ maxPendingBytes: 100_000 });
  const count = 3 * TURN_WORK_MAX;
  const reader = still.client();
  for (let n = 0; n < count; n++) reader.says(`SUB a ${n}\r\n`);
  still.settle();
  reader.take();
  reader.takesBytes = 0;
  const publisher = still.client();
  publisher.says(pub("a", "x"));
  still.settle();
  const { counters } = still.broker.host;
  assert.ok(counters.traffic.outMsgs < count / 2, "it went on");
  assert.equal(publisher.isPaused, true);
  for (let rounds = 0; publisher.isPaused && rounds < 1000; rounds++) {
    reader.drains();
    still.settle();
  }
  reader.drains();
  assert.equal(counters.traffic.outMsgs, count);
  assert.equal(reader.take().split("MSG a ").length - 1, count);
  assert.equal(counters.slowConsumers, 0);
});

test("what one turn brings beyond max_pending closes nobody who reads", () => {
  const limit = 100_000;
  const still = new StillBroker({ maxPendingBytes: limit });
  const reader = still.client();
  for (let n = 0; n < 500; n++) reader.says(`SUB a ${n}\r\n`);
  still.settle();
  reader.takesBytes = 0;
  const publisher = still.client();
  const messages = 5;
  publisher.says(pub("a", "x".repeat(1000)).repeat(messages));
  still.settle();
  const { counters } = still.broker.host;
  assert.ok(reader.pendingBytes > limit || counters.traffic.outMsgs === 500);
  assert.equal(publisher.isPaused, true);
  for (let rounds = 0; publisher.isPaused && rounds < 1000; rounds++) {
    reader.drains();
    still.settle();
  }
  assert.equal(counters.traffic.outMsgs, 500 * messages);
  assert.equal(counters.slowConsumers, 0);
});

test("one that reads nothing above max_pending is closed when its moment is over", async () => {
  const still = new StillBroker({ maxPendingBytes: 100_000 });
  const stuck = still.client();
  for (let n = 0; n < 500; n++) stuck.says(`SUB a ${n}\r\n`);
  still.settle();
  stuck.takesBytes = 0;
  const publisher = still.client();
  publisher.says(pub("a", "x".repeat(1000)).repeat(5));
  still.settle();
  await still.clock.advance(1000);
  assert.equal(stuck.isEnded, true);
  still.settle();
  assert.equal(publisher.isPaused, false);
  assert.equal(still.broker.host.counters.traffic.inMsgs, 5);
});

test("many busy clients share a round: it ends after the work of two turns", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 1000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  crowd.forgets = true;
  const busy = upTo(50).map(() => still.client());
  const other = still.client();
  const { counters } = still.broker.host;
  let before = counters.traffic.outMsgs;
  const handled = (): number => {
    const count = counters.traffic.outMsgs - before;
    before = counters.traffic.outMsgs;
    return count;
  };
  for (const client of busy) client.says(numbered("a", 60));
  const most = 3 * TURN_WORK_MAX;
  assert.ok(handled() <= most);
  assert.ok(busy.at(-1)!.isPaused);
  while (still.isBusy) {
    assertServed(other);
    still.turn();
    const count = handled();
    assert.ok(count <= most, `${count} deliveries in one round`);
  }
  assert.equal(counters.traffic.outMsgs, busy.length * 60 * 1000);
  assert.ok(busy.every(({ isPaused }) => !isPaused));
});

test("clients that have more to do take turns", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 1000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  const busy = upTo(10).map(() => still.client());
  for (const client of busy) client.says(numbered("a", 200));
  const [...sessions] = still.broker.clients.sessions.values();
  const read = (): number[] =>
    sessions.slice(-busy.length)
      .map(({ connection }) => connection.facts.traffic.inMsgs);
  let widest = 0;
  while (still.isBusy) {
    still.turn();
    const counts = read();
    if (Math.min(...counts) === 200) break;
    widest = Math.max(widest, Math.max(...counts) - Math.min(...counts));
  }
  // A turn is worth twenty of these messages.
  assert.ok(widest <= 60, `one is ${widest} messages ahead of another`);
  still.settle();
  assert.deepEqual(read(), busy.map(() => 200));
});

test("a change of the cluster is told to many clients in several turns", () => {
  const still = new StillBroker();
  const hello = 'CONNECT {"protocol":1,"verbose":false}\r\nPING\r\n';
  const clients = upTo(2000).map(() => still.client(hello));
  const other = still.client();
  const told = (): number =>
    clients.filter((client) => client.take().includes("INFO {")).length;
  still.broker.host.info.push();
  const atOnce = told();
  assert.ok(atOnce < clients.length / 2, `${atOnce} in one turn`);
  assertServed(other);
  still.settle();
  assert.equal(atOnce + told(), clients.length);
});

test("work that nobody waits for is spread, each of it done once and in order", () => {
  const still = new StillBroker();
  const other = still.client();
  const { turn } = still.broker.host;
  const done: number[] = [];
  turn.spreadOver(upTo(10_000), 20, (n) => done.push(n));
  assert.ok(done.length <= TURN_WORK_MAX / 20, `${done.length} at once`);
  assertServed(other);
  assert.ok(still.settle() >= 4);
  assert.deepEqual(done, upTo(10_000));
});

test("what spread work spreads itself makes no turn longer", () => {
  const still = new StillBroker();
  const { turn } = still.broker.host;
  const done: number[] = [];
  turn.spreadOver(upTo(100), TURN_WORK_MAX / 10, (n) => {
    turn.spreadOver([n], 0, () => done.push(n));
  });
  assert.ok(done.length <= 10, `${done.length} at once`);
  still.settle();
  assert.deepEqual(done, upTo(100));
});

test("the first words of new clients wait for a round, those of others do not", () => {
  const still = new StillBroker();
  const crowd = still.client();
  for (let n = 0; n < 1000; n++) crowd.says(`SUB a ${n}\r\n`);
  still.settle();
  crowd.forgets = true;
  const other = still.client();
  const busy = upTo(4).map(() => still.client());
  const newcomer = new StillSocket();
  still.broker.join(newcomer);
  for (const client of busy) client.says(numbered("a", 60));
  newcomer.says('CONNECT {"verbose":false}\r\nPING\r\n');
  assert.ok(!newcomer.take().includes("PONG"));
  assertServed(other);
  still.settle();
  assert.ok(newcomer.take().includes("PONG\r\n"));
  assertServed(newcomer);
});

test("logins take turns, however small the pieces are in which they come", () => {
  const key = "UDLVS6J3XQJ2FAM2QJ6HNLNW7OUKJGXOAB7UT4WQTEWZTOBFVUWEQTSF";
  const users = [
    { user: "", password: "", nkey: key },
    { user: "a", password: "p" },
  ];
  const still = new StillBroker({ accounts: [accountOptions("A", { users })] });
  const fields = JSON.stringify({ nkey: key, sig: "x".repeat(86) });
  const strangers = upTo(100).map(() => new StillSocket());
  for (const stranger of strangers) {
    still.broker.join(stranger);
    stranger.says("CONNECT ");
    still.settle();
  }
  for (const stranger of strangers) stranger.says(`${fields}\r\n`);
  const refused = strangers.filter(({ isEnded }) => isEnded).length;
  assert.ok(refused > 0 && refused < 30, `${refused} logins in one round`);
  still.settle();
  assert.ok(strangers.every(({ isEnded }) => isEnded));
  const again = new StillSocket();
  still.broker.join(again);
  const line = 'CONNECT {"user":"a","pass":"p"}\r\n';
  again.says(line.repeat(100));
  const turns = still.settle();
  assert.ok(turns >= 10, `100 logins in ${turns} turns`);
  assert.equal(again.take().split("+OK").length - 1, 100);
});
