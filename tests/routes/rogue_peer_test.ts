/** A peer that makes accounts up, answers what nobody asked, and measures what it does not serve. */
import assert from "node:assert/strict";
import { accountOptions, serviceExport } from "../accounts/account_options.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { connectClient, join, roundTrip, tell } from "./route_peer.ts";

const USER = { user: "a", password: "p" };
const LOGIN = { user: "a", pass: "p" };

test("a made-up account whose interest was taken back is forgotten", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const round = "RS+ ZZ foo\r\nRS- ZZ foo\r\n";
  await tell(peer, round + round);
  const lines = midge.log.lines.filter((line) => line.includes("Unknown"));
  // One that is remembered is told of once.
  assert.equal(lines.length, 2);
});

test("interest in accounts that are not there is bounded, and what is taken back makes room", async (t) => {
  const midge = await startMidge(t, { cluster: {}, accounts: [] });
  await join(t, midge);
  const [route] = midge.server.cluster!.routes.values();
  const { interest } = route!;
  const wish = (account: string) => ({
    account,
    subject: "s",
    queue: "",
    weight: 1,
  });
  let taken = 0;
  // Each that is taken is the first one in its account.
  while (!interest.add(wish(`MADE${taken}`))) taken++;
  assert.equal(taken, 262_144);
  const { accounts } = midge.server.broker.host;
  const names = [`MADE${taken}`, "MADE0", "LATER"];
  interest.remove(wish("MADE1"));
  assert.equal(interest.add(wish("LATER")), false);
  accounts.configure(names.map((name) => accountOptions(name)));
  const sizes = names.map((name) => accounts.named(name)!.sublist.size);
  assert.deepEqual(sizes, [0, 1, 1]);
  // Two of them are there now, so two more may be noted.
  assert.equal(interest.add(wish("MORE1")), false);
  assert.equal(interest.add(wish("MORE2")), false);
  assert.equal(interest.add(wish("MORE3")), true);
  // They are gone again, and count.
  accounts.configure([]);
  interest.remove(wish("MORE1"));
  assert.equal(interest.add(wish("MORE3")), true);
});

test("a peer with too much interest loses its route, and what it wanted is forgotten", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const { peer } = await join(t, midge);
  const [route] = midge.server.cluster!.routes.values();
  const { interest } = route!;
  interest.max = 10;
  const long = "l".repeat(600);
  const most = "RS+ $G a\r\nRS+ $G b q 1\r\nRS+ MADE c\r\n" +
    `RS+ $G ${long} q 1\r\n`;
  await tell(peer, most);
  // What counts already may change, and what is taken back counts no more.
  await tell(peer, "RS+ $G b q 7\r\n".repeat(5));
  await tell(peer, `RS- $G ${long} q\r\n${most}${most}`);
  await tell(peer, "RS+ $G d\r\nRS+ $G e\r\nRS+ $G f\r\nRS+ $G g\r\n");
  assert.equal(interest.size, 7);
  const { sublist } = midge.server.broker.host.accounts.global;
  const before = sublist.size;
  peer.send("RS+ $G h\r\n");
  await peer.expect("-ERR 'maximum subscriptions exceeded'\r\n");
  await until("all of it is forgotten", () => sublist.size === before - 7);
  assert(
    midge.log.lines.some((line) => line.includes("more than 10 interests")),
  );
});

test("what a peer says of other accounts, of none, and of responses that nobody awaits reaches no client", async (t) => {
  const midge = await startMidge(t, {
    cluster: {},
    accounts: [
      accountOptions("A", { users: [USER], exports: [serviceExport("q")] }),
      accountOptions("B", { users: [{ user: "b", password: "p" }] }),
    ],
  });
  const { peer } = await join(t, midge);
  const client = await connectClient(t, midge, LOGIN);
  await tell(client, "SUB > 1\r\n");
  assert.deepEqual(await roundTrip(peer), ["RS+ A >"]);
  const long = "L".repeat(3000);
  const reply = "_R_.abcdef.ghijkl";
  const half = JSON.stringify({ account: "A", req_id: reply, m2: [] });
  for (const account of ["B", "$G", "$SYS", "ZZ", "a", "A.", "*", ">", long]) {
    await tell(
      peer,
      `A+ ${account}\r\nA- ${account}\r\n` +
        `RS+ ${account} x\r\nRS+ ${account} x q 4\r\nRS- ${account} x\r\n` +
        `RMSG ${account} x 1\r\n1\r\nRMSG ${account} q ${reply} 1\r\n1\r\n` +
        `RMSG ${account} ${reply} 1\r\n1\r\n` +
        `RMSG ${account} $SYS.LATENCY.M2.x ${half.length}\r\n${half}\r\n`,
    );
  }
  // Responses that nobody asked for end here, in the account that they name.
  await tell(peer, `RMSG A real 1\r\n2\r\n`);
  assert.deepEqual(await roundTrip(client), ["MSG real 1 1", "2"]);
  assert.deepEqual(
    midge.log.lines.filter((line) => line.includes("internal error")),
    [],
  );
});

test("replies that ask for a measurement are noted only if they are short", async (t) => {
  const midge = await startMidge(t, {
    cluster: {},
    accounts: [
      accountOptions("A", { users: [USER], exports: [serviceExport("q")] }),
    ],
  });
  const { peer } = await join(t, midge);
  const account = midge.server.broker.host.accounts.named("A")!;
  const before = account.sublist.size;
  const token = "t".repeat(3000);
  await tell(peer, `RMSG A q _R_.${token}.b.c.T 1\r\n1\r\n`);
  assert.equal(account.sublist.size, before);
  await tell(peer, "RMSG A q _R_.a.b.c.T 1\r\n1\r\n");
  assert.equal(account.sublist.size, before + 1);
});
