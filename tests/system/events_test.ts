/** What the server tells of clients, accounts and itself. */
import assert from "node:assert/strict";
import { defaultWebSocketOptions } from "../../src/options/options.ts";
import { connectWebSocketPeer } from "../broker/websocket_peer.ts";
import { connectPeer } from "../support/peer.ts";
import { seededRandom } from "../support/random.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { startStillMidge } from "../broker/still_midge.ts";
import {
  connectAs,
  type Json,
  startSystem,
  SYSTEM_OPTIONS,
} from "./system_client.ts";

test("a client by WebSocket is told of as one", async (t) => {
  const { hear, midge } = await startSystem(t, {
    websocket: {
      ...defaultWebSocketOptions(),
      host: "127.0.0.1",
      noTls: true,
    },
  });
  const heard = await hear("$SYS.ACCOUNT.A.CONNECT");
  const { port } = midge.server.websocketAddress!;
  const page = await connectWebSocketPeer(t, port);
  await page.login({ user: "a", pass: "pw" });
  await until("it is told of", () => heard.length > 0);
  const { kind, client_type } = heard[0]![1]["client"] as Json;
  assert.deepEqual([kind, client_type], ["Client", "websocket"]);
});

test("a client that comes and goes is told of, its account's connections first", async (t) => {
  const { hear, midge, id } = await startSystem(t);
  const heard = await hear("$SYS.>");
  const peer = await connectPeer(midge);
  await peer.handshake({
    user: "a",
    pass: "pw",
    name: "n",
    lang: "l",
    version: "v",
  });
  peer.send("PUB x 2\r\nhi\r\nPING\r\n");
  await peer.expect("PONG\r\n");
  await peer.close();
  const subjects = () => heard.map(([subject]) => subject);
  const last = "$SYS.ACCOUNT.A.DISCONNECT";
  await until("it is told to be gone", () => subjects().includes(last));
  const conns = [
    "$SYS.SERVER.ACCOUNT.A.CONNS",
    "$SYS.ACCOUNT.A.SERVER.CONNS",
  ];
  assert.deepEqual(
    subjects().filter((subject) => subject.includes(".A.")),
    [...conns, "$SYS.ACCOUNT.A.CONNECT", ...conns, last],
  );
  const events = new Map(heard);
  const connect = events.get("$SYS.ACCOUNT.A.CONNECT")!;
  const { start, ...client } = connect["client"] as Json;
  assert.match(String(start), /Z$/);
  assert.deepEqual(client, {
    host: "127.0.0.1",
    id: client["id"],
    acc: "A",
    user: "a",
    name: "n",
    lang: "l",
    ver: "v",
    name_tag: "A",
    kind: "Client",
    client_type: "nats",
  });
  assert.equal(
    connect["type"],
    "io.nats.server.advisory.v1.client_connect",
  );
  assert.equal((connect["server"] as Json)["id"], id);
  const gone = events.get(last)!;
  assert.deepEqual(
    [gone["sent"], gone["received"], gone["reason"]],
    [{ msgs: 1, bytes: 2 }, { msgs: 0, bytes: 0 }, "Client Closed"],
  );
  assert.equal((gone["client"] as Json)["stop"], gone["timestamp"]);
  const told = events.get("$SYS.ACCOUNT.A.SERVER.CONNS")!;
  assert.deepEqual([told["acc"], told["conns"]], ["A", 0]);
  assert.equal((told["received"] as Json)["bytes"], 2);
});

test("a client that goes on in another account is told of in both, the old one first", async (t) => {
  const { hear, midge } = await startSystem(t);
  const heard = await hear("$SYS.ACCOUNT.*.>");
  const peer = await connectPeer(midge);
  const numbers = () =>
    heard.map(([subject, { conns }]) =>
      `${subject.slice("$SYS.ACCOUNT.".length)} ${conns ?? ""}`.trim()
    );
  await peer.handshake({ user: "a", pass: "pw" });
  for (const user of ["b", "b"]) {
    peer.send(`CONNECT {"user":"${user}","pass":"pw"}\r\nPING\r\n`);
    await peer.expect("PONG\r\n");
  }
  await peer.close();
  await until("it is gone", () => numbers().includes("B.DISCONNECT"));
  assert.deepEqual(numbers(), [
    "A.SERVER.CONNS 1",
    "A.CONNECT",
    "A.SERVER.CONNS 0",
    "B.SERVER.CONNS 1",
    "B.CONNECT",
    "B.SERVER.CONNS 1",
    "B.CONNECT",
    "B.SERVER.CONNS 0",
    "B.DISCONNECT",
  ]);
});

