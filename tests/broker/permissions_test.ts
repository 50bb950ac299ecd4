/**
 * What users may publish, subscribe to and hear, over the protocol: the exact
 * texts, what the log says, responses, and rules that change under a client.
 * The rules themselves are a table in `tests/auth/permissions_test.ts`.
 */
import assert from "node:assert/strict";
import {
  type AccountOptions,
  defaultAuthorizationOptions,
  type PermissionsOptions,
  UNLIMITED_ACCOUNT,
} from "../../src/options/options.ts";
import { test, type TestContext } from "../support/test.ts";
import {
  startStillMidge,
  type StillMidge,
  type StillPeer,
} from "./still_midge.ts";

const EMPTY_ACCOUNT: Omit<AccountOptions, "name"> = {
  nkey: "",
  users: [],
  exports: [],
  imports: [],
  mappings: [],
  limits: UNLIMITED_ACCOUNT,
};

type Users = Readonly<Record<string, PermissionsOptions | undefined>>;

/** Nobody answers PINGs here. */
const HOURS_MS = 100 * 3_600_000;

/** A server with these users, whose passwords are their names. */
function startWith(t: TestContext, users: Users): Promise<StillMidge> {
  return startStillMidge(t, {
    pingIntervalMs: HOURS_MS,
    authorization: {
      ...defaultAuthorizationOptions(),
      users: Object.entries(users).map(([user, permissions]) => ({
        user,
        password: user,
        ...(permissions !== undefined && { permissions }),
      })),
    },
  });
}

