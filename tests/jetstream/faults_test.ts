/** What clients do wrong, and what goes wrong on disk, ends no server and hides no stream. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/app/start_server.ts";
import { UNLIMITED_STREAMS } from "../../src/jetstream/limits/quota.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import type { Storage } from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { FullDisk } from "./full_disk.ts";
import { type MemoryLog, startMidge } from "../support/midge.ts";
import { accountWithUser } from "../accounts/account_options.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { connect } from "../../src/faces/client.ts";
import { type Asker, asker, errorIn } from "./request.ts";

type Answer = Record<string, unknown>;

/** A server with a stream `S` on the subject `s`, in files of `storeDir`. */
async function withStream(
  t: TestContext,
  storage: Storage = loadStorage(),
  storeDir: string = temporaryFolder(t),
): Promise<{ peer: Peer; log: MemoryLog }> {
  const { port, log } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir },
  }, { loadStorage: () => storage });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB r 1\r\n");
  const config = { name: "S", subjects: ["s"], allow_direct: true };
  await answer(peer, "$JS.API.STREAM.CREATE.S", JSON.stringify(config));
  return { peer, log };
}

function publish(subject: string, reply: string, body: string): string {
  return `PUB ${subject} ${reply} ${body.length}\r\n${body}\r\n`;
}

/** What comes back for a request. */
async function answer(
  peer: Peer,
  subject: string,
  body = "",
): Promise<Record<string, unknown>> {
  peer.send(publish(subject, "r", body));
  return await delivered(peer);
}

/** The next message that the peer gets. */
async function delivered(peer: Peer): Promise<Record<string, unknown>> {
  await peer.expect("MSG r 1 ");
  await peer.expectLine();
  return JSON.parse(await peer.expectLine());
}

/** The code of the error in an answer. */
function codeOf({ error }: Record<string, unknown>): unknown {
  return (error as Record<string, unknown> | undefined)?.["err_code"];
}

for (const reply of ["a.*", "q.>", "x..y", "x."]) {
  test(`the reply ${reply}, which is no subject to publish on, gets no answer`, async (t) => {
    const { peer } = await withStream(t);
    const config = { durable_name: "C", ack_policy: "explicit" };
    const consumer = JSON.stringify({ stream_name: "S", config });
    const requests: readonly (readonly [string, string])[] = [
      ["$JS.API.INFO", ""],
      ["$JS.API.NONE", ""],
      ["s", "hello"],
      ["$JS.API.DIRECT.GET.S", '{"seq":1}'],
      ["$JS.API.DIRECT.GET.S", '{"seq":9}'],
      ["$JS.API.CONSUMER.CREATE.S.C", consumer],
      ["$JS.API.CONSUMER.MSG.NEXT.S.C", "1"],
      ["$JS.ACK.S.C.1.1.1.1.0", "+ACK"],
      ["$JS.API.CONSUMER.MSG.NEXT.S.C", '{"batch":1,"no_wait":true}'],
    ];
    for (const [subject, body] of requests) {
      peer.send(publish(subject, reply, body));
    }
    const { state } = await answer(peer, "$JS.API.STREAM.INFO.S");
    assert.equal((state as Record<string, unknown>)["messages"], 1);
    const { num_waiting } = await answer(peer, "$JS.API.CONSUMER.INFO.S.C");
    assert.equal(typeof num_waiting, "number");
  });
}

test("a message for which the disk has no room is refused, and was never there", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer, log } = await withStream(t, disk.storage);
  disk.fulls = 1;
  const refused = await answer(peer, "s", "lost");
  assert.equal(
    codeOf(refused),
    10077,
  );
  assert.match(log.lines.join("\n"), /ERR Stream S: .*is full/);
  assert.deepEqual(await answer(peer, "s", "kept"), { stream: "S", seq: 2 });
  const { state } = await answer(peer, "$JS.API.STREAM.INFO.S");
  assert.equal((state as Record<string, unknown>)["messages"], 1);
  const gone = await answer(peer, "$JS.API.STREAM.MSG.GET.S", '{"seq":1}');
  assert.equal(codeOf(gone), 10037);
});

