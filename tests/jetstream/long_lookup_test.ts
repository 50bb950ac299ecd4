/** What asks about all of thousands of subjects does so in many turns, and its answer is that of one turn. */
import assert from "node:assert/strict";
import { SubjectFilter } from "../../src/jetstream/store/subject_table.ts";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { freshSeed, seededRandom } from "../support/random.ts";
import { randomBelow } from "../../src/platform/clock.ts";
import { test, type TestContext } from "../support/test.ts";
import { type Answer, type Asker, asker } from "./request.ts";
import { countedTurns } from "./turns.ts";

const SUBJECTS = 20_000;
/** The sequence of no message. */
const NONE = 1_000_000;
/** Subjects that are compared with a pattern in one turn at most: a part, and with it those near to a place. */
const PART_MAX = 4096;
const NEAR_MAX = 2 * PART_MAX + 1024;

interface Scene {
  readonly asking: Asker;
  readonly peer: Peer;
  /** The most comparisons of a subject with a pattern between two looks, one of which is in each turn. */
  mostAtOnce(): number;
}

/** A server whose comparisons are counted in each turn of its event loop, with a stream of `SUBJECTS`. */
async function filled(t: TestContext): Promise<Scene> {
  const turns = countedTurns();
  const { means } = SubjectFilter.prototype;
  SubjectFilter.prototype.means = function (subject): boolean {
    turns.count();
    return means.call(this, subject);
  };
  t.after(() => void (SubjectFilter.prototype.means = means));
  const { port } = await startMidge(t, {
    jetstream: defaultJetStreamOptions(),
  }, turns.platform);
  const asking = await asker(t, port);
  await asking.api("STREAM.CREATE.S", {
    name: "S",
    subjects: ["s.>"],
    storage: "memory",
    allow_direct: true,
  });
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ headers: true });
  peer.send("SUB a.* 1\r\n");
  const lines: string[] = [];
  for (let i = 0; i < SUBJECTS; i++) lines.push(`PUB s.${i} 2\r\nhi\r\n`);
  peer.send(`${lines.join("")}PUB s.last a.all 2\r\nhi\r\n`);
  await peer.expect("MSG a.all 1 ");
  await peer.expectLine();
  await peer.expectLine();
  return { asking, peer, mostAtOnce: turns.most };
}

function request(name: string, subject: string, body: object): string {
  const text = JSON.stringify(body);
  return `PUB $JS.API.${subject} a.${name} ${text.length}\r\n${text}\r\n`;
}

function made(name: string, config: object): [string, object] {
  return [`CONSUMER.CREATE.S.${name}`, {
    stream_name: "S",
    config: { name, ack_policy: "none", ...config },
  }];
}

/** Asks, with a PING behind it that is answered before; gives the answer. */
async function askedSlowly(
  peer: Peer,
  subject: string,
  body: object,
): Promise<string> {
  peer.send(`${request("one", subject, body)}PING\r\n`);
  await peer.expect(/^(PING\r\n)*PONG\r\n/);
  await peer.expect(/H?MSG a\.one 1 [^\r]*\r\n/);
  return await peer.expectLine();
}

const ALL = { filter_subject: "s.*" };
const CASES: readonly (readonly [string, [string, object], number])[] = [
  [
    "a consumer with the last message of each",
    made("L", { ...ALL, deliver_policy: "last_per_subject" }),
    SUBJECTS + 1,
  ],
  ["a consumer of all", made("A", ALL), SUBJECTS + 1],
  ["one of nothing", made("N", { filter_subject: "s.*.*" }), 0],
  [
    "one of the last message",
    made("O", { ...ALL, deliver_policy: "last" }),
    1,
  ],
  [
    "one from a place on",
    made("P", {
      ...ALL,
      deliver_policy: "by_start_sequence",
      opt_start_seq: 15_001,
    }),
    SUBJECTS + 1 - 15_000,
  ],
];

for (const [what, [subject, body], expected] of CASES) {
  test(`others are served while a filter learns of thousands of subjects: ${what}`, async (t) => {
    const { peer, mostAtOnce } = await filled(t);
    const answer = JSON.parse(await askedSlowly(peer, subject, body));
    assert.equal(answer["num_pending"], expected);
    const most = mostAtOnce();
    assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
  });
}

