/** What is on its way to the disk is not acknowledged, and holds nothing else up. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import {
  type Database,
  type Storage,
  StorageError,
} from "../../src/platform/storage.ts";
import { loadStorage } from "../../src/runtime/storage/sqlite.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { asker } from "./request.ts";

type Done = (error?: StorageError) => void;

/** A disk that writes when it is told to. */
class SlowDisk {
  isSlow = false;
  readonly storage: Storage;
  readonly #waiting: Done[] = [];
  #asked = (): void => {};

  constructor(real: Storage) {
    this.storage = { ...real, open: (path) => this.#slow(real.open(path)) };
  }

  #slow(database: Database): Database {
    return {
      execute: (sql) => database.execute(sql),
      prepare: (sql) => database.prepare(sql),
      close: () => database.close(),
      sync: (done) => {
        if (!this.isSlow) return database.sync(done);
        this.#waiting.push(done);
        this.#asked();
      },
    };
  }

  /** Ends the sync that is under way, or comes next. */
  async end(error?: StorageError): Promise<void> {
    if (this.#waiting.length === 0) {
      await new Promise<void>((resolve) => this.#asked = resolve);
    }
    assert.equal(this.#waiting.length, 1);
    this.#waiting.shift()!(error);
  }
}

async function withStream(
  t: TestContext,
): Promise<{ peer: Peer; disk: SlowDisk; storeDir: string }> {
  const disk = new SlowDisk(loadStorage());
  const storeDir = temporaryFolder(t);
  const { port } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir },
  }, { loadStorage: () => disk.storage });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB r 1\r\n");
  const config = JSON.stringify({
    name: "S",
    subjects: ["s", "s.*"],
    allow_direct: true,
  });
  request(peer, "$JS.API.STREAM.CREATE.S", config);
  await delivered(peer);
  return { peer, disk, storeDir };
}

/** How many messages a server finds that starts with the files as they are. */
async function messagesAfterKill(
  t: TestContext,
  storeDir: string,
): Promise<unknown> {
  const copy = temporaryFolder(t);
  cpSync(storeDir, copy, { recursive: true });
  const { port } = await startMidge(t, {
    jetstream: { ...defaultJetStreamOptions(), storeDir: copy },
  });
  const { state } = await (await asker(t, port)).api("STREAM.INFO.S");
  return (state as Record<string, unknown>)["messages"];
}

function request(peer: Peer, subject: string, body: string): void {
  peer.send(`PUB ${subject} r ${body.length}\r\n${body}\r\n`);
}

/** The next message that the peer gets. */
async function delivered(peer: Peer): Promise<Record<string, unknown>> {
  await peer.expect("MSG r 1 ");
  await peer.expectLine();
  return JSON.parse(await peer.expectLine());
}

/** Nothing but an answer to this comes. */
async function isSilent(peer: Peer): Promise<void> {
  peer.send("PING\r\n");
  await peer.expect("PONG\r\n");
}

test("a message is acknowledged when it is on disk, and not before", async (t) => {
  const { peer, disk } = await withStream(t);
  disk.isSlow = true;
  request(peer, "s", "one");
  await isSilent(peer);
  // They come while the disk is busy, and go to it together.
  request(peer, "s", "two");
  request(peer, "s", "three");
  await isSilent(peer);
  await disk.end();
  assert.deepEqual(await delivered(peer), { stream: "S", seq: 1 });
  await isSilent(peer);
  await disk.end();
  assert.deepEqual(await delivered(peer), { stream: "S", seq: 2 });
  assert.deepEqual(await delivered(peer), { stream: "S", seq: 3 });
  disk.isSlow = false;
});

test("what is on its way to the disk is there for those who ask behind it", async (t) => {
  const { peer, disk } = await withStream(t);
  const make = (name: string, deliver_policy: string): void => {
    const config = { name, deliver_policy, ack_policy: "none" };
    const wanted = JSON.stringify({ stream_name: "S", config });
    request(peer, `$JS.API.CONSUMER.CREATE.S.${name}`, wanted);
  };
  make("A", "all");
  await delivered(peer);
  disk.isSlow = true;
  request(peer, "s", "one");
  request(peer, "s", "two");
  request(peer, "$JS.API.CONSUMER.INFO.S.A", "");
  request(peer, "$JS.API.CONSUMER.MSG.NEXT.S.A", '{"batch":2,"no_wait":true}');
  make("B", "new");
  make("C", "last");
  await isSilent(peer);
  const pending = async (): Promise<unknown> => {
    const { num_pending, seq } = await delivered(peer);
    return num_pending ?? seq;
  };
  await disk.end();
  disk.isSlow = false;
  const answers = [];
  for (let i = 0; i < 5; i++) answers.push(await pending());
  // Two acknowledgements, and then the answers: of the new one, nothing is to come.
  assert.deepEqual(answers, [1, 2, 2, 0, 1]);
  await peer.heard("\r\ntwo\r\n", 0);
});