test("the system account hears that the disk is full, once for all that fails", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { port } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: temporaryFolder(t) },
    serverName: "full",
    systemAccount: "$SYS",
    accounts: [
      accountWithUser("$SYS", { users: [{ user: "sys", password: "sys" }] }),
      accountWithUser("A", {
        users: [{ user: "app", password: "app" }],
        jetstream: UNLIMITED_STREAMS,
      }),
    ],
  }, { loadStorage: () => disk.storage });
  const system = await connectPeer({ port });
  t.after(() => system.close());
  await system.handshake({ user: "sys", pass: "sys" });
  system.send("SUB $JS.EVENT.ADVISORY.SERVER.> 7\r\nPING\r\n");
  await system.expect("PONG");
  const app = await asker(t, port, { user: "app", pass: "app" });
  await app.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  disk.fulls = 2;
  for (const text of ["one", "two"]) {
    assert.equal(errorIn(await app.publish("s", text)), 10077);
  }
  await system.expect("MSG $JS.EVENT.ADVISORY.SERVER.OUT_OF_STORAGE 7 ");
  await system.expectLine();
  const { id: _, timestamp: __, server_id: ___, ...told } = JSON.parse(
    await system.expectLine(),
  );
  assert.deepEqual(told, {
    type: "io.nats.jetstream.advisory.v1.server_out_of_space",
    server: "full",
    stream: "S",
  });
  system.send("PING\r\n");
  assert.equal(await system.expectLine(), "PONG");
});

test("all messages of a turn are refused that one commit was to keep", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  disk.fulls = 1;
  peer.send(["1", "2", "3"].map((text) => publish("s", "r", text)).join(""));
  for (let i = 0; i < 3; i++) {
    assert.equal(codeOf(await delivered(peer)), 10077);
  }
  const { state } = await answer(peer, "$JS.API.STREAM.INFO.S");
  assert.equal((state as Record<string, unknown>)["messages"], 0);
  assert.deepEqual(await answer(peer, "s", "kept"), { stream: "S", seq: 4 });
});

test("a stream that cannot be kept is not made", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  const config = JSON.stringify({ name: "T", subjects: ["t"] });
  disk.fulls = 1;
  const refused = await answer(peer, "$JS.API.STREAM.CREATE.T", config);
  assert.equal(codeOf(refused), 10077);
  const { streams } = await answer(peer, "$JS.API.STREAM.NAMES");
  assert.deepEqual(streams, ["S"]);
  const made = await answer(peer, "$JS.API.STREAM.CREATE.T", config);
  assert.equal(made["error"], undefined);
});

test("a deletion is answered for once it is on disk", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  await answer(peer, "s", "hello");
  disk.fulls = 1;
  const refused = await answer(
    peer,
    "$JS.API.STREAM.MSG.DELETE.S",
    '{"seq":1}',
  );
  assert.equal(codeOf(refused), 10077);
});

test("a consumer that the disk has no room for is not made, and not changed", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  const ask = (subject: string, body = ""): Promise<Answer> =>
    answer(peer, `$JS.API.CONSUMER.${subject}`, body);
  const make = (description: string): Promise<Answer> => {
    const config = { durable_name: "C", ack_policy: "explicit", description };
    const request = { stream_name: "S", config };
    return ask("CREATE.S.C", JSON.stringify(request));
  };
  const described = async (): Promise<unknown> => {
    const { config } = await ask("INFO.S.C") as { config: Answer };
    return config["description"];
  };
  disk.fulls = 1;
  const refused = await make("one");
  assert.equal(codeOf(refused), 10104);
  assert.match(
    JSON.stringify(refused["error"]),
    /"code":500.*"error creating store for consumer: .*is full/,
  );
  assert.deepEqual((await ask("NAMES.S"))["consumers"], []);
  assert.equal(codeOf(await ask("INFO.S.C")), 10014);
  // Its name is free, also for another configuration.
  assert.equal((await make("two"))["error"], undefined);
  disk.fulls = 1;
  assert.equal(codeOf(await make("three")), 10104);
  assert.equal(await described(), "two");
  assert.equal((await make("four"))["error"], undefined);
  assert.equal(await described(), "four");
});

test("a consumer that goes before its change is taken back is gone", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { port } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: temporaryFolder(t) },
  }, { loadStorage: () => disk.storage });
  const asking = await asker(t, port);
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  const stream = { name: "S", subjects: ["s.*"], retention: "interest" };
  await asking.api("STREAM.CREATE.S", stream);
  const create = "CONSUMER.DURABLE.CREATE.S.C";
  const request = (filter_subject: string): string =>
    JSON.stringify({
      stream_name: "S",
      config: { durable_name: "C", ack_policy: "explicit", filter_subject },
    });
  await asking.api(create, request("s.1"));
  peer.send("SUB a.* 1\r\n");
  disk.fulls = 1;
  peer.send(
    publish(`$JS.API.${create}`, "a.change", request("s.2")) +
      publish("$JS.API.CONSUMER.DELETE.S.C", "a.delete", ""),
  );
  await peer.heard("MSG a.change 1 ", 0);
  await peer.heard("MSG a.delete 1 ", 0);
  // Nobody wants it.
  await asking.publish("s.1", "hi");
  const { state } = await asking.api("STREAM.INFO.S");
  assert.equal((state as Answer)["messages"], 0);
});

