/** Large streams that a reload opens are read in many turns, and are there once all of them was read. */
import assert from "node:assert/strict";
import { renameSync } from "node:fs";
import { join } from "node:path";
import { type ReloadableServer, startReloadable } from "../app/reloading.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker, errorIn } from "./request.ts";

const MESSAGES = 20_000;
const WAITING = 100;
/** A step reads 500, and a PING may be answered behind two or three. */
const STEPS = MESSAGES / 500;
const CONFIG = { name: "S", subjects: ["s.*"], retention: "interest" };
const DURABLE = {
  durable_name: "C",
  ack_policy: "explicit",
  filter_subject: "s.*",
};

interface Scene {
  readonly midge: ReloadableServer;
  readonly asking: Asker;
  /** Has the server turn JetStream on, or off. */
  turn(isOn: boolean): Promise<void>;
}

/** A server that has a large stream in files, with two consumers. */
async function filled(t: TestContext, storeDir: string): Promise<Scene> {
  const on = `jetstream { store_dir: "${storeDir}" }`;
  const midge = await startReloadable(t, on);
  const { port } = midge.server.address!;
  const asking = await asker(t, port);
  const peer = await listening(t, port);
  await asking.api("STREAM.CREATE.S", CONFIG);
  for (const config of [DURABLE, { ...DURABLE, durable_name: "D" }]) {
    const made = { stream_name: "S", config };
    await asking.api(`CONSUMER.CREATE.S.${config.durable_name}`, made);
  }
  const lines: string[] = [];
  for (let i = 1; i < MESSAGES; i++) lines.push(`PUB s.${i} 2\r\nhi\r\n`);
  peer.send(`${lines.join("")}PUB s.last a.all 2\r\nhi\r\n`);
  await peer.expect(`"seq":${MESSAGES}}`);
  const body = JSON.stringify({ batch: WAITING });
  peer.send(
    `PUB $JS.API.CONSUMER.MSG.NEXT.S.C a.got ${body.length}\r\n${body}\r\n`,
  );
  await peer.expect(`$JS.ACK.S.C.1.${WAITING}.${WAITING}.`);
  return { midge, asking, turn: (isOn) => midge.reload(isOn ? on : "") };
}

async function listening(t: TestContext, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true, no_responders: true });
  peer.send("SUB a.* 1\r\n");
  return peer;
}

/** How many PINGs are answered until `ended` has resolved. */
async function pongsUntil(peer: Peer, ended: Promise<void>): Promise<number> {
  let isOver = false;
  const over = ended.then(() => void (isOver = true));
  let pongs = 0;
  for (; !isOver; pongs++) {
    peer.send("PING\r\n");
    await peer.expect("PONG\r\n");
  }
  await over;
  return pongs;
}

/** All is there as it was. */
async function checkWhole(asking: Asker): Promise<void> {
  const { state } = await asking.api("STREAM.INFO.S") as { state: Answer };
  const { messages, last_seq, num_subjects, consumer_count } = state;
  assert.deepEqual(
    { messages, last_seq, num_subjects, consumer_count },
    {
      messages: MESSAGES,
      last_seq: MESSAGES,
      num_subjects: MESSAGES,
      consumer_count: 2,
    },
  );
  for (const [name, waiting] of [["C", WAITING], ["D", 0]] as const) {
    const info = await asking.api(`CONSUMER.INFO.S.${name}`);
    assert.deepEqual([info["num_pending"], info["num_ack_pending"]], [
      MESSAGES - waiting,
      waiting,
    ]);
  }
}

test("others are served while JetStream is turned on, and requests about a stream wait until it was read", async (t) => {
  const { midge, asking, turn } = await filled(t, temporaryFolder(t));
  await turn(false);
  const { port } = midge.server.address!;
  const peer = await listening(t, port);
  let isOver = false;
  const told: Answer[] = [];
  const answered = (async () => {
    while (!isOver) told.push(await asking.api("STREAM.INFO.S"));
  })();
  const pongs = await pongsUntil(peer, turn(true));
  isOver = true;
  await answered;
  assert.ok(pongs > STEPS / 4, `${pongs} PINGs were answered`);
  // No stream is told of before it is whole, and none is missed meanwhile.
  const whole = told.findIndex((info) => info["state"] !== undefined);
  for (const [i, info] of told.entries()) {
    if (i < whole) assert.notEqual(errorIn(info), 10059);
    else assert.equal((info["state"] as Answer)["messages"], MESSAGES);
  }
  await checkWhole(asking);
});

test("a stream cannot be made while another one is read that may be in its way", async (t) => {
  const { midge, asking, turn } = await filled(t, temporaryFolder(t));
  await turn(false);
  const peer = await listening(t, midge.server.address!.port);
  const ask = (name: string, subjects: readonly string[]): string => {
    const text = JSON.stringify({ name, subjects });
    return `PUB $JS.API.STREAM.CREATE.${name} a.${name} ${text.length}\r\n` +
      `${text}\r\n`;
  };
  const turned = turn(true);
  // Until it is turned on, nobody is there.
  for (;;) {
    peer.send(`${ask("S", ["x"])}PING\r\n`);
    const before = await peer.expect("PONG\r\n");
    if (!before.includes("503") && !before.includes("10076")) break;
  }
  peer.send(ask("T", ["s.1"]));
  await turned;
  const named = await peer.heard("MSG a.S 1 ", 0);
  await peer.heard('"err_code":10058', named);
  const other = await peer.heard("MSG a.T 1 ", 0);
  await peer.heard('"err_code":10065', other);
  await checkWhole(asking);
});

test("others are served while a stream is read that could not be opened", async (t) => {
  const storeDir = temporaryFolder(t);
  const { midge, asking, turn } = await filled(t, storeDir);
  await turn(false);
  const path = join(storeDir, "$G", "streams", "S", "stream.db");
  renameSync(path, `${storeDir}/away`);
  await turn(true);
  assert.equal(errorIn(await asking.api("STREAM.INFO.S")), 10059);
  renameSync(`${storeDir}/away`, path);
  const peer = await listening(t, midge.server.address!.port);
  const pongs = await pongsUntil(peer, turn(true));
  assert.ok(pongs > STEPS / 4, `${pongs} PINGs were answered`);
  await checkWhole(asking);
});

test("a server may stop, and JetStream be turned off, while a stream is read", async (t) => {
  const storeDir = temporaryFolder(t);
  const { midge, turn } = await filled(t, storeDir);
  const peer = await listening(t, midge.server.address!.port);
  await turn(false);
  const turned = Promise.all([turn(true), turn(false), turn(true)]);
  for (let i = 0; i < STEPS / 4; i++) {
    peer.send("PING\r\n");
    await peer.expect("PONG\r\n");
  }
  await midge.server.stop();
  await turned.catch(() => {});
  const again = await startReloadable(
    t,
    `jetstream { store_dir: "${storeDir}" }`,
  );
  await checkWhole(await asker(t, again.server.address!.port));
});
