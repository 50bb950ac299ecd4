/** Traces of messages that go from server to server: of two of Midge, and of Midge and nats-server. */
import assert from "node:assert/strict";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { connectClient, meshed, routeTo } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import { modelMissing } from "../support/nats_server.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { natsPrograms } from "./mesh_servers.ts";
import { linked, say, startPair } from "./mesh_stage.ts";

type Place = { readonly port: number };

const ACCOUNTS = [
  accountWithUser("A", {
    exports: [
      serviceExport("q.>", { allowTrace: true }),
      streamExport("st.>"),
    ],
    trace: { destination: "t.dest", sampling: 100 },
  }),
  accountWithUser("I", {
    imports: [
      serviceImport("A", "q.one", { local: "my.one" }),
      streamImport("A", "st.>", { local: "loc.>", allowTrace: true }),
    ],
  }),
];

const SAME_ACCOUNTS = `
accounts {
  A {
    users: [ {user: a, password: pw} ]
    exports: [ {service: "q.>", allow_trace: true}, {stream: "st.>"} ]
    msg_trace: { dest: "t.dest", sampling: 100 }
  }
  I {
    users: [ {user: i, password: pw} ]
    imports: [
      {service: {account: A, subject: "q.one"}, to: "my.one"}
      {stream: {account: A, subject: "st.>"}, to: "loc.>", allow_trace: true}
    ]
  }
}
`;

const HEADERS = "Nats-Trace-Dest: trc\r\n";

/** HPUB of `hi`. */
function hpub(subject: string, headers: string): string {
  const block = `NATS/1.0\r\n${headers}\r\n`;
  return `HPUB ${subject} ${block.length} ${
    block.length + 2
  }\r\n${block}hi\r\n`;
}

function as(t: TestContext, place: Place, user: string): Promise<Peer> {
  return connectClient(t, place, { user, pass: "pw", name: user });
}

interface Trace {
  readonly server: { readonly name: string };
  readonly request: { readonly header: Record<string, string[]> };
  readonly hops?: number;
  readonly events: readonly Record<string, unknown>[];
}

/** The next two traces, by their servers, without what varies. */
async function traces(peer: Peer): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  for (let i = 0; i < 2; i++) {
    await peer.expect(/MSG (?:trc|t\.dest) \d+ {1,2}\d+\r\n/);
    const { server, hops, events }: Trace = JSON.parse(await peer.expectLine());
    told[server.name] = {
      hops,
      events: events.map(({ ts: _, cid: __, ...rest }) => rest),
    };
  }
  return told;
}

/** What is told of a message that goes from `one` to a client of `two`. */
function expected(
  [one, two]: readonly [string, string],
  begins: readonly Record<string, unknown>[],
  arrives: Record<string, unknown>,
  ends: readonly Record<string, unknown>[],
): Record<string, unknown> {
  return {
    [one]: {
      hops: 1,
      events: [...begins, { type: "eg", kind: 1, name: two, hop: "1" }],
    },
    [two]: {
      hops: undefined,
      events: [
        { type: "in", kind: 1, name: one, acc: "A", ...arrives },
        ...ends,
      ],
    },
  };
}

