/** Thousands of messages go in many turns of the event loop, and answers tell of all of them. */
import assert from "node:assert/strict";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker } from "./request.ts";
import { countedTurns, watchedStores } from "./turns.ts";

const MESSAGES = 20_000;
/** A part has as many, and ends with a segment of the index. */
const PART_MAX = 4096 + 1024;
const CONSUMERS = 200;
/** As often a consumer hears of a message in one turn. */
const PART_TOLD = 65_536;
const STORAGES = ["memory", "file"] as const;

interface Scene {
  readonly asking: Asker;
  readonly peer: Peer;
  readonly midge: TestServer;
  /** The most messages that have left their store between two looks, one of which is in each turn. */
  mostAtOnce(): number;
}

/** A server whose messages that go are counted in each turn of its event loop. */
async function watched(
  t: TestContext,
  storeDir: string = temporaryFolder(t),
): Promise<Scene> {
  const turns = countedTurns();
  const midge = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir },
  }, {
    ...turns.platform,
    overStores: watchedStores((store) => {
      const remove = store.remove.bind(store);
      store.remove = (seq, erase) => {
        turns.count();
        remove(seq, erase);
      };
    }),
  });
  const peer = await connectPeer({ port: midge.port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB a.* 1\r\n");
  const asking = await asker(t, midge.port);
  return { asking, peer, midge, mostAtOnce: turns.most };
}

/** The same with a stream of `MESSAGES`, by turns on two subjects. */
async function filled(
  t: TestContext,
  storage: string,
  config: object = {},
  storeDir?: string,
): Promise<Scene> {
  const scene = await watched(t, storeDir);
  const { asking, peer } = scene;
  const made = { name: "S", subjects: ["s.*"], storage, ...config };
  await asking.api("STREAM.CREATE.S", made);
  await publishAll(peer);
  return scene;
}

async function publishAll(peer: Peer): Promise<void> {
  peer.send("PUB s.0 2\r\nhi\r\nPUB s.1 2\r\nhi\r\n".repeat(MESSAGES / 2 - 1));
  peer.send("PUB s.0 2\r\nhi\r\nPUB s.1 a.all 2\r\nhi\r\n");
  await peer.expect("MSG a.all 1 ");
  await peer.expectLine();
}

/** A request whose answer `answered` gives. */
function request(name: string, subject: string, body: object = {}): string {
  const text = JSON.stringify(body);
  return `PUB $JS.API.${subject} a.${name} ${text.length}\r\n${text}\r\n`;
}

/** Answers may come in another order than their requests. */
async function answered(peer: Peer, name: string): Promise<Answer> {
  const head = await peer.heard(`MSG a.${name} 1 `, 0);
  const body = await peer.heard("\r\n", head);
  const end = await peer.heard("\r\n", body);
  return JSON.parse(peer.received.slice(body, end));
}

function stateOf(info: Answer): Record<string, number> {
  return info["state"] as Record<string, number>;
}

const PURGES: readonly (readonly [object, number])[] = [
  [{}, MESSAGES],
  [{ keep: 5000 }, MESSAGES - 5000],
  [{ seq: 9001 }, 9000],
  [{ filter: "s.1" }, MESSAGES / 2],
  [{ filter: "*.0", keep: 10 }, MESSAGES / 2 - 10],
  [{ seq: 5 * MESSAGES }, MESSAGES],
];

for (const storage of STORAGES) {
  for (const [body, purged] of PURGES) {
    const what = `${JSON.stringify(body)}, ${storage}`;
    test(`a purge of thousands gives way to others, and what is asked behind it comes behind it: ${what}`, async (t) => {
      const storeDir = temporaryFolder(t);
      const scene = await filled(t, storage, {}, storeDir);
      const { peer, midge, mostAtOnce } = scene;
      peer.send(
        request("purge", "STREAM.PURGE.S", body) +
          "PUB s.1 3\r\nnew\r\n" +
          request("again", "STREAM.PURGE.S", body) +
          request("info", "STREAM.INFO.S"),
      );
      const answer = await answered(peer, "purge");
      assert.deepEqual([answer["success"], answer["purged"]], [true, purged]);
      const again = (await answered(peer, "again"))["purged"] as number;
      const { messages, last_seq } = stateOf(await answered(peer, "info"));
      assert.equal(messages, MESSAGES + 1 - purged - again);
      const most = mostAtOnce();
      assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
      if (storage === "memory") return;
      await midge.server.stop();
      const { asking } = await watched(t, storeDir);
      const after = stateOf(await asking.api("STREAM.INFO.S"));
      assert.deepEqual(
        [after["messages"], after["last_seq"]],
        [messages, last_seq],
      );
    });
  }

  for (
    const [change, left] of [
      [{ max_msgs: 100 }, 100],
      [{ max_msgs_per_subject: 70 }, 140],
      [{ max_bytes: 3600 }, storage === "memory" ? 171 : 102],
    ] as const
  ) {
    const what = `${JSON.stringify(change)}, ${storage}`;
    test(`thousands go for a lower limit, and others are served meanwhile: ${what}`, async (t) => {
      const { peer, mostAtOnce } = await filled(t, storage);
      const config = { name: "S", subjects: ["s.*"], storage, ...change };
      peer.send(
        request("update", "STREAM.UPDATE.S", config) + "PUB s.1 2\r\nhi\r\n",
      );
      const { messages } = stateOf(await answered(peer, "update"));
      assert.equal(messages, left);
      const most = mostAtOnce();
      assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
    });
  }

  test(`thousands are too old at once, and others are served meanwhile, ${storage}`, async (t) => {
    const { asking, mostAtOnce } = await filled(t, storage);
    const config = { name: "S", subjects: ["s.*"], storage };
    const aged = { ...config, max_age: 100_000_000 };
    await asking.api("STREAM.UPDATE.S", aged);
    while (stateOf(await asking.api("STREAM.INFO.S"))["messages"]! > 0);
    const most = mostAtOnce();
    assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
  });

  test(`thousands are wanted by nobody once a consumer has gone, ${storage}`, async (t) => {
    const { asking, peer, mostAtOnce } = await watched(t);
    const config = { name: "S", subjects: ["s.*"], storage };
    await asking.api("STREAM.CREATE.S", { ...config, retention: "interest" });
    const consumer = { durable_name: "C", ack_policy: "explicit" };
    const made = { stream_name: "S", config: consumer };
    await asking.api("CONSUMER.CREATE.S.C", made);
    await publishAll(peer);
    peer.send(
      request("delete", "CONSUMER.DELETE.S.C") +
        request("info", "STREAM.INFO.S"),
    );
    await answered(peer, "delete");
    assert.equal(stateOf(await answered(peer, "info"))["messages"], 0);
    const most = mostAtOnce();
    assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
  });

  test(`a stream may be deleted while a purge of it is under way, ${storage}`, async (t) => {
    const { peer } = await filled(t, storage);
    const config = { name: "S", subjects: ["s.*"], storage };
    peer.send(
      request("purge", "STREAM.PURGE.S", { filter: "s.*" }) +
        request("delete", "STREAM.DELETE.S"),
    );
    for (const name of ["purge", "delete"]) {
      assert.equal((await answered(peer, name))["success"], true);
    }
    peer.send(request("create", "STREAM.CREATE.S", config));
    assert.equal(stateOf(await answered(peer, "create"))["messages"], 0);
    await publishAll(peer);
    peer.send(request("info", "STREAM.INFO.S"));
    const { messages } = stateOf(await answered(peer, "info"));
    assert.equal(messages, MESSAGES);
  });

  for (
    const [body, left, open] of [
      [{ keep: 3000 }, 3000, 500],
      [{}, 0, 500],
      [{}, 0, 5000],
      [{}, 0, 9000],
    ] as const
  ) {
    const what = `${JSON.stringify(body)}, ${open} wait, ${storage}`;
    test(`a consumer knows what is left to come and what waits behind a purge: ${what}`, async (t) => {
      const storeDir = temporaryFolder(t);
      const scene = await filled(t, storage, {}, storeDir);
      const { asking, peer, midge } = scene;
      const config = {
        durable_name: "C",
        ack_policy: "explicit",
        max_ack_pending: -1,
      };
      const made = { stream_name: "S", config };
      await asking.api("CONSUMER.CREATE.S.C", made);
      peer.send(request("got", "CONSUMER.MSG.NEXT.S.C", { batch: open }));
      await peer.expect(`$JS.ACK.S.C.1.${open}.${open}.`);
      peer.send(
        request("purge", "STREAM.PURGE.S", body) +
          request("info", "CONSUMER.INFO.S.C"),
      );
      await answered(peer, "purge");
      const facts = (info: Answer): unknown => {
        const { num_pending, num_ack_pending, ack_floor } = info;
        const { stream_seq } = ack_floor as Record<string, number>;
        return { num_pending, num_ack_pending, stream_seq };
      };
      const expected = {
        num_pending: left,
        num_ack_pending: 0,
        stream_seq: MESSAGES - left,
      };
      assert.deepEqual(facts(await answered(peer, "info")), expected);
      if (storage === "memory") return;
      await midge.server.stop();
      const again = await watched(t, storeDir);
      const info = await again.asking.api("CONSUMER.INFO.S.C");
      assert.deepEqual(facts(info), expected);
    });
  }

  test(`a purge of everything is seen at once while five thousand messages wait and others are to come later, ${storage}`, async (t) => {
    const { asking, peer, mostAtOnce } = await filled(t, storage, {
      allow_msg_schedules: true,
      allow_direct: true,
    });
    const block = "NATS/1.0\r\nNats-Schedule: @every 1h\r\n" +
      "Nats-Schedule-Target: s.later\r\n\r\n";
    for (let i = 0; i < 20; i++) {
      const bytes = block.length;
      peer.send(`HPUB s.plan${i} ${bytes} ${bytes}\r\n${block}\r\n`);
    }
    const config = {
      durable_name: "C",
      ack_policy: "explicit",
      max_ack_pending: -1,
    };
    await asking.api("CONSUMER.CREATE.S.C", { stream_name: "S", config });
    peer.send(request("got", "CONSUMER.MSG.NEXT.S.C", { batch: 5000 }));
    await peer.expect("$JS.ACK.S.C.1.5000.5000.");
    const none = { batch: 1, no_wait: true };
    peer.send(
      request("purge", "STREAM.PURGE.S") +
        request("last", "DIRECT.GET.S", { last_by_subj: "s.plan19" }) +
        request("next", "CONSUMER.MSG.NEXT.S.C", none),
    );
    const { purged } = await answered(peer, "purge");
    assert.equal(purged, MESSAGES + 20);
    for (const name of ["last", "next"]) {
      const head = await peer.heard(`HMSG a.${name} 1 `, 0);
      await peer.heard("NATS/1.0 404 ", head);
    }
    const most = mostAtOnce();
    assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
  });

  test(`fewer go at once where many consumers hear of each, ${storage}`, async (t) => {
    const { asking, peer, mostAtOnce } = await filled(t, storage);
    const made = { stream_name: "S", config: { ack_policy: "none" } };
    for (let i = 0; i < CONSUMERS; i++) {
      const { error } = await asking.api("CONSUMER.CREATE.S", made);
      assert.equal(error, undefined);
    }
    peer.send(
      request("purge", "STREAM.PURGE.S", { keep: 15_000 }) +
        request("purge2", "STREAM.PURGE.S", { filter: "s.1", keep: 5000 }) +
        request("update", "STREAM.UPDATE.S", {
          name: "S",
          subjects: ["s.*"],
          storage,
          max_msgs: 5000,
        }),
    );
    for (const [name, purged] of [["purge", 5000], ["purge2", 2500]] as const) {
      assert.equal((await answered(peer, name))["purged"], purged);
    }
    const { messages } = stateOf(await answered(peer, "update"));
    assert.equal(messages, 5000);
    const most = mostAtOnce();
    assert.ok(most > 0 && most <= PART_TOLD / CONSUMERS, `${most} at once`);
  });
}
