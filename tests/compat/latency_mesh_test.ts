/** How long services take that answer on another server than they are asked on. */
import assert from "node:assert/strict";
import type { AccountOptions } from "../../src/options/options.ts";
import {
  accountWithUser,
  serviceExport,
  serviceImport,
} from "../accounts/account_options.ts";
import { connectClient, routeCount } from "../routes/route_peer.ts";
import { startMidge } from "../support/midge.ts";
import type { Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { natsPrograms } from "./mesh_servers.ts";
import { linked, routeAt, say, startPair } from "./mesh_stage.ts";

const ACCOUNTS: AccountOptions[] = [
  accountWithUser("E", {
    exports: [
      serviceExport("q", { latency: { subject: "lat", sampling: 100 } }),
    ],
  }),
  accountWithUser("I", { imports: [serviceImport("E", "q")] }),
];

const NATS_ACCOUNTS = `server_name: S2
accounts {
  E { users: [{user: e, password: pw}], exports: [{service: q, latency: lat}] }
  I { users: [{user: i, password: pw}], imports: [{service: {account: E, subject: q}}] }
}`;

const OURS = { serverName: "S1", systemAccount: "$SYS", accounts: ACCOUNTS };

interface Server {
  readonly port: number;
}

function client(t: TestContext, at: Server, user: string): Promise<Peer> {
  return connectClient(t, at, { user, pass: "pw", name: user });
}

/** A request at one server, a response at the other, and the record at both. */
async function measure(
  t: TestContext,
  here: Server,
  there: Server,
  name: string,
): Promise<void> {
  const [asker, near, service] = await Promise.all([
    client(t, here, "i"),
    client(t, here, "e"),
    client(t, there, "e"),
  ]);
  await say(asker, "SUB in.* 1\r\n");
  await say(near, "SUB lat 1\r\n");
  await say(service, "SUB q 1\r\nSUB lat 2\r\n");
  await linked(near, service);
  await linked(service, near);
  asker.send("PUB q in.1 2\r\nhi\r\n");
  const [, reply] = /HMSG q 1 (_R_\.\S+\.T) /.exec(
    await service.expect(/HMSG q 1 [^]*hi\r\n/),
  )!;
  service.send(`PUB ${reply} 2\r\nok\r\n`);
  await asker.expect(/MSG in\.1 1 2\r\nok\r\n/);
  for (const [hearer, sid] of [[near, 1], [service, 2]] as const) {
    const head = new RegExp(`MSG lat ${sid} +\\d+\\r\\n`);
    await hearer.expect(head);
    const record = JSON.parse(await hearer.expectLine());
    const { status, requestor, responder } = record;
    assert.equal(status, 200);
    assert.equal(requestor.acc, "I");
    assert.ok(requestor.rtt > 0, `${requestor.rtt}`);
    const { acc, user, name: told, server, kind, rtt } = responder;
    assert.deepEqual(
      { acc, user, told, server, kind },
      { acc: "E", user: "e", told: "e", server: name, kind: "Client" },
    );
    assert.ok(rtt > 0, `${rtt}`);
    const { service: took, system, total } = record;
    for (const time of [took, system, total]) assert.ok(time >= 0, `${time}`);
    assert.ok(total >= took, `${total} >= ${took}`);
  }
  await Promise.all([asker.close(), near.close(), service.close()]);
}

for (const program of natsPrograms) {
  test(
    `a service on another server is measured, Midge and ${program.title} either way`,
    {
      skip: program.missing,
    },
    async (t) => {
      const { midge, nats } = await startPair(t, program, "Midge dials", OURS, {
        more: NATS_ACCOUNTS,
      });
      await measure(t, midge, nats, "S2");
      await measure(t, nats, midge, "S1");
    },
  );
}

test("a service on another Midge is measured", async (t) => {
  const one = await startMidge(t, { ...OURS, cluster: {} });
  const routes = [{ ...routeAt(one.clusterPort), user: "", password: "" }];
  const two = await startMidge(t, {
    ...OURS,
    serverName: "S2",
    cluster: { routes },
  });
  await until("route", () => routeCount(one) === 1);
  await measure(t, one, two, "S2");
  await measure(t, two, one, "S1");
});
