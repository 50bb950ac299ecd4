/** Streams and services of one account that another one imports, on one server. */
import assert from "node:assert/strict";
import type { AccountOptions } from "../../src/options/options.ts";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { connectClient, roundTrip, tell } from "../routes/route_peer.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";

/** A client in the account of this user. */
function clientOf(
  t: TestContext,
  midge: TestServer,
  user: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Peer> {
  return connectClient(t, midge, { user, pass: "pw", ...fields });
}

/** Account E with what it exports, and I with what it imports. */
async function pair(
  t: TestContext,
  exports: AccountOptions["exports"],
  imports: AccountOptions["imports"],
): Promise<{ midge: TestServer; e: Peer; i: Peer }> {
  const accounts = [
    accountWithUser("E", { exports }),
    accountWithUser("I", { imports }),
  ];
  const midge = await startMidge(t, { accounts });
  const [e, i] = [
    await clientOf(t, midge, "e"),
    await clientOf(t, midge, "i"),
  ];
  return { midge, e, i };
}

/** What has come to `peer`, in one text, without what varies of a request's header. */
async function heard(peer: Peer): Promise<string> {
  const lines = await roundTrip(peer);
  return lines.join("|").replace(/"rtt":\d+/g, '"rtt":N');
}

/** The reply subject of the request that has come to `peer`. */
async function replyIn(peer: Peer): Promise<string> {
  const [line = ""] = (await roundTrip(peer)).filter((text) =>
    text.includes("MSG ")
  );
  const reply = line.split(" ")[3]!;
  assert.match(reply, /^_R_\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{6}$/);
  return reply;
}

test("the log names what is heard of another account, at the client that hears it", async (t) => {
  const { midge, i } = await pair(
    t,
    [streamExport("s.>"), streamExport("x")],
    [
      streamImport("E", "s.>", { local: "p.s.>" }),
      streamImport("E", "x", { local: "p.x" }),
    ],
  );
  await tell(i, "SUB p.s.> 1\r\nSUB p.s.a q 2\r\nSUB p.* 3\r\nSUB y 4\r\n");
  const line = /^DBG \S+ - cid:2 - .*(Creating import subscription .*)$/;
  assert.deepEqual(
    midge.log.lines.flatMap((text) => line.exec(text)?.[1] ?? []),
    ["s.>", "s.a", "x"].map((subject) =>
      `Creating import subscription on "${subject}" from account "E"`
    ),
  );
});

test("a stream is heard under its local subject, by subscriptions of every width", async (t) => {
  const { e, i } = await pair(t, [streamExport("s.>"), streamExport("o.*.*")], [
    streamImport("E", "s.>", { local: "p.s.>" }),
    streamImport("E", "o.*.*", { local: "l.$2.$1" }),
    streamImport("E", "s.one", { local: "one" }),
  ]);
  const narrower = ["p.s.a", "p.s.*", "*.s.a", "p.>", ">", "p.s.*.>"];
  const subscribed = narrower.map((subject, n) => `SUB ${subject} ${n}\r\n`);
  await tell(i, `${subscribed.join("")}SUB l.y.* l\r\nSUB l.*.y no\r\n`);
  await tell(e, "PUB s.a r 1\r\n1\r\n");
  const lines = (await roundTrip(i)).filter((line) => line.startsWith("MSG"));
  assert.deepEqual(
    lines.sort(),
    [0, 1, 2, 3, 4].map((sid) => `MSG p.s.a ${sid} r 1`),
  );
  await tell(e, "PUB s.one 1\r\n2\r\nPUB o.x.y 1\r\n3\r\nPUB other 1\r\n4\r\n");
  const more = (await roundTrip(i)).filter((line) => line.startsWith("MSG"));
  assert.deepEqual(more.sort(), [
    "MSG l.y.x 4 1",
    "MSG l.y.x l 1",
    "MSG one 4 1",
    "MSG p.s.one 1 1",
    "MSG p.s.one 3 1",
    "MSG p.s.one 4 1",
  ]);
});

test("what a wildcard that is used twice lets through is filtered", async (t) => {
  const { e, i } = await pair(t, [streamExport("s.*")], [
    streamImport("E", "s.*", { local: "l.$1.$1" }),
  ]);
  await tell(i, "SUB l.a.b 1\r\nSUB l.a.* 2\r\n");
  await tell(e, "PUB s.a 1\r\n1\r\nPUB s.b 1\r\n2\r\n");
  assert.equal(await heard(i), "MSG l.a.a 2 1|1");
});

test("a subscription with a maximum gets exactly as many messages of a stream", async (t) => {
  const { e, i, midge } = await pair(t, [streamExport("s.>")], [
    streamImport("E", "s.>"),
    streamImport("E", "s.x", { local: "s.y" }),
  ]);
  await tell(i, "SUB s.* 1\r\nUNSUB 1 3\r\n");
  // Two of these come by two imports: each of them twice.
  await tell(e, "PUB s.x 1\r\n1\r\nPUB s.x 1\r\n2\r\nPUB s.x 1\r\n3\r\n");
  const lines = (await roundTrip(i)).filter((line) => line.startsWith("MSG"));
  assert.equal(lines.length, 3);
  for (const account of midge.server.broker.host.accounts) {
    assert.equal(account.sublist.size, 0, account.name);
  }
});

test("members of a queue group share a stream, in both accounts", async (t) => {
  const { e, i, midge } = await pair(t, [streamExport("s")], [
    streamImport("E", "s"),
  ]);
  const i2 = await clientOf(t, midge, "i");
  await tell(i, "SUB s q 1\r\n");
  await tell(i2, "SUB s q 1\r\n");
  await tell(e, "PUB s 1\r\n1\r\n".repeat(20));
  const counts = await Promise.all(
    [i, i2].map(async (peer) =>
      (await roundTrip(peer)).filter((line) => line.startsWith("MSG")).length
    ),
  );
  assert.equal(counts[0]! + counts[1]!, 20);
});

test("a stream that an account imports is not imported on", async (t) => {
  const accounts = [
    accountWithUser("C", { exports: [streamExport("c.>")] }),
    accountWithUser("B", {
      exports: [streamExport("b.>")],
      imports: [streamImport("C", "c.>", { local: "b.c.>" })],
    }),
    accountWithUser("A", { imports: [streamImport("B", "b.>")] }),
  ];
  const midge = await startMidge(t, { accounts });
  const [a, b, c] = await Promise.all(
    ["a", "b", "c"].map((user) => clientOf(t, midge, user)),
  );
  await tell(a!, "SUB > 1\r\n");
  await tell(b!, "SUB > 1\r\n");
  await tell(c!, "PUB c.x 1\r\n1\r\n");
  assert.equal(await heard(b!), "MSG b.c.x 1 1|1");
  assert.equal(await heard(a!), "");
});

test("a request goes to the exporting account with a reply of its own, and one response comes back", async (t) => {
  const { e, i } = await pair(t, [serviceExport("q.*")], [
    serviceImport("E", "q.*", { local: "ask.$1.please" }),
  ]);
  await tell(e, "SUB q.one 1\r\n");
  await tell(i, "SUB inbox 2\r\nPUB ask.one.please inbox 2\r\nhi\r\n");
  const lines = await roundTrip(e);
  assert.match(
    lines.join("|"),
    /^HMSG q\.one 1 _R_\.\w{6}\.\w{6} \d+ \d+\|NATS\/1\.0\|Nats-Request-Info: \{"acc":"I"(,"rtt":\d+)?\}\|hi$/,
  );
  const reply = lines[0]!.split(" ")[3]!;
  await tell(e, `HPUB ${reply} 18 20\r\nNATS/1.0\r\nA: b\r\n\r\nok\r\n`);
  assert.equal(await heard(i), "HMSG inbox 2 18 20|NATS/1.0|A: b|ok");
  await tell(e, `PUB ${reply} more 2\r\nok\r\n`);
  assert.equal(await heard(i), "");
});

// CVE-2026-33223, CVE-2026-33246: a header of the server that clients could forge.
test("a service is told all of who asks if the import shares that, and nothing that the requester made up", async (t) => {
  const { e, i, midge } = await pair(t, [serviceExport("q")], [
    serviceImport("E", "q", { share: true }),
  ]);
  await tell(e, "SUB q 1\r\n");
  const forged = 'NATS/1.0\r\nnats-request-info: {"acc":"X"}\r\nA: b\r\n\r\n';
  await tell(i, `HPUB q ${forged.length} ${forged.length}\r\n${forged}\r\n`);
  const text = await heard(e);
  assert.doesNotMatch(text, /"acc":"X"/);
  const json = /A: b\|Nats-Request-Info: (\{.*\})/.exec(text)![1]!;
  const { start, id, rtt, ...rest } = JSON.parse(json.replace("N", "1"));
  assert.match(start, /^20\d\d-.*Z$/);
  assert.equal(typeof id, "number");
  assert.ok(rtt === undefined || rtt === 1);
  assert.deepEqual(rest, {
    host: "127.0.0.1",
    acc: "I",
    user: "i",
    server: midge.server.broker.identity.name,
    kind: "Client",
    client_type: "nats",
  });
});

test("CVE-2026-33223: nothing that some reader takes for a line of the header passes for the server's", async (t) => {
  const { e, i } = await pair(t, [serviceExport("q")], [
    serviceImport("E", "q"),
  ]);
  await tell(e, "SUB q 1\r\n");
  const lie = 'Nats-Request-Info: {"acc":"X"}';
  const blocks = [
    `NATS/1.0\r\nA: b\n${lie}\r\n\r\n`,
    `NATS/1.0\r\nA: b\r${lie}\r\n\r\n`,
    `NATS/1.0\n${lie}\r\n\r\n`,
    `NATS/1.0\r\n${lie}\n\r\n`,
    `NATS/1.0\r\n${lie}`,
    `NATS/1.0\r\n ${lie}\r\n\r\n`,
    `NATS/1.0\r\n${lie.replace(":", " :")}\r\n${lie.toUpperCase()}\r\n\r\n`,
  ];
  for (const block of blocks) {
    await tell(i, `HPUB q ${block.length} ${block.length}\r\n${block}\r\n`);
    const text = await heard(e);
    assert.doesNotMatch(text, /"X"/i, block);
    assert.match(text, /Nats-Request-Info: \{"acc":"I"/);
  }
});

test("a request that nobody serves is answered for its own subject, and leaves nothing behind", async (t) => {
  const { i, midge } = await pair(
    t,
    [serviceExport("q", { accounts: ["X"] })],
    [
      serviceImport("E", "q"),
      serviceImport("Q", "nowhere"),
    ],
  );
  await tell(i, "SUB in.* 1\r\n");
  for (const subject of ["q", "nowhere"]) {
    i.send(`PUB ${subject} in.1 0\r\n\r\n`);
    const size = 30 + subject.length + 2;
    assert.equal(
      await heard(i),
      `HMSG in.1 1 ${size} ${size}|NATS/1.0 503|Nats-Subject: ${subject}`,
    );
  }
  const { accounts } = midge.server.broker.host;
  assert.equal(accounts.named("E")!.sublist.size, 0);
});

test("a request without a reply goes there without one", async (t) => {
  const { e, i } = await pair(t, [serviceExport("q")], [
    serviceImport("E", "q"),
  ]);
  await tell(e, "SUB q 1\r\n");
  await tell(i, "PUB q 2\r\nhi\r\n");
  assert.match(await heard(e), /^HMSG q 1 \d+ \d+\|/);
});

for (const response of ["stream", "chunked"] as const) {
  test(`the responses of a ${response} service come until an empty one`, async (t) => {
    const { e, i } = await pair(t, [serviceExport("q", { response })], [
      serviceImport("E", "q"),
    ]);
    await tell(e, "SUB q 1\r\n");
    await tell(i, "SUB in.* 7\r\nPUB q in.1 1\r\nr\r\n");
    const reply = await replyIn(e);
    await tell(
      e,
      `PUB ${reply} 1\r\n1\r\nPUB ${reply} 1\r\n2\r\nPUB ${reply} 0\r\n\r\nPUB ${reply} 1\r\n3\r\n`,
    );
    assert.equal(
      await heard(i),
      "MSG in.1 7 1|1|MSG in.1 7 1|2|MSG in.1 7 0",
    );
  });
}

test("a response may ask back, and the answer finds its way", async (t) => {
  const { e, i } = await pair(
    t,
    [serviceExport("q", { response: "stream" })],
    [serviceImport("E", "q")],
  );
  await tell(e, "SUB q 1\r\nSUB back 2\r\n");
  await tell(i, "SUB in.* 7\r\nPUB q in.1 1\r\nr\r\n");
  await tell(e, `PUB ${await replyIn(e)} back 4\r\nmore\r\n`);
  await tell(i, `PUB ${await replyIn(i)} 3\r\nyes\r\n`);
  assert.equal(await heard(e), "MSG back 2 3|yes");
});

test("a chain of imports leads there and back, and each hop is told of", async (t) => {
  const accounts = [
    accountWithUser("C", { exports: [serviceExport("c")] }),
    accountWithUser("B", {
      exports: [serviceExport("b")],
      imports: [serviceImport("C", "c", { local: "b" })],
    }),
    accountWithUser("A", {
      imports: [serviceImport("B", "b", { local: "a" })],
    }),
  ];
  const midge = await startMidge(t, { accounts });
  const a = await clientOf(t, midge, "a");
  const c = await clientOf(t, midge, "c");
  await tell(a, "SUB in.1 1\r\n");
  a.send("PUB a in.1 2\r\nhi\r\n");
  assert.match(await heard(a), /NATS\/1\.0 503\|Nats-Subject: a$/);
  await tell(c, "SUB c 1\r\n");
  await tell(a, "PUB a in.1 2\r\nhi\r\n");
  const text = (await roundTrip(c)).join("|");
  assert.match(text, /Nats-Request-Info: \{"acc":"A","svc":"B"/);
  const reply = text.split(" ")[3]!;
  await tell(c, `PUB ${reply} 2\r\nok\r\n`);
  assert.equal(await heard(a), "MSG in.1 1 2|ok");
});

test("imports that lead in a ring end where the message has been", async (t) => {
  const accounts = [
    accountWithUser("A", {
      exports: [serviceExport("a")],
      imports: [serviceImport("B", "b", { local: "a" })],
    }),
    accountWithUser("B", {
      exports: [serviceExport("b")],
      imports: [serviceImport("A", "a", { local: "b" })],
    }),
  ];
  const midge = await startMidge(t, { accounts });
  const a = await clientOf(t, midge, "a");
  const b = await clientOf(t, midge, "b");
  await tell(a, "SUB in 1\r\nSUB a 2\r\n");
  await tell(b, "SUB b 3\r\n");
  a.send("PUB a in 1\r\n1\r\n");
  const count = (text: string): number => text.split("MSG ").length - 1;
  assert.equal(count(await heard(b)), 1);
  assert.equal(
    count(await heard(a)),
    2,
    "as it was published, and once around",
  );
});

test("an account imports from itself", async (t) => {
  const accounts = [
    accountWithUser("A", {
      exports: [serviceExport("q.>"), streamExport("s.>")],
      imports: [
        serviceImport("A", "q.x", { local: "q.y" }),
        streamImport("A", "s.x", { local: "s.y" }),
      ],
    }),
  ];
  const midge = await startMidge(t, { accounts });
  const a = await clientOf(t, midge, "a");
  await tell(a, "SUB q.x 1\r\nSUB s.y 2\r\nSUB in 3\r\n");
  a.send("PUB q.y in 1\r\n1\r\nPUB s.x 1\r\n2\r\n");
  assert.match(await heard(a), /^HMSG q\.x 1 _R_.*\|1\|MSG s\.y 2 1\|2$/);
});

test("a message for very many is heard across accounts as well, and asked there once", async (t) => {
  const { e, i, midge } = await pair(
    t,
    [streamExport("s"), serviceExport("q")],
    [streamImport("E", "s"), serviceImport("E", "q")],
  );
  const many = 20_000;
  const subscriptions = (subject: string): string =>
    Array.from({ length: many }, (_, n) => `SUB ${subject} ${n}\r\n`).join("");
  await tell(i, subscriptions("s"));
  await tell(e, `SUB s e\r\nSUB q f\r\n`);
  e.send("PUB s 0\r\n\r\nPING\r\n");
  await e.expect("MSG s e 0\r\n\r\n");
  await e.expect("PONG\r\n");
  const heard = (await roundTrip(i)).filter((line) => line.startsWith("MSG"));
  assert.equal(new Set(heard).size, many);
  assert.equal(heard.length, many);
  const asker = await clientOf(t, midge, "i");
  await tell(i, subscriptions("q").replaceAll("SUB q ", "SUB q q"));
  await tell(asker, "SUB in 1\r\nPUB q in 0\r\n\r\n");
  assert.equal(
    (await roundTrip(e)).filter((line) => line.includes("MSG q")).length,
    1,
  );
  const local = (await roundTrip(i)).filter((line) => line.startsWith("MSG q"));
  assert.equal(local.length, many);
});

test("a chain of very many imports ends, and the server goes on", async (t) => {
  const accounts = Array.from(
    { length: 500 },
    (_, n) =>
      accountWithUser(`A${n}`, {
        exports: [serviceExport("q")],
        imports: n === 499 ? [] : [serviceImport(`A${n + 1}`, "q")],
      }),
  );
  const midge = await startMidge(t, { accounts });
  const [first, near, last] = await Promise.all(
    ["a0", "a40", "a499"].map((user) => clientOf(t, midge, user)),
  );
  await tell(last!, "SUB q 1\r\n");
  await tell(first!, "SUB in 1\r\n");
  first!.send("PUB q in 0\r\n\r\n");
  assert.match(await heard(first!), /503/);
  await tell(near!, "SUB q 1\r\n");
  await tell(first!, "PUB q in 0\r\n\r\n");
  const reply = await replyIn(near!);
  await tell(near!, `PUB ${reply} 2\r\nok\r\n`);
  assert.equal(await heard(first!), "MSG in 1 2|ok");
});