async function scene(
  t: TestContext,
  [one, two]: readonly [Place, Place],
  names: readonly [string, string],
): Promise<void> {
  const [publisher, hearer] = [await as(t, one, "a"), await as(t, two, "a")];
  const [asker, importer] = [await as(t, one, "i"), await as(t, two, "i")];
  await say(publisher, "SUB trc 1\r\nSUB t.dest 2\r\n");
  await say(asker, "SUB trc 1\r\n");
  await say(hearer, "SUB x.> 1\r\nSUB q.> 2\r\n");
  await say(importer, "SUB loc.> 1\r\n");
  // Who is known at the other server knows what was said before.
  await linked(publisher, hearer);
  await linked(asker, importer);
  await linked(hearer, publisher);
  await linked(importer, asker);
  const begins = { type: "in", kind: 0, name: "a", acc: "A" };
  const ends = { type: "eg", kind: 0, name: "a" };

  const plain = expected(names, [{ ...begins, subj: "x.1" }], { subj: "x.1" }, [
    { ...ends, sub: "x.>" },
  ]);
  publisher.send(hpub("x.1", HEADERS));
  assert.deepEqual(await traces(publisher), plain);
  await hearer.expect(/Nats-Trace-Hop: 1\r\n\r\nhi\r\n/);
  publisher.send(hpub("x.1", `${HEADERS}Nats-Trace-Only: 1\r\n`));
  assert.deepEqual(await traces(publisher), plain);
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  publisher.send(hpub("x.1", `traceparent: ${parent}\r\n`));
  assert.deepEqual(await traces(publisher), plain);
  const heard = await hearer.expect(/hi\r\n/);
  assert.match(heard, /^HMSG .*\r\nNATS.*\r\ntraceparent: /);

  publisher.send(hpub("st.1", HEADERS));
  assert.deepEqual(
    await traces(publisher),
    expected(names, [{ ...begins, subj: "st.1" }], { subj: "st.1" }, [
      { type: "se", acc: "I", to: "loc.1" },
      { ...ends, name: "i", acc: "I", sub: "st.>" },
    ]),
  );
  asker.send(hpub("my.one", HEADERS));
  assert.deepEqual(
    await traces(asker),
    expected(
      names,
      [
        { ...begins, name: "i", acc: "I", subj: "my.one" },
        { type: "si", acc: "A", from: "my.one", to: "q.one" },
      ],
      { subj: "q.one" },
      [{ ...ends, sub: "q.>" }],
    ),
  );
  for (const peer of [publisher, hearer, asker, importer]) {
    await say(peer, "UNSUB 1\r\nUNSUB 2\r\n");
    await peer.close();
  }
}

test("a message from one server of Midge to another is traced on both", async (t) => {
  const first = await startMidge(t, {
    serverName: "one",
    accounts: ACCOUNTS,
    cluster: { name: "c" },
  });
  const second = await startMidge(t, {
    serverName: "two",
    accounts: ACCOUNTS,
    cluster: { name: "c", routes: [routeTo(first)] },
  });
  await meshed([first, second]);
  await scene(t, [first, second], ["one", "two"]);
});

test("so is one between Midge and nats-server, each way", {
  skip: modelMissing,
}, async (t) => {
  const { midge, nats } = await startPair(
    t,
    natsPrograms[1]!,
    "Midge dials",
    { serverName: "midge", accounts: ACCOUNTS },
    { more: `server_name: nats\n${SAME_ACCOUNTS}` },
  );
  await scene(t, [midge, nats], ["midge", "nats"]);
  await scene(t, [nats, midge], ["nats", "midge"]);
});

test(
  "a server that knows nothing of traces gets messages, and none that are only traced",
  {
    skip: natsPrograms[0]!.missing,
  },
  async (t) => {
    const { midge, nats } = await startPair(
      t,
      natsPrograms[0]!,
      "Midge dials",
      {},
      { more: "server_name: old\n" },
    );
    const publisher = await connectClient(t, midge, { name: "a" });
    const hearer = await connectClient(t, nats);
    await say(publisher, "SUB trc 1\r\n");
    await say(hearer, "SUB x.> 1\r\n");
    await linked(publisher, hearer);
    const error = async (headers: string): Promise<unknown> => {
      publisher.send(hpub("x.1", headers));
      await publisher.expect(/MSG trc 1 {2}\d+\r\n/);
      const { events }: Trace = JSON.parse(await publisher.expectLine());
      const { kind, name, error } = events[1]!;
      assert.deepEqual([events.length, kind, name], [2, 1, "old"]);
      return error;
    };
    assert.match(
      `${await error(HEADERS)}`,
      /^Message delivered but remote does/,
    );
    assert.match(
      `${await error(`${HEADERS}Nats-Trace-Only: 1\r\n`)}`,
      /^Not delivered because remote does not support message tracing$/,
    );
    await say(publisher, "PUB x.2 3\r\nend\r\n");
    const heard = await hearer.expect("end\r\n");
    assert.equal(heard.split("hi\r\n").length, 2);
  },
);