test("a pause that the disk has no room for is taken back", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  const ask = (subject: string, body: object = {}): Promise<Answer> =>
    answer(peer, `$JS.API.CONSUMER.${subject}.S.C`, JSON.stringify(body));
  const config = { durable_name: "C", ack_policy: "explicit" };
  await ask("CREATE", { stream_name: "S", config });
  const far = { pause_until: "2190-01-01T00:00:00Z" };
  disk.fulls = 1;
  assert.equal(codeOf(await ask("PAUSE", far)), 10104);
  assert.equal((await ask("INFO"))["paused"], undefined);
  assert.equal((await ask("PAUSE", far))["paused"], true);
  disk.fulls = 1;
  assert.equal(codeOf(await ask("PAUSE")), 10104);
  assert.equal((await ask("INFO"))["paused"], true);
  assert.equal((await ask("PAUSE"))["paused"], false);
});

test("a consumer that the disk does not let begin again is where it was, and after a restart", async (t) => {
  const disk = new FullDisk(loadStorage());
  const storeDir = temporaryFolder(t);
  const start = () =>
    startMidge(t, {
      jetstream: { ...defaultJetStreamOptions(), storeDir },
    }, { loadStorage: () => disk.storage });
  const first = await start();
  const asking = await asker(t, first.port);
  await asking.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  const config = { durable_name: "C", ack_policy: "explicit" };
  await asking.api("CONSUMER.CREATE.S.C", { stream_name: "S", config });
  for (const body of ["one", "two", "three"]) await asking.publish("s", body);
  const client = await connect({ servers: `127.0.0.1:${first.port}` });
  t.after(() => client.close());
  const got = client.subscribe("got")[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    client.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", "", { reply: "got" });
    return (await got.next()).value!.reply!;
  };
  await client.request(await next(), "+ACK");
  const given = await next();
  const place = async (one: Asker) => {
    const info = await one.api("CONSUMER.INFO.S.C");
    const { delivered, ack_floor, num_ack_pending, num_pending } = info;
    return JSON.stringify([
      (delivered as Answer)["consumer_seq"],
      (delivered as Answer)["stream_seq"],
      (ack_floor as Answer)["stream_seq"],
      num_ack_pending,
      num_pending,
    ]);
  };
  assert.equal(await place(asking), "[2,2,1,1,1]");
  for (const body of ["", { seq: 1 }, { seq: 3 }]) {
    disk.fulls = 1;
    assert.equal(await asking.error("CONSUMER.RESET.S.C", body), 10104);
    assert.equal(await place(asking), "[2,2,1,1,1]");
  }
  // What was given before is acknowledged as ever.
  await client.request(given, "+ACK");
  assert.equal(await place(asking), "[2,2,2,0,1]");
  await first.server.stop();
  const again = await asker(t, (await start()).port);
  assert.equal(await place(again), "[2,2,2,0,1]");
});

test("a consumer that was refused is not there after a restart", async (t) => {
  const disk = new FullDisk(loadStorage());
  const storeDir = temporaryFolder(t);
  const start = () =>
    startMidge(t, {
      jetstream: { ...defaultJetStreamOptions(), storeDir },
    }, { loadStorage: () => disk.storage });
  const first = await start();
  const asking = await asker(t, first.port);
  await asking.api("STREAM.CREATE.S", { name: "S", subjects: ["s"] });
  disk.fulls = 1;
  const config = { durable_name: "C", ack_policy: "explicit" };
  const request = { stream_name: "S", config };
  assert.equal(await asking.error("CONSUMER.CREATE.S.C", request), 10104);
  await first.server.stop();
  const second = await start();
  const { consumers } = await (await asker(t, second.port))
    .api("CONSUMER.NAMES.S");
  assert.deepEqual(consumers, []);
});

test("a repetition of a message that was not kept is a message of its own", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  disk.fulls = 1;
  const headers = "NATS/1.0\r\nNats-Msg-Id: one\r\n\r\n";
  const once = `HPUB s r ${headers.length} ${
    headers.length + 1
  }\r\n${headers}x\r\n`;
  peer.send(once + once + once);
  const told = [
    await delivered(peer),
    await delivered(peer),
    await delivered(peer),
  ];
  assert.equal(
    codeOf(told[0]!),
    10077,
  );
  assert.deepEqual(told.slice(1), [
    { stream: "S", seq: 2 },
    { stream: "S", seq: 2, duplicate: true },
  ]);
});

