/**
 * Accounts with imports in mixed clusters: who asks and who serves, who
 * publishes and who hears, on Midge and on nats-server, either way round.
 */
import assert from "node:assert/strict";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
  streamExport,
  streamImport,
} from "../accounts/account_options.ts";
import { connectClient, roundTrip } from "../routes/route_peer.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { natsPrograms } from "./mesh_servers.ts";
import { linked, type Pair, say, startPair } from "./mesh_stage.ts";

const ACCOUNTS = [
  accountWithUser("E", {
    exports: [
      streamExport("s.>"),
      serviceExport("q.>"),
      serviceExport("many", { response: "stream" }),
      serviceExport("b"),
    ],
  }),
  accountWithUser("I", {
    exports: [serviceExport("chain")],
    imports: [
      streamImport("E", "s.>", { local: "p.s.>" }),
      serviceImport("E", "q.*", { local: "ask.$1" }),
      serviceImport("E", "many"),
      serviceImport("E", "b", { local: "chain" }),
    ],
  }),
  accountWithUser("J", { imports: [serviceImport("I", "chain")] }),
];

const NATS_ACCOUNTS = `accounts {
  E { users: [{user: e, password: pw}], exports: [
    {stream: "s.>"}, {service: "q.>"}, {service: many, response: stream}, {service: b}
  ] }
  I { users: [{user: i, password: pw}], exports: [{service: chain}], imports: [
    {stream: {account: E, subject: "s.>"}, prefix: p}
    {service: {account: E, subject: "q.*"}, to: "ask.$1"}
    {service: {account: E, subject: many}}
    {service: {account: E, subject: b}, to: chain}
  ] }
  J { users: [{user: j, password: pw}], imports: [{service: {account: I, subject: chain}}] }
}`;

/** A client of each account on the server at this port. */
interface Clients {
  readonly e: Peer;
  readonly i: Peer;
  readonly j: Peer;
}

async function clientsAt(
  t: TestContext,
  server: { readonly port: number },
): Promise<Clients> {
  const [e, i, j] = await Promise.all(
    ["e", "i", "j"].map((user) =>
      connectClient(t, server, { user, pass: "pw" })
    ),
  );
  return { e: e!, i: i!, j: j! };
}

/** Messages up to one that ends in `end`, without what varies from server to server. */
async function until(peer: Peer, end: string): Promise<string> {
  const text = await peer.expect(`${end}\r\n`);
  return text.replaceAll(/(?:PING|PONG)\r\n/g, "").replaceAll("\r\n", "|");
}

async function streamScene(here: Clients, there: Clients): Promise<void> {
  await say(here.i, "SUB p.s.* 1\r\nSUB p.> q 2\r\n");
  await linked(there.e, here.e);
  await say(there.e, "PUB s.x re.ply 5\r\nfirst\r\nPUB s.y.z 4\r\nlast\r\n");
  const lines = (await until(here.i, "last")).split("|");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("MSG")).sort(),
    ["MSG p.s.x 1 re.ply 5", "MSG p.s.x 2 re.ply 5", "MSG p.s.y.z 2 4"],
  );
  await say(here.i, "UNSUB 1\r\nUNSUB 2\r\n");
}

async function requestScene(here: Clients, there: Clients): Promise<void> {
  await say(there.e, "SUB q.one workers 1\r\nSUB many 2\r\n");
  await say(here.i, "SUB in.* 1\r\n");
  await linked(here.e, there.e);
  here.i.send("PUB ask.one in.1 2\r\nhi\r\n");
  const request = await until(there.e, "hi");
  const [line] = /HMSG q\.one 1 _R_\.\S+/.exec(request) ?? [""];
  assert.match(request, /Nats-Request-Info: \{"acc":"I"/);
  const reply = line.split(" ")[3]!;
  there.e.send(`PUB ${reply} 2\r\nok\r\nPUB ${reply} 5\r\nagain\r\n`);
  assert.match(await until(here.i, "ok"), /MSG in\.1 1 2\|ok\|$/);
  here.i.send("PUB many in.2 1\r\nr\r\n");
  const stream = /HMSG many 2 (_R_\.\S+)/.exec(await until(there.e, "r"))![1]!;
  there.e.send(`PUB ${stream} 1\r\n1\r\nPUB ${stream} 1\r\n2\r\n`);
  there.e.send(`PUB ${stream} 0\r\n\r\n`);
  assert.equal(
    await until(here.i, "0\r\n"),
    "MSG in.2 1 1|1|MSG in.2 1 1|2|MSG in.2 1 0||",
  );
  await say(there.e, "UNSUB 1\r\nUNSUB 2\r\n");
  await say(here.i, "UNSUB 1\r\n");
}

async function chainScene(here: Clients, there: Clients): Promise<void> {
  await say(there.e, "SUB b 3\r\n");
  await say(here.j, "SUB in 1\r\n");
  await linked(here.e, there.e);
  here.j.send("PUB chain in 1\r\nc\r\n");
  const request = await until(there.e, "c");
  assert.match(request, /Nats-Request-Info: \{"acc":"J","svc":"I"/);
  const reply = /HMSG b 3 (_R_\.\S+)/.exec(request)![1]!;
  there.e.send(`PUB ${reply} 4\r\ndone\r\n`);
  assert.match(await until(here.j, "done"), /MSG in 1 4\|done\|$/);
  await say(there.e, "UNSUB 3\r\n");
  await say(here.j, "UNSUB 1\r\n");
}

const SCENES = {
  "a stream is heard": streamScene,
  "requests are served": requestScene,
  "a chain of imports is followed": chainScene,
} as const;

for (const program of natsPrograms) {
  for (const [title, scene] of Object.entries(SCENES)) {
    test(`${title} across Midge and ${program.title}, either way`, {
      skip: program.missing,
    }, async (t) => {
      const { midge, nats }: Pair = await startPair(
        t,
        program,
        "Midge dials",
        { accounts: ACCOUNTS },
        { more: NATS_ACCOUNTS },
      );
      const [ours, theirs] = [
        await clientsAt(t, midge),
        await clientsAt(t, nats),
      ];
      await scene(ours, theirs);
      await scene(theirs, ours);
    });
  }
  test(
    `a request on Midge that ${program.title} does not serve either is answered`,
    {
      skip: program.missing,
    },
    async (t) => {
      const { midge, nats } = await startPair(t, program, "nats-server dials", {
        accounts: ACCOUNTS,
      }, { more: NATS_ACCOUNTS });
      const { i, e } = await clientsAt(t, midge);
      await linked(e, (await clientsAt(t, nats)).e);
      await say(i, "SUB in.* 1\r\n");
      i.send("PUB ask.nobody in.3 1\r\nx\r\n");
      assert.match(
        (await roundTrip(i)).join("|"),
        /NATS\/1\.0 503\|Nats-Subject: ask\.nobody$/,
      );
    },
  );
}
