/**
 * A server that is killed (SIGKILL) while thousands of messages go: what was not to
 * go is there behind the restart, what was acknowledged meanwhile as well, and what
 * the stream tells of itself is what it has. Some of what was to go may be there.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { randomBelow } from "../../src/platform/clock.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker } from "./request.ts";

const MESSAGES = 20_000;
const SUBJECTS = 100;
/** Answers to a PING behind which the server is killed at the latest; each takes a turn. */
const TURNS_MAX = 12;
const CONFIG = {
  name: "S",
  subjects: ["s.>"],
  allow_direct: true,
  allow_msg_ttl: true,
};

interface Removal {
  readonly what: string;
  /** The request that has messages go. */
  readonly subject: string;
  readonly body: object;
  /** Whether a message that was there before may go. */
  goes(seq: number): boolean;
}

/** By turns on all subjects; one message in ten stays for ever. */
function subjectOf(seq: number): string {
  return `s.${seq % SUBJECTS}`;
}

function isLasting(seq: number): boolean {
  return seq % 10 === 0;
}

const REMOVALS: readonly Removal[] = [
  {
    what: "a purge of everything",
    subject: "STREAM.PURGE.S",
    body: {},
    goes: () => true,
  },
  {
    what: "a purge of a subject and others like it",
    subject: "STREAM.PURGE.S",
    body: { filter: "s.*" },
    goes: () => true,
  },
  {
    what: "a purge of one subject of many",
    subject: "STREAM.PURGE.S",
    body: { filter: "s.7" },
    goes: (seq) => subjectOf(seq) === "s.7",
  },
  {
    what: "a purge but for the last messages",
    subject: "STREAM.PURGE.S",
    body: { keep: 5000 },
    goes: (seq) => seq <= MESSAGES - 5000,
  },
  {
    what: "a purge up to a place",
    subject: "STREAM.PURGE.S",
    body: { seq: 18_000 },
    goes: (seq) => seq < 18_000,
  },
  {
    what: "a lower limit",
    subject: "STREAM.UPDATE.S",
    body: { ...CONFIG, max_msgs: 1000 },
    goes: (seq) => seq <= MESSAGES - 1000 + TURNS_MAX,
  },
  {
    what: "a lower limit of each subject",
    subject: "STREAM.UPDATE.S",
    body: { ...CONFIG, max_msgs_per_subject: 20 },
    goes: (seq) => seq <= MESSAGES - 20 * SUBJECTS + TURNS_MAX,
  },
  {
    what: "a limit of age",
    subject: "STREAM.UPDATE.S",
    body: { ...CONFIG, max_age: 100_000_000, duplicate_window: 100_000_000 },
    goes: (seq) => !isLasting(seq),
  },
];

interface Life {
  readonly server: TestProcess;
  readonly port: number;
  readonly peer: Peer;
}

async function start(t: TestContext, folder: string): Promise<Life> {
  const store = join(folder, "store");
  const args = ["-a", "127.0.0.1", "-p", "-1", "-js", "-sd", store];
  // Node would compile the whole server for each life.
  const env = { NODE_COMPILE_CACHE: join(folder, "compiled") };
  const server = spawnMidge(args, { env });
  t.after(() => server.stop());
  const [, number] = await server.waitFor(/client connections on .*:(\d+)/);
  await server.waitFor("Server is ready");
  const port = Number(number);
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB a.* 1\r\n");
  return { server, port, peer };
}

async function fill({ peer, port }: Life, t: TestContext): Promise<void> {
  const asking = await asker(t, port);
  const { error } = await asking.api("STREAM.CREATE.S", CONFIG);
  assert.equal(error, undefined);
  const lines: string[] = [];
  for (let seq = 1; seq <= MESSAGES; seq++) {
    lines.push(message(seq, seq === MESSAGES ? "a.all" : ""));
  }
  peer.send(lines.join(""));
  await peer.expect(`"seq":${MESSAGES}}`);
}

/** A message whose payload is its sequence. */
function message(seq: number, reply: string): string {
  const block = isLasting(seq) ? "NATS/1.0\r\nNats-TTL: never\r\n\r\n" : "";
  const { length } = String(seq);
  const to = `${subjectOf(seq)} ${reply}`.trim();
  return block === ""
    ? `PUB ${to} ${length}\r\n${seq}\r\n`
    : `HPUB ${to} ${block.length} ${
      block.length + length
    }\r\n${block}${seq}\r\n`;
}

interface Cut {
  /** The last message that was acknowledged. */
  readonly acknowledged: number;
  /** The request was answered before. */
  readonly isAnswered: boolean;
}

