/**
 * The pages of Midge beside those of a real nats-server in the same state: a
 * cluster of two, a connected client and a closed one. Values differ, so fields
 * and their types are compared; each difference is listed here with its reason,
 * and a listed difference that no longer exists fails as well. Refusals have to
 * use the same words.
 */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import {
  modelMissing as skip,
  newestNatsServer as command,
  startNatsServer,
} from "../support/nats_server.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { shapeOf } from "./shape.ts";
import { until } from "../support/until.ts";

const USER = { user: "ann", pass: "pw" };

const PAGES = [
  "varz",
  "connz?auth=1",
  "connz?subs=1",
  "connz?subs=detail",
  "connz?state=closed",
  "connz?state=closed&subs=detail&auth=1",
  "routez",
  "routez?subs=1",
  "routez?subs=detail",
  "subsz",
  "subsz?subs=1",
  "accountz",
  "accountz?acc=$G",
  "accstatz",
  "leafz",
  "gatewayz",
  "jsz",
];

interface Difference {
  /** Begins the page's name. */
  readonly page: string;
  /** Matches the line of `shapeOf`. */
  readonly line: RegExp;
  readonly who: "midge" | "nats-server";
  readonly why: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    page: "varz",
    line: /^(feature_flags\b.*|cluster\.pool_size):/,
    who: "nats-server",
    why: "Midge has neither JetStream nor pools of routes",
  },
  {
    page: "routez",
    line: /^routes\[\]\.account:/,
    who: "nats-server",
    why: "Midge has no routes for one account",
  },
];

/** Not every subscription has these, and nats-server lists them in any order. */
const OPTIONAL = /\[\]\.(qgroup|max|compression):/;

const REFUSALS = [
  "connz?auth=yes",
  "connz?subs=details",
  "connz?limit=x",
  "connz?limit=NaN",
  "connz?limit=1e309",
  "connz?limit=0x10",
  "connz?limit=1_000",
  "connz?limit=9223372036854775808",
  "connz?offset=-9223372036854775809",
  "connz?offset=%0A%22%C3%A9%5C",
  "connz?offset=%7F%01%09",
  "connz?cid=-1",
  "connz?cid=%2B5",
  "connz?cid=18446744073709551616",
  "connz?state=zork",
  "connz?state=%3Cb%3E",
  "connz?sort=zork",
  "connz?sort=stop",
  "connz?sort=reason&state=all",
  "connz?sort=zork&limit=x",
  "routez?subs=x",
  "subsz?subs=x",
  "subsz?offset=x",
  "subsz?test=foo.*",
  "subsz?test=a..b",
  "accountz?acc=zz",
  "accstatz?unused=x",
  "leafz?subs=x",
  "gatewayz?accs=x",
  "jsz?streams=x",
  "jsz?limit=x",
  "healthz?js-enabled=x",
  "zork",
  "varz/",
];

/** Unusual requests that are answered all the same. */
const ACCEPTED = [
  "connz?limit=-1&offset=-1",
  "connz?limit=%2B5",
  "connz?limit=1&limit=x",
  "connz?limit=",
  "connz?state=CLOSED&sort=stop",
  "connz?subs=DETAIL",
  "connz?cid=18446744073709551615",
  "connz?callback=",
  "subsz?test=",
  "subsz?acc=zz&subs=1",
  "healthz?js-enabled-only=true",
];

interface Ports {
  readonly port: number;
  readonly httpPort: number;
  /** A second server of the cluster. */
  readonly otherPort: number;
}

async function startMidges(t: TestContext): Promise<Ports> {
  const authorization = {
    users: [{ user: USER.user, password: USER.pass }],
    timeoutMs: 2000,
  };
  const other = await startMidge(t, {
    authorization,
    cluster: {},
    systemAccount: "$SYS",
  });
  const route = { host: "127.0.0.1", port: other.clusterPort };
  const { port, httpPort } = await startMidge(t, {
    systemAccount: "$SYS",
    authorization,
    http: { host: "127.0.0.1", port: 0 },
    cluster: { routes: [route] },
  });
  return { port, httpPort, otherPort: other.port };
}