function login(
  midge: StillMidge,
  user: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<StillPeer> {
  return midge.login({ user, pass: user, ...fields });
}

/** What `peer` hears when it says `text`. */
async function asks(peer: StillPeer, text: string): Promise<string> {
  await peer.say(text);
  return peer.take();
}

function refusal(what: string): string {
  return `-ERR 'Permissions Violation for ${what}'\r\n`;
}

const RULES: PermissionsOptions = {
  publish: { allow: ["foo.*", "ok"], deny: ["foo.no"] },
  subscribe: {
    allow: ["q.x", "q.x v1", "foo.*", "w >"],
    deny: ["foo.no"],
  },
};

test("what is not permitted is refused by name, and the connection stays", async (t) => {
  const midge = await startWith(t, { ann: RULES });
  const peer = await login(midge, "ann");
  const ROWS: readonly [said: string, answer: string][] = [
    ["PUB bar 1\r\nx\r\n", refusal('Publish to "bar"')],
    ["PUB foo.no 1\r\nx\r\n", refusal('Publish to "foo.no"')],
    ['PUB b"r 1\r\nx\r\n', refusal('Publish to "b\\"r"')],
    ["HPUB bar 12 13\r\nNATS/1.0\r\n\r\nx\r\n", ""],
    ["PUB foo.a 1\r\nx\r\n", ""],
    ["PUB ok _R_.a 1\r\nx\r\n", refusal('Publish with Reply of "_R_.a"')],
    ["SUB nope 1\r\n", refusal('Subscription to "nope"')],
    [
      "SUB nope q 2\r\n",
      refusal('Subscription to "nope" using queue "q"'),
    ],
    [
      "SUB q.x v2 3\r\n",
      refusal('Subscription to "q.x" using queue "v2"'),
    ],
    ["SUB q.x v1 4\r\n", ""],
    ["SUB w a..b 5\r\n", ""],
    ["SUB w 6\r\n", refusal('Subscription to "w"')],
    ["SUB foo.> 7\r\n", refusal('Subscription to "foo.>"')],
    ["SUB foo.* 8\r\n", ""],
    [
      "SUB foo.* _sys_ 9\r\n",
      refusal('Subscription to "foo.*" using queue "_sys_"'),
    ],
    ["SUB foo. 10\r\n", refusal('Subscription to "foo."')],
    ["PUB foo.a 2\r\nhi\r\nPING\r\n", "MSG foo.a 8 2\r\nhi\r\nPONG\r\n"],
  ];
  for (const [said, answer] of ROWS) {
    if (said.startsWith("HPUB")) continue;
    assert.equal(await asks(peer, said), answer, said);
  }
  const headers = await login(midge, "ann", { headers: true });
  assert.equal(
    await asks(headers, "HPUB bar 12 13\r\nNATS/1.0\r\n\r\nx\r\nPING\r\n"),
    `${refusal('Publish to "bar"')}PONG\r\n`,
  );
});

test("a verbose client that may not do something is told so and nothing else", async (t) => {
  const midge = await startWith(t, { ann: RULES });
  const peer = await login(midge, "ann", { verbose: true, pedantic: true });
  assert.equal(
    await asks(peer, "PUB bar 1\r\nx\r\n"),
    refusal('Publish to "bar"'),
  );
  assert.equal(await asks(peer, "PUB ok 1\r\nx\r\n"), "+OK\r\n");
  assert.equal(
    await asks(peer, "SUB bar 1\r\n"),
    refusal('Subscription to "bar"'),
  );
  assert.equal(
    await asks(peer, "PUB zz.* 1\r\nx\r\n"),
    `-ERR 'Invalid Publish Subject'\r\n${refusal('Publish to "zz.*"')}`,
  );
});

test("the log names what was refused", async (t) => {
  const midge = await startWith(t, { ann: RULES });
  const peer = await login(midge, "ann");
  await asks(
    peer,
    "PUB bar 1\r\nx\r\nPUB ok _R_.a 1\r\nx\r\n" +
      "SUB nope 1\r\nSUB nope q 2\r\nSUB foo.* _sys_ 3\r\n",
  );
  const lines = midge.midge.log.lines.filter((line) =>
    line.includes("Violation - ")
  );
  assert.deepEqual(
    lines.map((line) => line.replace(/^ERR .*? - cid:\d+ - (?:".*?" - )?/, "")),
    [
      'Publish Violation - Subject "bar"',
      'Publish Violation - Reply "_R_.a"',
      'Subscription Violation - Subject "nope", SID 1',
      'Subscription Violation - Subject "nope", Queue: "q", SID 2',
      'Subscription Violation - Subject "foo.*", Queue: "_sys_", SID 3',
    ],
  );
});

test("users do not share verdicts on the same subject", async (t) => {
  const midge = await startWith(t, {
    ann: { publish: { allow: ["a"] } },
    bob: { publish: { deny: ["a"] } },
    all: undefined,
  });
  const all = await login(midge, "all");
  await all.say("SUB a 1\r\n");
  const ann = await login(midge, "ann");
  const bob = await login(midge, "bob");
  for (let round = 0; round < 5; round++) {
    assert.equal(await asks(ann, "PUB a 1\r\nx\r\n"), "");
    assert.equal(all.take(), "MSG a 1 1\r\nx\r\n");
    assert.equal(
      await asks(bob, "PUB a 1\r\ny\r\n"),
      refusal('Publish to "a"'),
    );
    assert.equal(all.take(), "");
    assert.equal(await asks(all, "PUB a 1\r\nz\r\n"), "MSG a 1 1\r\nz\r\n");
  }
});

test("GHSA-wh7g, GHSA-jx8g, CVE-2022-29946: a deny holds for wildcard and queue subscriptions, too", async (t) => {
  const midge = await startWith(t, {
    ann: { subscribe: { deny: ["a.secret", "b.*", "q.x v1"] } },
    all: undefined,
  });
  const ann = await login(midge, "ann");
  const all = await login(midge, "all");
  await ann.say(
    "SUB > 1\r\nSUB a.* 2\r\nSUB a.> 3\r\nSUB *.secret 4\r\n" +
      "SUB a.* g 5\r\nSUB q.* v1 6\r\nSUB q.* v2 7\r\n",
  );
  const sids = async (subject: string): Promise<string[]> => {
    await all.say(`PUB ${subject} 1\r\nx\r\n`);
    const heard = ann.take().matchAll(/^MSG (\S+) (\d+) 1\r\nx$/gm);
    return [...heard].map(([, on, sid]) => {
      assert.equal(on, subject);
      return sid!;
    }).sort();
  };
  // Each twice: the second answer may come from a cache.
  for (let round = 0; round < 4; round++) {
    assert.deepEqual(await sids("a.secret"), []);
    assert.deepEqual(await sids("a.open"), ["1", "2", "3", "5"]);
    assert.deepEqual(await sids("b.x"), []);
    assert.deepEqual(await sids("b.x.y"), ["1"]);
    assert.deepEqual(await sids("c.secret"), ["1", "4"]);
    assert.deepEqual(await sids("q.x"), ["1", "7"]);
    assert.deepEqual(await sids("q.y"), ["1", "6", "7"]);
  }
});

test("another member of a queue group gets what one may not hear", async (t) => {
  const midge = await startWith(t, {
    ann: { subscribe: { deny: ["a.secret"] } },
    all: undefined,
  });
  const denied = [];
  for (let i = 0; i < 5; i++) {
    const peer = await login(midge, "ann");
    await peer.say("SUB a.* g 1\r\n");
    denied.push(peer);
  }
  const able = await login(midge, "all");
  await able.say("SUB a.secret g 9\r\n");
  const publisher = await login(midge, "all");
  for (let i = 0; i < 50; i++) await publisher.say("PUB a.secret 1\r\nx\r\n");
  assert.equal(able.take(), "MSG a.secret 9 1\r\nx\r\n".repeat(50));
  assert.deepEqual(denied.map((peer) => peer.take()), ["", "", "", "", ""]);
});

test("a request that nobody may hear has no responders", async (t) => {
  const midge = await startWith(t, {
    ann: { subscribe: { deny: ["svc.secret"] } },
    all: undefined,
  });
  const ann = await login(midge, "ann");
  await ann.say("SUB svc.* 1\r\n");
  const all = await login(midge, "all", { headers: true, no_responders: true });
  assert.match(
    await asks(all, "SUB in.1 1\r\nPUB svc.secret in.1 1\r\nx\r\n"),
    /^HMSG in\.1 1 \d+ \d+\r\nNATS\/1\.0 503/,
  );
});

test("what is judged is the subject that a mapping makes of what was published", async (t) => {
  const account = {
    ...EMPTY_ACCOUNT,
    name: "A",
    users: [
      {
        user: "ann",
        password: "ann",
        permissions: { publish: { allow: ["m"] } },
      },
      {
        user: "bob",
        password: "bob",
        permissions: { publish: { allow: ["ok.m"] } },
      },
    ],
    mappings: [{
      source: "m",
      destinations: [{ subject: "ok.m", weight: 100, cluster: "" }],
    }],
  };
  const midge = await startStillMidge(t, { accounts: [account] });
  const ann = await login(midge, "ann");
  const bob = await login(midge, "bob");
  await bob.say("SUB > 1\r\n");
  assert.equal(
    await asks(ann, "PUB m 1\r\nx\r\n"),
    refusal('Publish to "ok.m"'),
  );
  assert.equal(await asks(bob, "PUB m 1\r\nx\r\n"), "MSG ok.m 1 1\r\nx\r\n");
});

test("GHSA-hmmp: who comes in without CONNECT has the permissions of that user", async (t) => {
  const midge = await startStillMidge(t, {
    noAuthUser: "ann",
    authorization: {
      ...defaultAuthorizationOptions(),
      users: [{ user: "ann", password: "ann", permissions: RULES }],
    },
  });
  for (
    const [said, what] of [
      ["PUB bar 1\r\nx\r\n", 'Publish to "bar"'],
      ["SUB bar 1\r\n", 'Subscription to "bar"'],
    ] as const
  ) {
    const peer = await midge.connect();
    assert.equal(await asks(peer, said), refusal(what));
  }
});

test("a second CONNECT brings the permissions of the user that it names", async (t) => {
  const midge = await startWith(t, { ann: RULES, all: undefined });
  const peer = await login(midge, "all");
  assert.equal(
    await asks(peer, "SUB bar 1\r\nPUB bar 1\r\nx\r\n"),
    "MSG bar 1 1\r\nx\r\n",
  );
  await asks(peer, 'CONNECT {"user":"ann","pass":"ann","verbose":false}\r\n');
  assert.equal(
    await asks(peer, "SUB bar 1\r\nPUB bar 1\r\nx\r\n"),
    refusal('Subscription to "bar"') + refusal('Publish to "bar"'),
  );
});

const RESPONDS: Users = {
  svc: {
    publish: { deny: ["in.denied"] },
    subscribe: { allow: ["svc"] },
    responses: { maxMessages: 2, expiresMs: 60_000 },
  },
  all: undefined,
};

test("who was asked may respond, as often as it is allowed to", async (t) => {
  const midge = await startWith(t, RESPONDS);
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  await all.say("SUB in.> 1\r\n");
  const refused = refusal('Publish to "in.1"');
  assert.equal(await asks(svc, "PUB in.1 1\r\nx\r\n"), refused);
  await all.say("PUB svc in.1 1\r\nq\r\n");
  svc.take();
  assert.equal(await asks(svc, "PUB in.1 1\r\na\r\n"), "");
  assert.equal(await asks(svc, "PUB in.1 1\r\nb\r\n"), "");
  assert.equal(await asks(svc, "PUB in.1 1\r\nc\r\n"), refused);
  assert.equal(all.take(), "MSG in.1 1 1\r\na\r\nMSG in.1 1 1\r\nb\r\n");
  // A reply subject that is asked with again.
  await all.say("PUB svc in.1 1\r\nq\r\n");
  svc.take();
  assert.equal(await asks(svc, "PUB in.1 1\r\nd\r\n"), "");
});

test("a response ends with its time, and lasts until then", async (t) => {
  const midge = await startWith(t, RESPONDS);
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  await all.say("PUB svc in.1 1\r\nq\r\nPUB svc in.2 1\r\nq\r\n");
  svc.take();
  await midge.clock.advance(59_999);
  svc.take();
  assert.equal(await asks(svc, "PUB in.1 1\r\nx\r\n"), "");
  await midge.clock.advance(1);
  svc.take();
  assert.equal(
    await asks(svc, "PUB in.1 1\r\nx\r\nPUB in.2 1\r\nx\r\n"),
    refusal('Publish to "in.1"') + refusal('Publish to "in.2"'),
  );
});

test("each request with one reply subject allows its responses, and renews the time", async (t) => {
  const midge = await startWith(t, RESPONDS);
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  await all.say("PUB svc in.1 1\r\nq\r\n");
  await midge.clock.advance(50_000);
  await all.say("PUB svc in.1 1\r\nq\r\n");
  await midge.clock.advance(50_000);
  svc.take();
  for (let i = 0; i < 4; i++) {
    assert.equal(await asks(svc, "PUB in.1 1\r\nx\r\n"), "");
  }
  assert.equal(
    await asks(svc, "PUB in.1 1\r\nx\r\n"),
    refusal('Publish to "in.1"'),
  );
});

test("a deny holds for responses, too", async (t) => {
  const midge = await startWith(t, RESPONDS);
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  await all.say("SUB in.> 1\r\nPUB svc in.denied 1\r\nq\r\n");
  svc.take();
  assert.equal(
    await asks(svc, "PUB in.denied 1\r\nx\r\n"),
    refusal('Publish to "in.denied"'),
  );
  assert.equal(all.take(), "");
});

test("responses without limits have none, and only what was heard may be answered", async (t) => {
  const midge = await startWith(t, {
    svc: {
      subscribe: { deny: ["svc.secret"] },
      responses: { maxMessages: -1, expiresMs: -1 },
    },
    all: undefined,
  });
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc.* 1\r\n");
  await all.say("PUB svc.a in.1 1\r\nq\r\nPUB svc.secret in.2 1\r\nq\r\n");
  await midge.clock.advance(24 * 3_600_000);
  svc.take();
  for (let i = 0; i < 20; i++) {
    assert.equal(await asks(svc, "PUB in.1 1\r\nx\r\n"), "");
  }
  assert.equal(
    await asks(svc, "PUB in.2 1\r\nx\r\n"),
    refusal('Publish to "in.2"'),
  );
});

test("responses that are never sent take a bounded number of places, the newest", async (t) => {
  const midge = await startWith(t, {
    svc: { responses: { maxMessages: 1, expiresMs: -1 } },
    all: undefined,
  });
  const svc = await login(midge, "svc");
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  const COUNT = 100_000;
  for (let from = 0; from < COUNT; from += 500) {
    let text = "";
    for (let i = from; i < from + 500; i++) text += `PUB svc in.${i} 0\r\n\r\n`;
    await all.say(text);
    svc.take();
  }
  assert.equal(
    await asks(svc, "PUB in.0 0\r\n\r\n"),
    refusal('Publish to "in.0"'),
  );
  assert.equal(await asks(svc, `PUB in.${COUNT - 1} 0\r\n\r\n`), "");
});

test("rules that change take subscriptions away by name, and the connection stays", async (t) => {
  const midge = await startWith(t, { ann: undefined, all: undefined });
  const peer = await login(midge, "ann");
  const session = midge.newest;
  const all = await login(midge, "all");
  await peer.say(
    "SUB foo 1\r\nSUB bar q 2\r\nSUB foo.* 3\r\nSUB foo.> 4\r\n",
  );
  session.rebind({
    account: "$G",
    user: "ann",
    permissions: { subscribe: { allow: ["foo.*"], deny: ["foo.no"] } },
  });
  await midge.clock.advance(0);
  assert.equal(
    peer.take(),
    refusal('Subscription to "foo" (sid "1")') +
      refusal('Subscription to "bar" using queue "q" (sid "2")') +
      refusal('Subscription to "foo.>" (sid "4")'),
  );
  assert.deepEqual(
    midge.midge.log.lines.flatMap((line) =>
      /Removed sub .*/.exec(line)?.[0] ?? []
    ),
    [
      'Removed sub "foo" (sid "1") for User "ann" - not authorized',
      'Removed sub "bar" (sid "2") for User "ann" - not authorized',
      'Removed sub "foo.>" (sid "4") for User "ann" - not authorized',
    ],
  );
  await all.say("PUB foo.a 1\r\nx\r\nPUB foo.no 1\r\nx\r\nPUB foo 1\r\nx\r\n");
  assert.equal(peer.take(), "MSG foo.a 3 1\r\nx\r\n");
  // The same sid may be used again.
  await asks(peer, "SUB foo.b 1\r\nUNSUB 3\r\n");
  assert.equal(
    await asks(peer, "PUB foo.b 1\r\ny\r\n"),
    "MSG foo.b 1 1\r\ny\r\n",
  );
  await peer.say("SUB foo.* 3\r\n");
  session.rebind({ account: "$G", user: "ann" });
  assert.equal(
    await asks(peer, "PUB foo.no 1\r\nz\r\n"),
    "MSG foo.no 3 1\r\nz\r\n",
  );
});

test("rules that change hold at once, however many subscriptions there are to look at", async (t) => {
  const midge = await startWith(t, { ann: undefined, all: undefined });
  const peer = await login(midge, "ann");
  const session = midge.newest;
  const all = await login(midge, "all");
  const COUNT = 20_000;
  for (let from = 0; from < COUNT; from += 500) {
    let text = "";
    for (let i = from; i < from + 500; i++) text += `SUB s.${i} ${i}\r\n`;
    await peer.say(text);
  }
  session.rebind({
    account: "$G",
    user: "ann",
    permissions: { subscribe: { deny: ["s.*"] } },
  });
  await all.say(`PUB s.${COUNT - 1} 1\r\nx\r\n`);
  let told = peer.take();
  while (session.subscriptions.size > 0) {
    await midge.clock.advance(1);
    told += peer.take();
  }
  assert(!told.includes("MSG"));
  assert.equal(told.match(/-ERR/g)?.length, COUNT);
});

test("responses that were allowed still are if rules for them stay the same", async (t) => {
  const midge = await startWith(t, RESPONDS);
  const svc = await login(midge, "svc");
  const session = midge.newest;
  const all = await login(midge, "all");
  await svc.say("SUB svc 1\r\n");
  await all.say("PUB svc in.1 1\r\nq\r\nPUB svc in.2 1\r\nq\r\n");
  svc.take();
  const rules = RESPONDS["svc"]!;
  session.rebind({
    account: "$G",
    user: "svc",
    permissions: { ...rules, publish: { deny: ["in.2"] } },
  });
  assert.equal(
    await asks(svc, "PUB in.1 1\r\nx\r\nPUB in.2 1\r\nx\r\n"),
    refusal('Publish to "in.2"'),
  );
  const responses = { maxMessages: 5, expiresMs: 1000 };
  session.rebind({
    account: "$G",
    user: "svc",
    permissions: { ...rules, responses },
  });
  assert.equal(
    await asks(svc, "PUB in.1 1\r\nx\r\n"),
    refusal('Publish to "in.1"'),
  );
});

test("subjects that differ in their last token are judged one by one", async (t) => {
  const midge = await startWith(t, {
    ruled: {
      publish: { allow: ["in.*", "up.7"], deny: ["in.7", "in.9"] },
    },
    plain: undefined,
  });
  const hearer = await login(midge, "plain");
  await hearer.say("SUB in.* 1\r\nSUB up.* 2\r\n");
  const publisher = await login(midge, "ruled");
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  const subjects = ["in", "up"].flatMap((parent) =>
    numbers.map((i) => `${parent}.${i}`)
  );
  const mayBe = (subject: string) =>
    subject.startsWith("in.")
      ? !["in.7", "in.9"].includes(subject)
      : subject === "up.7";
  const told = await asks(
    publisher,
    subjects.map((subject) => `PUB ${subject} 0\r\n\r\n`).join(""),
  );
  assert.equal(
    told,
    subjects.filter((subject) => !mayBe(subject))
      .map((subject) => refusal(`Publish to "${subject}"`)).join(""),
  );
  const heard = hearer.take().match(/MSG \S+/g) ?? [];
  assert.deepEqual(
    heard,
    subjects.filter(mayBe).map((subject) => `MSG ${subject}`),
  );
});

test("what one may hear of a subject is judged for each user, however often it comes", async (t) => {
  const denying = (deny: string): PermissionsOptions => ({
    subscribe: { deny: [deny] },
  });
  const account = {
    ...EMPTY_ACCOUNT,
    name: "A",
    users: Object.entries({
      plain: undefined,
      a: denying("s.a"),
      b: denying("s.b"),
      c: denying("s.b v1"),
    }).map(([user, permissions]) => ({
      user,
      password: user,
      ...(permissions !== undefined && { permissions }),
    })),
    mappings: [{
      source: "m",
      destinations: [{ subject: "s.b", weight: 100, cluster: "" }],
    }],
  };
  const midge = await startStillMidge(t, { accounts: [account] });
  const publisher = await login(midge, "plain");
  const hearers = new Map<string, StillPeer>();
  for (const user of ["plain", "a", "b", "c"]) {
    const peer = await login(midge, user);
    await peer.say("SUB s.* 1\r\nSUB s.> v2 2\r\n");
    hearers.set(user, peer);
  }
  const subjects = ["s.a", "s.a", "s.b", "m", "m", "s.b", "s.b", "s.a", "s.c"];
  const said = subjects.map((subject) => `PUB ${subject} 1\r\nx\r\n`).join("");
  for (let round = 0; round < 3; round++) {
    await publisher.say(said);
    const shown = subjects.map((subject) => subject === "m" ? "s.b" : subject);
    let groups = 0;
    for (const [user, peer] of hearers) {
      const heard = peer.take().match(/MSG \S+ \d/g) ?? [];
      assert.deepEqual(
        heard.filter((line) => line.endsWith(" 1")),
        shown.filter((subject) => subject !== `s.${user}` || user === "c")
          .map((subject) => `MSG ${subject} 1`),
        `${user}, round ${round}`,
      );
      const named = heard.filter((line) => line.endsWith(" 2"));
      assert(!named.includes(`MSG s.${user} 2`) || user === "c");
      groups += named.length;
    }
    assert.equal(groups, subjects.length, "one member hears each message");
  }
});