test("a stream that cannot be read is told of, and all others are opened", async (t) => {
  const folder = temporaryFolder(t);
  const first = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: { store_dir: folder },
  });
  const connection = await first.connect();
  for (const name of ["A", "B"]) {
    await connection.request(
      `$JS.API.STREAM.CREATE.${name}`,
      JSON.stringify({ name, subjects: [name] }),
    );
  }
  await connection.close();
  await first.stop();
  const file = join(folder, "$G", "streams", "A", "stream.db");
  rmSync(`${file}-wal`, { force: true });
  writeFileSync(file, "no database".repeat(1000));
  const { peer, log } = await withStream(t, loadStorage(), folder);
  const { streams } = await answer(peer, "$JS.API.STREAM.NAMES");
  assert.deepEqual(streams, ["B", "S"]);
  assert.match(
    log.lines.join("\n"),
    /ERR Stream A is not opened: .*stream\.db/,
  );
});

test("streams that another process has keep a server from starting", async (t) => {
  const folder = temporaryFolder(t);
  await withStream(t, loadStorage(), folder);
  const again = startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: { store_dir: folder },
  });
  await assert.rejects(again, { message: /stream\.db: is in use by another/ });
});

test("a message that the disk does not take pushes no older one out", async (t) => {
  const disk = new FullDisk(loadStorage());
  const folder = temporaryFolder(t);
  const { peer } = await withStream(t, disk.storage, folder);
  const config = {
    name: "L",
    subjects: ["l.>"],
    max_msgs: 2,
    allow_rollup_hdrs: true,
  };
  const text = JSON.stringify(config);
  await answer(peer, "$JS.API.STREAM.CREATE.L", text);
  for (const body of ["1", "2", "3"]) await answer(peer, "l.a", body);
  const rollup = "NATS/1.0\r\nNats-Rollup: all\r\n\r\n";
  const requests = [
    publish("l.a", "r", "4"),
    `HPUB l.a r ${rollup.length} ${rollup.length + 1}\r\n${rollup}4\r\n`,
  ];
  for (const request of requests) {
    disk.fulls = 1;
    peer.send(request);
    assert.equal(codeOf(await delivered(peer)), 10077);
    assert.deepEqual(await bodies(peer, "L"), ["2", "3"]);
  }
  await answer(peer, "l.a", "5");
  assert.deepEqual(await bodies(peer, "L"), ["3", "5"]);
});

test("a stream whose change the disk does not take is what it was before", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  for (const body of ["1", "2", "3"]) await answer(peer, "s", body);
  const change = async (subjects: string[]): Promise<Record<string, unknown>> =>
    await answer(
      peer,
      "$JS.API.STREAM.UPDATE.S",
      JSON.stringify({ name: "S", subjects, max_msgs: 1 }),
    );
  disk.fulls = 1;
  assert.equal(codeOf(await change(["other"])), 10077);
  const { config } = await answer(peer, "$JS.API.STREAM.INFO.S");
  const { subjects, max_msgs } = config as Record<string, unknown>;
  assert.deepEqual([subjects, max_msgs], [["s"], -1]);
  assert.deepEqual(await bodies(peer, "S"), ["1", "2", "3"]);
  assert.deepEqual(await answer(peer, "s", "4"), { stream: "S", seq: 4 });
  const changed = await change(["s"]);
  const { messages } = changed["state"] as Record<string, unknown>;
  assert.equal(messages, 1);
  assert.deepEqual(await bodies(peer, "S"), ["4"]);
});

test("what is expected of the last message's id holds for the last one that is kept", async (t) => {
  const disk = new FullDisk(loadStorage());
  const { peer } = await withStream(t, disk.storage);
  const withId = (id: string, before: string): string => {
    const block =
      `NATS/1.0\r\nNats-Msg-Id: ${id}\r\nNats-Expected-Last-Msg-Id: ${before}\r\n\r\n`;
    return `HPUB s r ${block.length} ${block.length}\r\n${block}\r\n`;
  };
  peer.send(withId("one", ""));
  assert.equal((await delivered(peer))["seq"], 1);
  disk.fulls = 1;
  peer.send(withId("two", "one"));
  assert.equal(codeOf(await delivered(peer)), 10077);
  peer.send(withId("three", "two"));
  const refused = await delivered(peer);
  assert.equal(codeOf(refused), 10070);
  peer.send(withId("three", "one"));
  assert.equal((await delivered(peer))["error"], undefined);
});

/** What the messages of a stream say. */
async function bodies(peer: Peer, name: string): Promise<string[]> {
  const { state } = await answer(peer, `$JS.API.STREAM.INFO.${name}`);
  const { first_seq, last_seq } = state as Record<string, number>;
  const found: string[] = [];
  for (let seq = first_seq!; seq <= last_seq!; seq++) {
    const { message } = await answer(
      peer,
      `$JS.API.STREAM.MSG.GET.${name}`,
      JSON.stringify({ seq }),
    );
    if (message === undefined) continue;
    found.push(atob((message as Record<string, string>)["data"]!));
  }
  return found;
}