/** Of consumers that begin with last messages: "s.a" has one, and another one on its way. */
async function withLasts(
  t: TestContext,
): Promise<{ peer: Peer; disk: SlowDisk }> {
  const { peer, disk } = await withStream(t);
  for (const [subject, body] of [["s.a", "old"], ["s.b", "two"]] as const) {
    request(peer, subject, body);
    await delivered(peer);
  }
  peer.send("SUB last 2\r\nSUB each 3\r\nSUB got 4\r\n");
  disk.isSlow = true;
  request(peer, "s.a", "new");
  for (const [to, policy] of [["last", "last"], ["each", "last_per_subject"]]) {
    const config = {
      deliver_policy: policy,
      deliver_subject: to,
      filter_subject: "s.*",
      ack_policy: "none",
    };
    const wanted = JSON.stringify({ stream_name: "S", config });
    request(peer, "$JS.API.CONSUMER.CREATE.S", wanted);
  }
  const asked = [
    '{"last_by_subj":"s.a"}',
    '{"next_by_subj":"s.a","seq":2}',
    '{"seq":3}',
    '{"multi_last":["s.*"]}',
    '{"batch":2,"seq":2}',
  ];
  for (const text of asked) {
    peer.send(
      `PUB $JS.API.DIRECT.GET.S got ${text.length}\r\n${text}\r\n`,
    );
  }
  await isSilent(peer);
  return { peer, disk };
}

/** What comes for a subscription, until a PING is answered behind `last`. */
async function heardBy(peer: Peer, last: RegExp): Promise<string> {
  let text = await peer.expect(last);
  peer.send("PING\r\n");
  text += await peer.expect("PONG\r\n");
  return text;
}

/** Payloads, and statuses of answers without one, in the order in which they came to `sid`. */
function payloadsOf(text: string, sid: number): string[] {
  const message = new RegExp(
    `^H?MSG \\S+ ${sid} (?:\\S+ )*\\d+\r\n(?:NATS/1\\.0([^]*?)\r\n\r\n)?(.*)\r\n`,
    "gm",
  );
  return [...text.matchAll(message)].map(([, headers = "", body]) =>
    body || headers.split("\r\n")[0]!.trim()
  );
}

test("a last message that is on its way to the disk is the last one for those who ask behind it", async (t) => {
  const { peer, disk } = await withLasts(t);
  await disk.end();
  disk.isSlow = false;
  const text = await heardBy(peer, /MSG \S+ 2 [^]*new\r\n/);
  assert.deepEqual(payloadsOf(text, 2), ["new"]);
  assert.deepEqual(payloadsOf(text, 3), ["two", "new"]);
  assert.deepEqual(payloadsOf(text, 4), [
    ...["new", "new", "new"],
    ...["two", "new", "204 EOB"],
    ...["two", "new", "204 EOB"],
  ]);
});

test("where it cannot be kept, neither can they, and the one before is the last", async (t) => {
  const { peer, disk } = await withLasts(t);
  await disk.end(new StorageError("the disk is broken", "failed"));
  disk.isSlow = false;
  const text = await heardBy(peer, /(?:"err_code":10104[^]*){2}/);
  assert.deepEqual(payloadsOf(text, 2), []);
  assert.deepEqual(payloadsOf(text, 3), []);
  assert.deepEqual(payloadsOf(text, 4), [
    ...["old", "404 Message Not Found", "404 Message Not Found"],
    ...["old", "two", "204 EOB"],
    ...["two", "204 EOB"],
  ]);
});

test("a message that does not reach the disk is refused, and was never there", async (t) => {
  const { peer, disk, storeDir } = await withStream(t);
  disk.isSlow = true;
  request(peer, "s", "one");
  await isSilent(peer);
  request(peer, "s", "two");
  await isSilent(peer);
  disk.isSlow = false;
  await disk.end(new StorageError("the disk is broken", "failed"));
  for (let i = 0; i < 2; i++) {
    const { error } = await delivered(peer);
    assert.equal((error as Record<string, unknown>)["err_code"], 10077);
  }
  // Nothing of them is in the file any more.
  assert.equal(await messagesAfterKill(t, storeDir), 0);
  request(peer, "s", "three");
  assert.deepEqual(await delivered(peer), { stream: "S", seq: 3 });
  request(peer, "$JS.API.STREAM.INFO.S", "");
  const { state } = await delivered(peer);
  const { messages, first_seq } = state as Record<string, unknown>;
  assert.deepEqual({ messages, first_seq }, { messages: 1, first_seq: 3 });
});

test("who makes a consumer hears so before its messages", async (t) => {
  const { peer, disk } = await withStream(t);
  request(peer, "s", "one");
  await delivered(peer);
  peer.send("SUB d 2\r\n");
  disk.isSlow = true;
  const config = { deliver_subject: "d", ack_policy: "none" };
  const body = JSON.stringify({ stream_name: "S", config });
  request(peer, "$JS.API.CONSUMER.CREATE.S", body);
  for (let i = 0; i < 3; i++) await isSilent(peer);
  const answer = delivered(peer);
  disk.isSlow = false;
  await disk.end();
  assert.equal((await answer)["error"], undefined);
  await peer.expect("MSG s 2 ");
});
