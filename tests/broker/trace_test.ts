/** Traces of messages: what they tell, who may ask for them, and where they end. */
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

type Headers = Readonly<Record<string, string>>;

const TRACED: Headers = { "Nats-Trace-Dest": "trc" };
const ONLY: Headers = { ...TRACED, "Nats-Trace-Only": "true" };
const RECORDED: Headers = {
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};

/** HPUB of `hi`. */
function hpub(subject: string, headers: Headers, reply = ""): string {
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const block = `NATS/1.0\r\n${lines.join("")}\r\n`;
  const words = [subject, ...(reply === "" ? [] : [reply])].join(" ");
  return `HPUB ${words} ${block.length} ${block.length + 2}\r\n${block}hi\r\n`;
}

function clientOf(
  t: TestContext,
  midge: TestServer,
  user: string,
  name: string,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<Peer> {
  return connectClient(t, midge, { user, pass: "pw", name, ...fields });
}

interface Trace {
  readonly server: Readonly<Record<string, unknown>>;
  readonly request: {
    readonly header: Readonly<Record<string, readonly string[]>>;
    readonly msgsize: number;
  };
  readonly hops?: number;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** The next trace on `trc`. */
async function traceAt(peer: Peer): Promise<Trace> {
  await peer.expect(/MSG \S+ \d+ {1,2}\d+\r\n/);
  return JSON.parse(await peer.expectLine());
}

/** The events of a trace, without what varies. */
function events({ events }: Trace): unknown {
  for (const { ts } of events) {
    assert.match(String(ts), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  }
  return events.map(({ ts: _, cid: __, ...rest }) => rest);
}

interface Scene {
  readonly midge: TestServer;
  readonly publisher: Peer;
  readonly hearer: Peer;
  /** Hears the traces. */
  readonly tracer: Peer;
}

async function scene(
  t: TestContext,
  changes: Partial<AccountOptions> = {},
  others: readonly AccountOptions[] = [],
): Promise<Scene> {
  const midge = await startMidge(t, {
    serverName: "S1",
    accounts: [accountWithUser("A", changes), ...others],
  });
  const [publisher, hearer, tracer] = [
    await clientOf(t, midge, "a", "publisher"),
    await clientOf(t, midge, "a", "hearer"),
    await clientOf(t, midge, "a", "tracer"),
  ];
  await tell(tracer, "SUB trc 1\r\n");
  return { midge, publisher, hearer, tracer };
}

const IN = { type: "in", kind: 0, name: "publisher", acc: "A", subj: "x.1" };
const OUT = { type: "eg", kind: 0, name: "hearer", sub: "x.>" };

test("a trace tells where a message came in and to whom it went", async (t) => {
  const { publisher, hearer, tracer } = await scene(t);
  await tell(hearer, "SUB x.> 1\r\nSUB x.1 group 2\r\n");
  await tell(publisher, hpub("x.1", { ...TRACED, Other: "é" }));
  const trace = await traceAt(tracer);
  const { server, request } = trace;
  assert.deepEqual(
    { ...server, id: 0, time: 0, seq: 0 },
    {
      name: "S1",
      host: "127.0.0.1",
      id: 0,
      ver: "2.15.3",
      jetstream: false,
      flags: 0,
      seq: 0,
      time: 0,
    },
  );
  assert.deepEqual(Object.keys(request.header), ["Nats-Trace-Dest", "Other"]);
  assert.equal(trace.hops, undefined);
  assert.deepEqual(events(trace), [
    IN,
    OUT,
    { ...OUT, sub: "x.1", queue: "group" },
  ]);
  const heard = (await roundTrip(hearer)).filter((line) => line === "hi");
  assert.equal(heard.length, 2);
});

test("a message that is only traced reaches nobody", async (t) => {
  const { publisher, hearer, tracer } = await scene(t);
  await tell(hearer, "SUB x.> 1\r\n");
  for (const only of ["true", "1", "ON"]) {
    await tell(publisher, hpub("x.1", { ...TRACED, "Nats-Trace-Only": only }));
    assert.deepEqual(events(await traceAt(tracer)), [IN, OUT]);
  }
  await hearer.silence();
  await tell(publisher, hpub("x.1", { ...TRACED, "Nats-Trace-Only": "no" }));
  assert.deepEqual(events(await traceAt(tracer)), [IN, OUT]);
  assert.ok((await roundTrip(hearer)).includes("hi"));
});

test("a mapped message is traced by both its subjects", async (t) => {
  const destinations = [{ subject: "x.1", weight: 100, cluster: "" }];
  const { publisher, hearer, tracer } = await scene(t, {
    mappings: [{ source: "m", destinations }],
  });
  await tell(hearer, "SUB x.> 1\r\n");
  await tell(publisher, hpub("m", TRACED));
  assert.deepEqual(events(await traceAt(tracer)), [
    { ...IN, subj: "m" },
    { type: "sm", to: "x.1" },
    OUT,
  ]);
});

test("a message that nobody hears has a trace, and a request is answered as ever", async (t) => {
  const { publisher, tracer } = await scene(t);
  await tell(publisher, "SUB in 1\r\n");
  publisher.send(hpub("x.1", TRACED, "in"));
  assert.deepEqual(events(await traceAt(tracer)), [IN]);
  assert.ok((await roundTrip(publisher)).includes("NATS/1.0 503"));
});

test("headers that name no subject, or another one, make no trace", async (t) => {
  const { midge, publisher, hearer, tracer } = await scene(t);
  await tell(hearer, "SUB x.> 1\r\n");
  const headers: Headers[] = [
    { "Nats-Trace-Dest": "trc.*" },
    { "Nats-Trace-Dest": "a..b" },
    { "Nats-Trace-Dest": "" },
    { "Nats-Trace-Dest": "trace disabled" },
    { "nats-trace-dest": "trc" },
    { "Nats-Trace-Only": "true" },
    RECORDED,
  ];
  for (const header of headers) {
    await tell(publisher, hpub("x.1", header));
    assert.ok((await roundTrip(hearer)).includes("hi"), JSON.stringify(header));
  }
  await tracer.silence();
  const complaint =
    'Destination "trc.*" is not valid, won\'t be able to trace events';
  assert.ok(midge.log.lines.some((line) => line.endsWith(complaint)));
});

// CVE-2026-33249, GHSA-p3j5: traces that were published where their client may not.
test("a publisher needs the right to publish to where its trace goes", async (t) => {
  const publish = { allow: ["x.>"] };
  const users = [
    { user: "r", password: "pw", permissions: { publish } },
    {
      user: "d",
      password: "pw",
      permissions: { publish: { allow: ["x.>", "trc"] } },
    },
    { user: "a", password: "pw" },
  ];
  const { midge, hearer, tracer } = await scene(t, { users });
  await tell(hearer, "SUB x.> 1\r\nSUB y 2\r\n");
  const refused = await clientOf(t, midge, "r", "publisher");
  const violation = (subject: string): string =>
    `-ERR 'Permissions Violation for Publish to "${subject}"'`;
  for (const headers of [TRACED, ONLY]) {
    refused.send(hpub("x.1", headers));
    assert.deepEqual(await roundTrip(refused), [violation("trc")]);
  }
  refused.send(hpub("y", TRACED));
  assert.deepEqual(await roundTrip(refused), [violation("y")]);
  await hearer.silence();
  await tracer.silence();
  const allowed = await clientOf(t, midge, "d", "publisher");
  allowed.send(hpub("y", TRACED));
  assert.deepEqual(await roundTrip(allowed), [violation("y")]);
  const error = 'Permissions Violation for Publish to "y"';
  assert.deepEqual(events(await traceAt(tracer)), [{
    ...IN,
    subj: "y",
    error,
  }]);
  for (const reserved of ["$NRG.x", "_GR_.x"]) {
    const free = await clientOf(t, midge, "a", "publisher");
    free.send(hpub("x.1", { "Nats-Trace-Dest": reserved }));
    assert.deepEqual(await roundTrip(free), [violation(reserved)]);
  }
});

test("CVE-2026-33249: a destination that others would read otherwise is none, here and there", async (t) => {
  const publish = { allow: ["x.>", "trc"] };
  const users = [
    { user: "r", password: "pw", permissions: { publish } },
    { user: "a", password: "pw" },
  ];
  const { midge, hearer, tracer } = await scene(t, { users });
  await tell(hearer, "SUB x.> 1\r\nSUB secret 2\r\n");
  const publisher = await clientOf(t, midge, "r", "publisher");
  // nats-server reads A, whose value has a line feed, and then the secret one.
  const block = "NATS/1.0\r\nA: b\nNats-Trace-Dest: trc\r\n" +
    "Nats-Trace-Dest: secret\r\n\r\n";
  const { length } = block;
  publisher.send(`HPUB x.1 ${length} ${length}\r\n${block}\r\n`);
  await publisher.silence();
  const text = (await roundTrip(hearer)).join("|");
  assert.match(text, /^HMSG x\.1 .*\nNats-Trace-Dest: trace disabled$/s);
  assert.doesNotMatch(text, /trc|secret/);
  await tracer.silence();
});

test("a message with very many headers has no trace, here and there", async (t) => {
  const { publisher, hearer, tracer } = await scene(t);
  await tell(hearer, "SUB x.> 1\r\n");
  const many = Array.from({ length: 2000 }, (_, n) => [`h${n}`, "1"]);
  publisher.send(hpub("x.1", { ...TRACED, ...Object.fromEntries(many) }));
  await publisher.silence();
  const lines = await roundTrip(hearer);
  assert.match(lines[0]!, /^HMSG x\.1 /);
  assert.ok(lines.includes("h1999: 1"));
  assert.ok(lines.includes("Nats-Trace-Dest: trace disabled"));
  await tracer.silence();
});

test("who does not get a message is told with the reason", async (t) => {
  const subscribe = { deny: ["x.1"] };
  const users = [
    { user: "a", password: "pw" },
    { user: "s", password: "pw", permissions: { subscribe } },
  ];
  const { midge, tracer } = await scene(t, { users });
  const silent = await clientOf(t, midge, "a", "publisher", { echo: false });
  await tell(silent, "SUB x.1 1\r\n");
  const denied = await clientOf(t, midge, "s", "hearer");
  await tell(denied, "SUB x.> 1\r\n");
  await tell(silent, hpub("x.1", TRACED));
  const told = events(await traceAt(tracer)) as { error?: string }[];
  assert.deepEqual(told.map(({ error }) => error).sort(), [
    "Not delivered because of no echo",
    "Not delivered because subscription denies this subject",
    undefined,
  ]);
  await denied.silence();
});

test("an account has the messages of other tracers traced, by its share", async (t) => {
  const { midge, publisher, hearer } = await scene(t, {
    trace: { destination: "t.dest", sampling: 100 },
  });
  const tracer = await clientOf(t, midge, "a", "tracer");
  await tell(tracer, "SUB t.dest 1\r\n");
  await tell(hearer, "SUB x.> 1\r\n");
  await tell(publisher, hpub("x.1", RECORDED));
  assert.deepEqual(events(await traceAt(tracer)), [IN, OUT]);
  await tell(publisher, hpub("x.1", { TraceParent: RECORDED["traceparent"]! }));
  assert.deepEqual(events(await traceAt(tracer)), [IN, OUT]);
  const unrecorded = RECORDED["traceparent"]!.replace(/1$/, "0");
  await tell(publisher, hpub("x.1", { traceparent: unrecorded }));
  await tell(publisher, hpub("x.1", { traceparent: "1-2-3" }));
  await tracer.silence();
});

test("a stream of another account is traced on where its import allows it", async (t) => {
  const { midge, publisher, tracer } = await scene(t, {
    exports: [streamExport("st.>")],
  }, [
    accountWithUser("I", {
      imports: [
        streamImport("A", "st.>", { local: "loc.>", allowTrace: true }),
      ],
    }),
    accountWithUser("J", {
      imports: [streamImport("A", "st.>", { local: "jl.>" })],
    }),
  ]);
  const open = await clientOf(t, midge, "i", "hearer");
  await tell(open, "SUB loc.> 1\r\n");
  const closed = await clientOf(t, midge, "j", "hidden");
  await tell(closed, "SUB jl.> 1\r\n");
  const expected = [
    { ...IN, subj: "st.1" },
    { type: "se", acc: "I", to: "loc.1" },
    { type: "eg", kind: 0, name: "hearer", acc: "I", sub: "st.>" },
    { type: "se", acc: "J", to: "jl.1" },
  ];
  await tell(publisher, hpub("st.1", TRACED));
  assert.deepEqual(events(await traceAt(tracer)), expected);
  assert.ok((await roundTrip(open)).includes("hi"));
  assert.ok((await roundTrip(closed)).includes("hi"));
  await tell(publisher, hpub("st.1", ONLY));
  assert.deepEqual(events(await traceAt(tracer)), expected);
  await open.silence();
  await closed.silence();
});

test("a service of another account is traced on where its export allows it", async (t) => {
  const { midge, hearer } = await scene(t, {
    exports: [
      serviceExport("q.>", { allowTrace: true }),
      serviceExport("nt.>"),
    ],
  }, [
    accountWithUser("I", {
      imports: [
        serviceImport("A", "q.one", { local: "my.one" }),
        serviceImport("A", "nt.one", { local: "my.nt" }),
      ],
    }),
  ]);
  const asker = await clientOf(t, midge, "i", "publisher");
  await tell(asker, "SUB in 1\r\n");
  const tracer = await clientOf(t, midge, "i", "tracer");
  await tell(tracer, "SUB trc 1\r\n");
  await tell(hearer, "SUB q.> 1\r\nSUB nt.> 2\r\n");
  const from = (subj: string): unknown => ({ ...IN, acc: "I", subj });
  const open = [
    from("my.one"),
    { type: "si", acc: "A", from: "my.one", to: "q.one" },
    { type: "eg", kind: 0, name: "hearer", acc: "A", sub: "q.>" },
  ];
  await tell(asker, hpub("my.one", TRACED, "in"));
  assert.deepEqual(events(await traceAt(tracer)), open);
  assert.match(
    (await roundTrip(hearer)).join("|"),
    /\|Nats-Trace-Dest: _R_\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{6}\|/,
  );
  await tell(asker, hpub("my.one", ONLY, "in"));
  assert.deepEqual(events(await traceAt(tracer)), open);
  await hearer.silence();
  const closed = [
    from("my.nt"),
    { type: "si", acc: "A", from: "my.nt", to: "nt.one" },
  ];
  await tell(asker, hpub("my.nt", TRACED, "in"));
  assert.deepEqual(events(await traceAt(tracer)), closed);
  assert.match(
    (await roundTrip(hearer)).join("|"),
    /\|Nats-Trace-Dest: trace disabled\|/,
  );
  asker.send(hpub("my.nt", ONLY, "in"));
  assert.deepEqual(events(await traceAt(tracer)), closed);
  assert.ok((await roundTrip(asker)).includes("NATS/1.0 503"));
  await hearer.silence();
});