test("others are served while the filters of a consumer become others", async (t) => {
  const { asking, peer, mostAtOnce } = await filled(t);
  await asking.api(...made("C", {}));
  const answer = await askedSlowly(
    peer,
    ...made("C", { filter_subjects: ["s.*", "s.*.*"] }),
  );
  assert.equal(JSON.parse(answer)["num_pending"], SUBJECTS + 1);
  const most = mostAtOnce();
  assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
});

test("others are served while the subjects of a stream are listed", async (t) => {
  const { peer, mostAtOnce } = await filled(t);
  const names = Array.from({ length: SUBJECTS }, (_, i) => `s.${i}`);
  const sorted = [...names, "s.last"].sort();
  for (const offset of [0, 15_000]) {
    const answer = JSON.parse(
      await askedSlowly(peer, "STREAM.INFO.S", {
        subjects_filter: "s.*",
        offset,
      }),
    );
    assert.equal(answer["total"], SUBJECTS + 1);
    const { subjects } = answer["state"] as { subjects: Answer };
    assert.deepEqual(Object.keys(subjects), sorted.slice(offset));
    assert.deepEqual(new Set(Object.values(subjects)), new Set([1]));
  }
  const most = mostAtOnce();
  assert.ok(most > 0 && most <= PART_MAX, `${most} at once`);
});

test("others are served while sequences without a message are listed, which are those of one moment", async (t) => {
  const { asking, peer } = await filled(t);
  const gone = Array.from({ length: 500 }, (_, i) => 2 + 37 * i);
  for (const seq of gone.slice(1)) {
    await asking.api("STREAM.MSG.DELETE.S", { seq });
  }
  const listed = async (): Promise<Answer> => {
    const asked = { deleted_details: true };
    const told = await askedSlowly(peer, "STREAM.INFO.S", asked);
    return JSON.parse(told)["state"] as Answer;
  };
  assert.deepEqual((await listed())["deleted"], gone.slice(1));
  // This one is looked at behind the first step, and may be there or not.
  const text = JSON.stringify({ deleted_details: true });
  peer.send(
    `PUB $JS.API.STREAM.INFO.S a.two ${text.length}\r\n${text}\r\n` +
      "PUB s.more 2\r\nhi\r\n",
  );
  await peer.expect(/MSG a\.two 1 [^\r]*\r\n/);
  const state = JSON.parse(await peer.expectLine())["state"] as Answer;
  assert.deepEqual(state["deleted"], gone.slice(1));
  assert.equal(state["num_deleted"], gone.length - 1);
});

test("others are served while a message is looked for among thousands", async (t) => {
  const { peer, mostAtOnce } = await filled(t);
  const last = await askedSlowly(peer, "STREAM.MSG.GET.S", {
    last_by_subj: "s.*.*",
  });
  assert.match(last, /"err_code":10037/);
  const next = await askedSlowly(peer, "STREAM.MSG.GET.S", {
    next_by_subj: "*.last",
    seq: 1,
  });
  assert.match(next, /"subject":"s.last"/);
  const direct = await askedSlowly(peer, "DIRECT.GET.S", {
    last_by_subj: "s.*.*.*",
  });
  assert.equal(direct, "NATS/1.0 404 Message Not Found");
  const most = mostAtOnce();
  assert.ok(most > 0 && most <= NEAR_MAX, `${most} at once`);
});

test("others are served while messages come without a consumer, and those that have gone are passed over", async (t) => {
  const { asking, peer } = await filled(t);
  const text = JSON.stringify({ next_by_subj: "s.*", seq: 1, batch: SUBJECTS });
  peer.send(
    `PUB $JS.API.DIRECT.GET.S a.got ${text.length}\r\n${text}\r\nPING\r\n`,
  );
  await peer.expect(/^(PING\r\n)*PONG\r\n/);
  await peer.expect("HMSG a.got 1 ");
  const { purged } = await asking.api("STREAM.PURGE.S", { seq: SUBJECTS });
  await peer.expect(/NATS\/1\.0 204 EOB[^]*\r\n\r\n\r\n/);
  const got = [...peer.received.matchAll(/Nats-Sequence: (\d+)\r\n/g)];
  const seqs = got.map(([, seq]) => Number(seq));
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  assert.equal(seqs[0], 1);
  assert.equal(seqs.at(-1), SUBJECTS + 1);
  assert.ok(seqs.length < Number(purged), `${seqs.length} came`);
});

