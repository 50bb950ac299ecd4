/**
 * Backups that natscli makes and brings back: on Midge, and from nats-server to
 * Midge and the other way.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/app/start_server.ts";
import { connect, headers } from "../../src/faces/client.ts";
import {
  modelMissing,
  natsServerMissing,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import { TOOLS_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const NATS = join(TOOLS_FOLDER, "go", "nats");
const natsMissing = existsSync(NATS) ? false : `There is no ${NATS}`;

type Answer = Record<string, unknown>;

/** A server with JetStream, Midge's or nats-server's. */
interface Peer {
  readonly url: string;
  /** Runs natscli on it; what it prints. */
  nats(...args: readonly string[]): Promise<string>;
  ask(subject: string, body?: object): Promise<Answer>;
  publish(subject: string, payload: Uint8Array, header: string): Promise<void>;
}

async function peerAt(t: Cleanup, port: number): Promise<Peer> {
  const url = `127.0.0.1:${port}`;
  const connection = await connect({ servers: url });
  t.after(() => connection.close());
  return {
    url,
    async nats(...args) {
      await using child = spawnCommand([NATS, "-s", url, ...args]);
      const { code } = await child.exited;
      return `${child.stdout}${child.stderr}${code === 0 ? "" : "\nFAILED"}`;
    },
    async ask(subject, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const answer = await connection.request(`$JS.API.${subject}`, text);
      return answer.json<Answer>();
    },
    async publish(subject, payload, header) {
      const given = headers();
      given.set("Name", header);
      await connection.request(subject, payload, { headers: given });
    },
  };
}

async function startMidge(t: Cleanup): Promise<Peer> {
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    jetstream: { store_dir: temporaryFolder(t) },
  });
  t.after(() => server.stop());
  return await peerAt(t, server.broker.port.lastAddress.port);
}

async function startOther(t: Cleanup, command: string): Promise<Peer> {
  const server = await startNatsServer({
    command,
    flags: ["-js", "-sd", temporaryFolder(t)],
  });
  t.after(() => server.stop());
  return await peerAt(t, server.port);
}

const MESSAGES = 60;

/** Payloads that compress well, badly, and not at all. */
function payloadOf(n: number): Uint8Array {
  const text = new TextEncoder().encode("to be or not to be ".repeat(n * 20));
  let word = n;
  return text.map((byte, at) => {
    if (n % 3 === 0 || (n % 3 === 1 && at % 50 > 5)) return byte;
    word = (word * 1103515245 + 12345) & 0x7fffffff;
    return word >> 16;
  });
}

/** A stream `S` with gaps, and a consumer `C` with a message under way. */
async function fill(peer: Peer): Promise<void> {
  await peer.ask("STREAM.CREATE.S", { name: "S", subjects: ["s.>"] });
  for (let n = 1; n <= MESSAGES; n++) {
    await peer.publish(`s.${n % 5}`, payloadOf(n), `of ${n}`);
  }
  await peer.ask("STREAM.MSG.DELETE.S", { seq: 7 });
  await peer.ask("CONSUMER.CREATE.S.C", {
    stream_name: "S",
    config: { durable_name: "C", ack_policy: "explicit", ack_wait: 3600e9 },
  });
  await peer.nats("consumer", "next", "S", "C", "--ack");
  await peer.nats("consumer", "next", "S", "C", "--no-ack");
}

/** What is the same on both sides of a backup. */
async function told(peer: Peer): Promise<unknown> {
  const info = await peer.ask("STREAM.INFO.S", { deleted_details: true });
  const { messages, bytes, first_seq, last_seq, deleted } =
    info["state"] as Answer;
  const found = [];
  for (let seq = 1; seq <= MESSAGES; seq++) {
    const { message } = await peer.ask("STREAM.MSG.GET.S", { seq });
    if (message === undefined) continue;
    const { time, ...facts } = message as { time: string };
    // nats-server has three more digits, and neither has zeros at the end.
    const moment = time.slice(0, 26).replace(/0*Z?$/, "");
    found.push({ ...facts, time: moment.replace(/0+$/, "") });
  }
  const { delivered, ack_floor, num_ack_pending, num_pending } = await peer.ask(
    "CONSUMER.INFO.S.C",
  ) as Record<string, Answer>;
  const places = [delivered, ack_floor].map((place) => [
    place!["consumer_seq"],
    place!["stream_seq"],
  ]);
  return {
    state: { messages, bytes, first_seq, last_seq, deleted },
    found,
    places,
    pending: [num_ack_pending, num_pending],
  };
}

const MODEL = newestNatsServer;
const DIRECTIONS: readonly (readonly [
  string,
  (t: Cleanup) => Promise<Peer>,
  (t: Cleanup) => Promise<Peer>,
])[] = [
  ["Midge to Midge", startMidge, startMidge],
  ["nats-server to Midge", (t) => startOther(t, MODEL), startMidge],
  ["Midge to nats-server", startMidge, (t) => startOther(t, MODEL)],
];

for (const [direction, from, to] of DIRECTIONS) {
  test(`natscli carries a stream from ${direction} in a backup`, {
    skip: natsMissing || modelMissing,
  }, async (t) => {
    const source = await from(t);
    const target = await to(t);
    await fill(source);
    const folder = join(temporaryFolder(t), "backup");
    const made = await source.nats(
      ...["stream", "backup", "S", folder],
      ...["--chunk-size", "4096", "--window-size", "16384"],
    );
    assert.doesNotMatch(made, /FAILED/);
    const restored = await target.nats("stream", "restore", folder);
    assert.doesNotMatch(restored, /FAILED/);
    assert.deepEqual(await told(target), await told(source));
    const again = await target.nats("stream", "restore", folder);
    assert.match(again, /already exist/);
  });
}

test("natscli makes a backup of an account, and brings it back", {
  skip: natsMissing,
}, async (t) => {
  const peer = await startMidge(t);
  await fill(peer);
  await peer.nats("kv", "add", "K");
  await peer.nats("kv", "put", "K", "key", "value");
  await peer.nats("stream", "add", "M", "--subjects", "m", "--storage=memory")
    .catch(() => {});
  const before = await told(peer);
  const folder = join(temporaryFolder(t), "backup");
  assert.doesNotMatch(
    await peer.nats("account", "backup", folder, "-f"),
    /FAILED/,
  );
  const { streams } = await peer.ask("STREAM.NAMES") as { streams: string[] };
  for (const name of streams) await peer.ask(`STREAM.DELETE.${name}`);
  assert.doesNotMatch(await peer.nats("account", "restore", folder), /FAILED/);
  assert.deepEqual((await peer.ask("STREAM.NAMES"))["streams"], streams);
  assert.deepEqual(await told(peer), before);
  assert.match(await peer.nats("kv", "get", "K", "key", "--raw"), /^value/);
});

test("a backup of a nats-server before 2.15 is refused, and says why", {
  skip: natsMissing || natsServerMissing,
}, async (t) => {
  const old = await startOther(t, "nats-server");
  const midge = await startMidge(t);
  await fill(old);
  const folder = join(temporaryFolder(t), "backup");
  const made = await old.nats("stream", "backup", "S", folder);
  assert.doesNotMatch(made, /FAILED/);
  const refused = await midge.nats("stream", "restore", folder);
  assert.match(refused, /before 2\.15 have its files/);
  assert.equal((await midge.ask("STREAM.NAMES"))["streams"], null);
});
