/**
 * One cluster of Midge and a real nats-server: messages, requests, queue
 * groups, gossip, faults and credentials between the two kinds. Clients are
 * raw peers, so that nothing between the test and the servers smooths anything
 * over.
 */
import assert from "node:assert/strict";
import { defaultAuthorizationOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import {
  connectClient,
  logged,
  parseInfo,
  roundTrip,
  routeCount,
  routeTo,
} from "../routes/route_peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { type NatsProgram, startNats } from "./mesh_servers.ts";
import { until } from "../support/until.ts";
import {
  assertMesh,
  assertShares,
  bothWays,
  type Direction,
  DIRECTIONS,
  infoOf,
  linked,
  routeAt,
  routeOf,
  sameMembers,
  say,
  startPair,
  untilTold,
} from "./mesh_stage.ts";

const HEADERS = "NATS/1.0\r\nA: b\r\n\r\n";
const LOGIN = {
  ...defaultAuthorizationOptions(),
  user: "ruth",
  password: "secret",
};

/** Names a test and runs it. */
type Check = (name: string, run: (t: TestContext) => Promise<void>) => void;

export function meshSuite(program: NatsProgram): void {
  for (const direction of DIRECTIONS) {
    checkMessages(program, direction, (name, run) => {
      test(`Midge and ${program.title}, ${direction}: ${name}`, run);
    });
  }
  const check: Check = (name, run) => {
    test(`a cluster of Midge and ${program.title} ${name}`, run);
  };
  checkGossip(program, check);
  checkFaults(program, check);
  checkLogins(program, check);
  checkNames(program, check);
}

function checkMessages(
  program: NatsProgram,
  direction: Direction,
  check: Check,
): void {
  check("pass messages both ways", async (t) => {
    const pair = await startPair(t, program, direction);
    await bothWays(t, pair, async (from, to) => {
      await say(to, "SUB plain 1\r\nSUB wild.*.> 2\r\n");
      await linked(from, to);
      const large = "x".repeat(1_000_000);
      from.send(
        "PUB plain 2\r\nhi\r\nPUB plain rep.1 0\r\n\r\n" +
          `PUB wild.a.b.c ${large.length}\r\n${large}\r\n` +
          `HPUB plain rep.2 18 20\r\n${HEADERS}hi\r\n` +
          `HPUB wild.x.y 18 18\r\n${HEADERS}\r\n`,
      );
      for (
        const expected of [
          "MSG plain 1 2\r\nhi\r\n",
          "MSG plain 1 rep.1 0\r\n\r\n",
          `MSG wild.a.b.c 2 ${large.length}\r\n${large}\r\n`,
          `HMSG plain 1 rep.2 18 20\r\n${HEADERS}hi\r\n`,
          `HMSG wild.x.y 2 18 18\r\n${HEADERS}\r\n`,
        ]
      ) assert.ok((await to.expect(expected)).endsWith(expected));
    });
  });

  check("keep the order of many messages, and lose none", async (t) => {
    const pair = await startPair(t, program, direction);
    await bothWays(t, pair, async (from, to) => {
      await say(to, "SUB many 1\r\n");
      await linked(from, to);
      const count = 20_000;
      const numbers = Array.from({ length: count }, (_, i) => `${i}`);
      from.send(
        numbers.map((n) => `PUB many ${n.length}\r\n${n}\r\n`).join(""),
      );
      await to.expect(`\r\n${count - 1}\r\n`);
      const got = [...to.received.matchAll(/MSG many 1 \d+\r\n(\d+)\r\n/g)]
        .map(([, number]) => number);
      assert.deepEqual(got, numbers);
    });
  });

  check(
    "answer requests for each other, or say that nobody does",
    async (t) => {
      const pair = await startPair(t, program, direction);
      await bothWays(t, pair, async (asker, service) => {
        await say(service, "SUB help.* workers 1\r\n");
        await say(asker, "SUB answer.> 1\r\n");
        await linked(asker, service);
        await linked(service, asker);
        for (let i = 0; i < 10; i++) {
          asker.send(`HPUB help.me answer.${i} 18 20\r\n${HEADERS}hi\r\n`);
          await service.expect(
            `HMSG help.me 1 answer.${i} 18 20\r\n${HEADERS}hi\r\n`,
          );
          service.send(`HPUB answer.${i} 18 20\r\n${HEADERS}ho\r\n`);
          await asker.expect(`HMSG answer.${i} 1 18 20\r\n${HEADERS}ho\r\n`);
        }
        asker.send("PUB nobody answer.none 0\r\n\r\n");
        await asker.expect(/HMSG answer\.none 1 .*\r\nNATS\/1\.0 503\r\n/);
      });
    },
  );

  check(
    "share a queue group, by the number of members on each side",
    async (t) => {
      const pair = await startPair(t, program, direction);
      await bothWays(t, pair, async (near, far) => {
        await say(near, "SUB work q 1\r\n");
        for (const sid of [1, 2, 3]) far.send(`SUB work q ${sid}\r\n`);
        await linked(near, far);
        await linked(far, near);
        await assertShares(near, [near, far], [1, 3]);
        await assertShares(far, [near, far], [1, 3]);
        // One group has grown and the other shrunk.
        far.send("UNSUB 2\r\nUNSUB 3\r\n");
        for (const sid of [2, 3, 4]) near.send(`SUB work q ${sid}\r\n`);
        await linked(near, far);
        await linked(far, near);
        await assertShares(near, [near, far], [4, 1]);
        await assertShares(far, [near, far], [4, 1]);
        far.send("UNSUB 1\r\n");
        await linked(far, near);
        await linked(near, far);
        await assertShares(far, [near, far], [1, 0]);
      });
    },
  );

  check(
    "serve plain subscriptions and several groups with one message",
    async (t) => {
      const pair = await startPair(t, program, direction);
      await bothWays(t, pair, async (from, to) => {
        await say(to, "SUB m 1\r\nSUB m g1 2\r\nSUB m g2 3\r\nSUB > 4\r\n");
        await linked(from, to);
        await roundTrip(to);
        for (let i = 0; i < 50; i++) {
          from.send(`PUB m r 2\r\nhi\r\nHPUB m 18 20\r\n${HEADERS}ho\r\n`);
        }
        await linked(from, to);
        for (const sid of [1, 2, 3, 4]) {
          const plain = to.received.split(`\r\nMSG m ${sid} r 2\r\n`);
          const rich = to.received.split(`\r\nHMSG m ${sid} 18 20\r\n`);
          assert.equal(plain.length - 1, 50, `plain messages for ${sid}`);
          assert.equal(rich.length - 1, 50, `headers for ${sid}`);
        }
        // A client that is gone may be counted a moment longer, and with ">" it
        // would hide that nobody else is there.
        await say(to, "UNSUB 4\r\n");
      });
    },
  );

  check("tell their clients of each other", async (t) => {
    const pair = await startPair(t, program, direction);
    const urls = [pair.midge, pair.nats].map(({ port }) => `127.0.0.1:${port}`);
    for (const { port } of [pair.midge, pair.nats]) {
      const client = await connectClient(t, { port });
      await untilTold(client, (told) => sameMembers(told, urls));
      await client.close();
    }
  });
}

function checkGossip(program: NatsProgram, check: Check): void {
  check("takes in a Midge that comes by way of nats-server", async (t) => {
    const { midge, nats } = await startPair(t, program, "Midge dials");
    const third = await startMidge(t, {
      cluster: { routes: [routeAt(nats.clusterPort)] },
    });
    await assertMesh(t, [midge, third], [nats]);
  });

  check("takes in a Midge that comes by way of Midge", async (t) => {
    const { midge, nats } = await startPair(t, program, "Midge dials");
    const third = await startMidge(t, {
      cluster: { routes: [routeTo(midge)] },
    });
    await assertMesh(t, [midge, third], [nats]);
  });

  check("takes in a nats-server that comes by way of Midge", async (t) => {
    const { midge, nats } = await startPair(t, program, "nats-server dials");
    const third = await startNats(t, program, {
      routes: [midge.clusterPort],
    });
    await assertMesh(t, [midge], [nats, third]);
  });

  check(
    "takes in a nats-server that comes by way of nats-server",
    async (t) => {
      const { midge, nats } = await startPair(t, program, "nats-server dials");
      const third = await startNats(t, program, { routes: [nats.clusterPort] });
      await assertMesh(t, [midge], [nats, third]);
    },
  );
}

function checkFaults(program: NatsProgram, check: Check): void {
  check("goes on after nats-server was killed and started again", async (t) => {
    const { midge, nats } = await startPair(t, program, "Midge dials");
    const here = await connectClient(t, midge);
    await say(here, "SUB kept 1\r\n");
    let there = nats;
    for (let round = 0; round < 2; round++) {
      await there.process.stop();
      await until("end of the route", () => routeCount(midge) === 0);
      there = await startNats(t, program, {
        port: nats.port,
        clusterPort: nats.clusterPort,
      });
      await until("the route again", () => routeCount(midge) === 1);
      const client = await connectClient(t, there);
      await linked(client, here);
      client.send(`PUB kept 1\r\n${round}\r\n`);
      await here.expect(`MSG kept 1 1\r\n${round}\r\n`);
    }
  });

  check("goes on after Midge was stopped and started again", async (t) => {
    const { midge, nats } = await startPair(t, program, "nats-server dials");
    const there = await connectClient(t, nats);
    await say(there, "SUB kept 1\r\n");
    await midge.server.stop();
    const again = await startMidge(t, {
      cluster: { port: midge.clusterPort },
    });
    await until("the route again", () => routeCount(again) === 1);
    const here = await connectClient(t, again);
    await linked(here, there);
    here.send("PUB kept 2\r\nhi\r\n");
    await there.expect("MSG kept 1 2\r\nhi\r\n");
  });

  check("does not recommend a nats-server in lame duck mode", async (t) => {
    const { midge, nats } = await startPair(t, program, "Midge dials");
    await connectClient(t, nats);
    const client = await connectClient(t, midge);
    await untilTold(
      client,
      (told) => told.includes(`127.0.0.1:${nats.port}`),
    );
    nats.enterLameDuckMode();
    const info = parseInfo(await infoOf(client));
    assert.deepEqual(info["connect_urls"], [`127.0.0.1:${midge.port}`]);
    assert.equal(info["ldm"], undefined);
  });

  check("does not recommend a Midge in lame duck mode", async (t) => {
    const { midge, nats } = await startPair(t, program, "Midge dials", {
      lameDuckGraceMs: 100,
      lameDuckDurationMs: 200,
    });
    await connectClient(t, midge);
    const client = await connectClient(t, nats);
    const left = `127.0.0.1:${midge.port}`;
    await untilTold(client, (told) => told.includes(left));
    const leaving = midge.server.lameDuck();
    await untilTold(client, (told) => !told.includes(left));
    await leaving;
  });
}

function checkLogins(program: NatsProgram, check: Check): void {
  for (const direction of DIRECTIONS) {
    check(`lets those in that know its password, ${direction}`, async (t) => {
      const pair = await startPair(
        t,
        program,
        direction,
        { cluster: { authorization: LOGIN } },
        { login: "ruth:secret" },
      );
      await bothWays(t, pair, linked);
    });
  }

  check("keeps a Midge out that does not know its password", async (t) => {
    const nats = await startNats(t, program, { login: "ruth:secret" });
    const route = routeAt(nats.clusterPort);
    const midge = await startMidge(t, { cluster: { routes: [route] } });
    await logged(midge, "Route Error 'Authorization Violation'");
    assert.equal(routeCount(midge), 0);
  });

  check(
    "keeps a nats-server out that does not know its password",
    async (t) => {
      const midge = await startMidge(t, { cluster: { authorization: LOGIN } });
      const routes = [midge.clusterPort];
      const nats = await startNats(t, program, { routes });
      await nats.process.waitFor("Authorization Violation");
      assert.equal(routeCount(midge), 0);
    },
  );

  check("finds by gossip, with its own password, who wants one", async (t) => {
    const login = { cluster: { authorization: LOGIN } };
    const { midge, nats } = await startPair(t, program, "Midge dials", login, {
      login: "ruth:secret",
    });
    const route = { ...routeTo(midge), user: "ruth", password: "secret" };
    const third = await startMidge(t, {
      cluster: { authorization: LOGIN, routes: [route] },
    });
    await assertMesh(t, [midge, third], [nats]);
  });

  check("lets a nats-server in that shows a token as its user", async (t) => {
    const authorization = {
      ...defaultAuthorizationOptions(),
      token: "secret",
    };
    const midge = await startMidge(t, { cluster: { authorization } });
    const nats = await startNats(t, program, {
      routes: [`secret:@127.0.0.1:${midge.clusterPort}`],
    });
    await until("route", () => routeCount(midge) === 1);
    await bothWays(t, { midge, nats }, linked);
  });
}

function checkNames(program: NatsProgram, check: Check): void {
  const named = { cluster: {} };
  const nameless = { cluster: { name: "" } };
  const cases = [
    ["from nats-server", nameless, "test"],
    ["from Midge", named, ""],
    ["from either", nameless, ""],
  ] as const;
  for (const direction of DIRECTIONS) {
    for (const [where, options, clusterName] of cases) {
      check(`takes its name ${where}, ${direction}`, async (t) => {
        const setup = { clusterName };
        const pair = await startPair(t, program, direction, options, setup);
        await bothWays(t, pair, linked);
        const { clusterName: agreed } = pair.midge.server.cluster!;
        if (where === "from either") assert.notEqual(agreed, "test");
        else assert.equal(agreed, "test");
      });
    }
  }

  check("of another name is left alone", async (t) => {
    const nats = await startNats(t, program, { clusterName: "other" });
    const routes = [routeAt(nats.clusterPort)];
    const midge = await startMidge(t, { cluster: { routes } });
    await logged(midge, "does not match");
    assert.equal(routeCount(midge), 0);
  });

  check("bears a client that puts a CR into a subject", async (t) => {
    const pair = await startPair(t, program, "Midge dials");
    const from = await connectClient(t, pair.midge);
    const to = await connectClient(t, pair.nats);
    await say(to, "SUB * 1\r\n");
    await linked(from, to);
    const route = routeOf(pair.midge);
    from.send("PUB a r\rx\ry 2\r\nhi\r\nPUB b\rc 2\r\nhi\r\n");
    await linked(from, to);
    await linked(to, from);
    assert.equal(routeOf(pair.midge), route);
  });
}