async function startNatsServers(t: TestContext): Promise<Ports> {
  const config = `authorization { users: [{
    user: ${USER.user}, password: ${USER.pass}
  }] }`;
  const other = await startNatsServer({ command, config, routes: [] });
  t.after(() => other.stop());
  const server = await startNatsServer({
    command,
    config: `${config}\nhttp: "127.0.0.1:-1"`,
    routes: [other.clusterPort],
  });
  t.after(() => server.stop());
  const [, httpPort] = /http monitor on \S+:(\d+)/.exec(server.process.stderr)!;
  return {
    port: server.port,
    httpPort: Number(httpPort),
    otherPort: other.port,
  };
}

async function ask(
  { httpPort }: Ports,
  page: string,
): Promise<{ status: number; type: string | null; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${httpPort}/${page}`);
  const { status, headers } = answer;
  const type = headers.get("content-type");
  return { status, type, body: await answer.text() };
}

async function login(t: TestContext, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  await peer.handshake({ ...USER, name: "n", lang: "test", version: "1" });
  return peer;
}

/** Brings a server into the state in which it is compared. */
async function prepare(t: TestContext, ports: Ports): Promise<void> {
  const far = await login(t, ports.otherPort);
  far.send("SUB far 1\r\nSUB far.queue grp 2\r\nPING\r\n");
  await far.expect("PONG\r\n");
  const near = await login(t, ports.port);
  near.send("SUB near 1\r\nSUB near.* grp 2\r\nUNSUB 2 9\r\nPUB a 2\r\nhi\r\n");
  near.send("PING\r\n");
  await near.expect("PONG\r\n");
  const gone = await login(t, ports.port);
  gone.send("SUB gone grp 1\r\nUNSUB 1 9\r\nPING\r\n");
  await gone.expect("PONG\r\n");
  await gone.close();
  await untilPageHas(ports, "connz?state=closed", '"total": 1');
  await untilPageHas(ports, "routez?subs=1", '"far.queue"');
  await untilPageHas(ports, "varz", '"connect_urls"');
}

async function untilPageHas(
  ports: Ports,
  page: string,
  text: string,
): Promise<void> {
  await until(
    `${page} has ${text}`,
    async () => (await ask(ports, page)).body.includes(text),
  );
}

/** The lines that only `lines` has and that no difference of `who` explains; notes those that do. */
function unexplained(
  page: string,
  who: Difference["who"],
  lines: readonly string[],
  others: readonly string[],
  used: Set<Difference>,
): string[] {
  const known = DIFFERENCES.filter((one) =>
    one.who === who && page.startsWith(one.page)
  );
  return lines.filter((line) => {
    if (others.includes(line)) return false;
    const difference = known.find((one) => one.line.test(line));
    if (difference !== undefined) used.add(difference);
    return difference === undefined;
  });
}

/** The lines that both have, in the order of `lines`. */
function sharedOrder(
  lines: readonly string[],
  others: readonly string[],
): string[] {
  return lines.filter((line) => others.includes(line) && !OPTIONAL.test(line));
}

test(
  "the pages have the fields of nats-server's pages",
  { skip },
  async (t) => {
    const midge = await startMidges(t);
    const natsServer = await startNatsServers(t);
    await prepare(t, midge);
    await prepare(t, natsServer);
    const used = new Set<Difference>();
    for (const page of PAGES) {
      const mine = shapeOf(JSON.parse((await ask(midge, page)).body));
      const theirs = shapeOf(JSON.parse((await ask(natsServer, page)).body));
      const extra = unexplained(page, "midge", mine, theirs, used);
      const missing = unexplained(page, "nats-server", theirs, mine, used);
      assert.deepEqual({ page, extra, missing }, {
        page,
        extra: [],
        missing: [],
      });
      assert.deepEqual(
        sharedOrder(mine, theirs),
        sharedOrder(theirs, mine),
        page,
      );
    }
    const stale = DIFFERENCES.filter((one) => !used.has(one));
    assert.deepEqual(stale, [], "differences that are no more");
  },
);

test(
  "both servers refuse the same requests in the same words",
  { skip },
  async (t) => {
    const mine = await startMidges(t);
    const theirs = await startNatsServers(t);
    for (const page of REFUSALS) {
      const expected = await ask(theirs, page);
      assert.ok(expected.status >= 400, page);
      assert.deepEqual(await ask(mine, page), expected, page);
    }
  },
);

test("both servers accept the same unusual requests", { skip }, async (t) => {
  const mine = await startMidges(t);
  const theirs = await startNatsServers(t);
  for (const page of ACCEPTED) {
    for (const ports of [mine, theirs]) {
      const { status, type } = await ask(ports, page);
      assert.deepEqual([status, type], [200, "application/json"], page);
    }
  }
});