/** Has messages go and others come, and kills the server behind some turns. */
async function cut(
  { server, peer }: Life,
  { subject, body }: Removal,
  turns: number,
): Promise<Cut> {
  const text = JSON.stringify(body);
  peer.send(`PUB $JS.API.${subject} a.go ${text.length}\r\n${text}\r\n`);
  for (let turn = 1; turn <= turns; turn++) {
    peer.send(`${message(MESSAGES + turn, "a.ack")}PING\r\n`);
    await peer.expect("PONG\r\n");
  }
  server.kill("SIGKILL");
  await server.exited;
  const acks = [...peer.received.matchAll(/"stream":"S", ?"seq":(\d+)/g)];
  return {
    acknowledged: Math.max(...acks.map(([, seq]) => Number(seq))),
    isAnswered: peer.received.includes("MSG a.go 1 "),
  };
}

/** All messages, by sequence; gone through without a consumer. */
async function messagesOf({ peer }: Life): Promise<Map<number, string>> {
  const text = JSON.stringify({ seq: 1, batch: 10 * MESSAGES });
  const from = peer.received.length;
  peer.send(`PUB $JS.API.DIRECT.GET.S a.got ${text.length}\r\n${text}\r\n`);
  const end = await peer.heard("NATS/1.0 ", from);
  if (!peer.received.startsWith("404 ", end)) {
    await peer.heard("NATS/1.0 204 EOB", from);
  }
  const found = new Map<number, string>();
  const pattern =
    /Nats-Subject: (\S+)\r\nNats-Sequence: (\d+)\r\n(?:[^\r]+\r\n)*\r\n(\d*)\r\n/g;
  for (const [, subject, seq, payload] of peer.received.matchAll(pattern)) {
    found.set(Number(seq), `${subject} ${payload}`);
  }
  return found;
}

/** What a stream tells and has once nothing more goes, as it may for its age. */
async function settled(
  life: Life,
  asking: Asker,
): Promise<{ state: Answer; found: Map<number, string> }> {
  const told = async (): Promise<Answer> => {
    const filter = { subjects_filter: ">" };
    return (await asking.api("STREAM.INFO.S", filter))["state"] as Answer;
  };
  for (;;) {
    const state = await told();
    const found = await messagesOf(life);
    const after = await told();
    if (after["messages"] === state["messages"]) return { state, found };
  }
}

/** What a stream tells of itself is what it has. */
function checkState(state: Answer, found: ReadonlyMap<number, string>): void {
  const seqs = [...found.keys()];
  const last = state["last_seq"] as number;
  const first = seqs[0] ?? last + 1;
  const counts: Record<string, number> = {};
  for (const text of found.values()) {
    const [subject = ""] = text.split(" ");
    counts[subject] = (counts[subject] ?? 0) + 1;
  }
  const { messages, first_seq, num_deleted = 0, num_subjects = 0 } = state;
  const { subjects = {} } = state as { subjects?: Record<string, number> };
  assert.deepEqual(
    { messages, first_seq, num_deleted, num_subjects },
    {
      messages: found.size,
      first_seq: first,
      num_deleted: found.size === 0 ? 0 : last - first + 1 - found.size,
      num_subjects: Object.keys(counts).length,
    },
  );
  assert.deepEqual({ ...subjects }, counts);
}

for (const removal of REMOVALS) {
  test(`a server that is killed while messages go has what was to stay, and tells so: ${removal.what}`, async (t) => {
    const seed = freshSeed();
    const random = seededRandom(seed);
    const folder = temporaryFolder(t);
    const life = await start(t, folder);
    await fill(life, t);
    const turns = 1 + randomBelow(random, TURNS_MAX);
    const { acknowledged, isAnswered } = await cut(life, removal, turns);
    const again = await start(t, folder);
    const asking = await asker(t, again.port);
    const { state, found } = await settled(again, asking);
    const left = [...found.keys()].filter((seq) =>
      seq <= MESSAGES && removal.goes(seq)
    );
    t.diagnostic(
      `seed ${seed}: ${turns} turns, ${left.length} of what was to go are ` +
        `left${isAnswered ? ", and the answer had come" : ""}`,
    );
    checkState(state, found);
    const last = state["last_seq"] as number;
    assert.ok(last >= acknowledged, `${last}, and ${acknowledged} was told`);
    for (let seq = 1; seq <= last; seq++) {
      const mayGo = seq <= MESSAGES && removal.goes(seq);
      const isAged = seq > MESSAGES && "max_age" in removal.body;
      if (mayGo || (isAged && !isLasting(seq))) continue;
      assert.equal(found.get(seq), `${subjectOf(seq)} ${seq}`);
    }
    for (const [seq, text] of found) {
      assert.equal(text, `${subjectOf(seq)} ${seq}`);
    }
    if (isAnswered && isPurge(removal)) assert.deepEqual(left, []);
    const next = await asking.publish("s.next", "more");
    assert.equal(next["seq"], last + 1);
    assert.doesNotMatch(again.server.stderr, /\[(ERR|FTL)\]/);
  });
}

function isPurge({ subject }: Removal): boolean {
  return subject.startsWith("STREAM.PURGE.");
}