test("a client that is not let in is told of, and never its password", async (t) => {
  const { hear, midge, id } = await startSystem(t);
  const heard = await hear("$SYS.>");
  const peer = await connectPeer(midge);
  peer.send('CONNECT {"user":"a","pass":"s3cret"}\r\n');
  await peer.expectClosed();
  const subject = `$SYS.SERVER.${id}.CLIENT.AUTH.ERR`;
  const last = "$SYS.ACCOUNT.$G.DISCONNECT";
  await until("it is told", () => heard.some(([told]) => told === last));
  const [, refused] = heard.find(([told]) => told === subject)!;
  assert.deepEqual(
    [refused["reason"], (refused["client"] as Json)["user"]],
    ["Authentication Failure", "a"],
  );
  assert.ok(!JSON.stringify(heard).includes("s3cret"));
});

test("the global account's connections are not told", async (t) => {
  const { hear, midge } = await startSystem(t, {
    accounts: SYSTEM_OPTIONS.accounts!.slice(0, 1),
  });
  const heard = await hear("$SYS.ACCOUNT.>");
  const peer = await connectPeer(midge);
  await peer.handshake({});
  await peer.close();
  const last = "$SYS.ACCOUNT.$G.DISCONNECT";
  await until("it is gone", () => heard.some(([told]) => told === last));
  assert.deepEqual(
    heard.map(([told]) => told),
    ["$SYS.ACCOUNT.$G.CONNECT", last],
  );
});

test("other accounts hear nothing of all that", async (t) => {
  const { midge } = await startSystem(t);
  const a = await connectAs(t, midge, "a");
  const heard: string[] = [];
  a.subscribe(">", {
    callback: (_error, { subject }) => void heard.push(subject),
  });
  await a.flush();
  await (await connectAs(t, midge, "b")).close();
  await until("b is gone", () => midge.server.connz({ acc: "B" }).total === 0);
  await a.flush();
  assert.deepEqual(heard, []);
});

test("no event is made while nobody listens", async (t) => {
  let drawn = 0;
  const random = seededRandom(1);
  const still = await startStillMidge(t, SYSTEM_OPTIONS, {
    random: {
      next: () => {
        drawn++;
        return random.next();
      },
      fill: (target) => random.fill(target),
    },
  });
  const login = async (): Promise<number> => {
    const before = drawn;
    const peer = await still.login({ user: "a", pass: "pw" });
    peer.end();
    await still.clock.advance(0);
    return drawn - before;
  };
  await login();
  const quiet = await login();
  const listener = await still.login({ user: "sys", pass: "pw" });
  await listener.say("SUB $SYS.ACCOUNT.*.CONNECT 1\r\nPING\r\n");
  // An id is drawn for each event.
  assert.equal(await login(), quiet + 1);
});

test("statistics come after a quarter of a second, then ever later, up to ten", async (t) => {
  const still = await startStillMidge(t, SYSTEM_OPTIONS);
  const peer = await still.login({ user: "sys", pass: "pw" });
  await peer.say("SUB $SYS.SERVER.*.STATSZ 1\r\n");
  const times: number[] = [];
  for (let ms = 0; ms < 60_000; ms += 50) {
    await still.clock.advance(50);
    if (peer.take().includes("STATSZ")) times.push(ms + 50);
  }
  assert.deepEqual(
    times.map((time, index) => time - (times[index - 1] ?? 0)),
    [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000],
  );
});

test("the connections of an account are told again every half minute", async (t) => {
  const still = await startStillMidge(t, SYSTEM_OPTIONS);
  await still.login({ user: "a", pass: "pw" });
  const peer = await still.login({ user: "sys", pass: "pw" });
  await peer.say("SUB $SYS.ACCOUNT.A.SERVER.CONNS 1\r\nPING\r\n");
  await still.clock.advance(29_000);
  assert.ok(!peer.take().includes("CONNS"));
  await still.clock.advance(1_000);
  assert.match(peer.take(), /"acc":"A","name":"A","conns":1,/);
});

test("many logins at once become few events of connections, the last of them right", async (t) => {
  const still = await startStillMidge(t, SYSTEM_OPTIONS);
  const listener = await still.login({ user: "sys", pass: "pw" });
  await listener.say("SUB $SYS.ACCOUNT.A.SERVER.CONNS 1\r\nPING\r\n");
  for (let n = 0; n < 200; n++) await still.login({ user: "a", pass: "pw" });
  await still.clock.advance(250);
  const told = [...listener.take().matchAll(/"conns":(\d+)/g)]
    .map(([, count]) => Number(count));
  assert.ok(told.length < 60, `${told.length} events`);
  assert.equal(told.at(-1), 200);
});

test("a server says that it lets its clients go, and that it is gone", async (t) => {
  const { hear, midge, id } = await startSystem(t);
  const heard = await hear(`$SYS.SERVER.${id}.>`);
  const told = (what: string): Json | undefined =>
    heard.find(([subject]) => subject === `$SYS.SERVER.${id}.${what}`)?.[1];
  const leaving = midge.server.lameDuck();
  await until("it lets them go", () => told("LAMEDUCK") !== undefined);
  assert.equal(told("LAMEDUCK")!["id"], id);
  await midge.server.stop();
  await leaving;
  await until("it is gone", () => told("SHUTDOWN") !== undefined);
  assert.equal(told("SHUTDOWN")!["id"], id);
});