test("requests come one behind the other while a filter learns", async (t) => {
  const { peer } = await filled(t);
  peer.send(
    request("made", ...made("C", ALL)) +
      request("info", "CONSUMER.INFO.S.C", {}) +
      request("purge", "STREAM.PURGE.S", { filter: "s.*", keep: 1000 }) +
      request("again", "STREAM.PURGE.S", { filter: "s.*", keep: 10 }) +
      request("left", "CONSUMER.INFO.S.C", {}),
  );
  const answers: Answer[] = [];
  for (const name of ["made", "info", "purge", "again", "left"]) {
    // They may come in another order.
    const head = await peer.heard(`MSG a.${name} 1 `, 0);
    const body = await peer.heard("\r\n", head);
    const end = await peer.heard("\r\n", body);
    answers.push(JSON.parse(peer.received.slice(body, end)));
  }
  assert.deepEqual(
    answers.map(({ num_pending, purged }) => num_pending ?? purged),
    [SUBJECTS + 1, SUBJECTS + 1, SUBJECTS + 1 - 1000, 990, 10],
  );
});

test("a stream may be deleted while a filter learns of its subjects", async (t) => {
  const { peer } = await filled(t);
  peer.send(
    request("made", ...made("C", ALL)) + request("gone", "STREAM.DELETE.S", {}),
  );
  await peer.heard("MSG a.gone 1 ", 0);
  const from = await peer.heard("MSG a.made 1 ", 0);
  await peer.heard('"err_code":10059', from);
});

test("a consumer that begins with last messages gets those of one moment, while messages come and go", async (t) => {
  const seed = freshSeed();
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { asking, peer } = await filled(t);
  /** The messages of each subject. */
  const state = new Map<string, number[]>();
  for (let i = 0; i < SUBJECTS; i++) state.set(`s.${i}`, [i + 1]);
  state.set("s.last", [SUBJECTS + 1]);
  let lastSeq = SUBJECTS + 1;
  const publish = (): string => {
    const subject = `s.${randomBelow(random, 40)}`;
    state.set(subject, [...state.get(subject)!, ++lastSeq]);
    return `PUB ${subject} 2\r\nhi\r\n`;
  };
  const drop = (): string => {
    const seqs = state.get(`s.${randomBelow(random, 40)}`)!;
    const body = { seq: seqs.pop() ?? NONE };
    return request("drop", "STREAM.MSG.DELETE.S", body);
  };
  const changes = (acts: readonly (() => string)[]): string =>
    Array.from({ length: 50 }, () => acts[randomBelow(random, acts.length)]!())
      .join("");
  /** What a consumer gets that is made now: the last messages, and those behind. */
  const moments: { readonly lasts: Set<number>; readonly upTo: number }[] = [];
  const note = (): void => {
    const lasts = [...state.values()].flatMap((seqs) => seqs.slice(-1));
    moments.push({ lasts: new Set(lasts), upTo: lastSeq });
  };
  const before = changes([publish, drop]);
  note();
  const during = changes([() => {
    const line = publish();
    note();
    return line;
  }]);
  // These are seen to behind the consumer.
  const after = changes([drop]);
  const config = {
    ...ALL,
    deliver_policy: "last_per_subject",
    deliver_subject: "a.got",
  };
  peer.send(before + request("made", ...made("L", config)) + during + after);
  await peer.heard("MSG a.made 1 ", 0);
  await asking.api("STREAM.INFO.S");
  await asking.publish("s.end", "hi");
  await peer.heard("MSG s.end 1 ", 0);
  const got = new Set(
    [...peer.received.matchAll(/\$JS\.ACK\.S\.L\.1\.(\d+)\./g)]
      .map(([, seq]) => Number(seq)),
  );
  const there = [...state.values()].flat();
  const fits = moments.some(({ lasts, upTo }) =>
    there.every((seq) => got.has(seq) === (seq > upTo || lasts.has(seq)))
  );
  assert.ok(fits, "no moment has had these last messages");
});
