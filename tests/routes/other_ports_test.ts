/** Routes that lead to another port than a route port: none counts, and each is reported and tried again. */
import assert from "node:assert/strict";
import { defaultRegistryOptions } from "../../src/options/options.ts";
import { natsPrograms } from "../compat/mesh_servers.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { startNatsServer } from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import {
  connectClient,
  infoText,
  interests,
  join,
  listen,
  logged,
  meshed,
  roundTrip,
  routeCount,
  routeTo,
  tell,
} from "./route_peer.ts";

const HOST = "127.0.0.1";
const CLIENT_FIELDS = { client_id: 5, client_ip: "127.0.0.1" };
const HTTP = "HTTP: a monitoring port, a registry or WebSockets";

/** What answers, and what the log says of it. */
const ANSWERS: readonly [name: string, answer: string, said: string][] = [
  [
    "a client port",
    infoText({ id: "B", info: CLIENT_FIELDS }),
    `the client port of server "B"`,
  ],
  [
    "a client port with TLS",
    infoText({ id: "B", info: { ...CLIENT_FIELDS, tls_required: true } }),
    `the client port of server "B"`,
  ],
  [
    "a leaf node port",
    infoText({
      id: "B",
      info: { client_id: 6, ip: "127.0.0.1:7422", nonce: "x" },
    }),
    `the leaf node port of server "B"`,
  ],
  [
    "a gateway port",
    infoText({ id: "B", info: { gateway: "test", cluster: undefined } }),
    `the gateway port of server "B"`,
  ],
  ["a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", HTTP],
  ["a TLS port", "\x15\x03\x01\x00\x02\x02\x16", "TLS"],
];

for (const [name, answer, said] of ANSWERS) {
  test(`${name} is not taken for a route, and dialled again`, async (t) => {
    const listener = await listen(t);
    const routes = [{ host: HOST, port: listener.port }];
    const midge = await startMidge(t, { cluster: { routes } });
    const first = await listener.accept();
    await first.expect(/INFO .*\r\n/);
    first.send(answer);
    await first.expectClosed();
    await logged(midge, `ERR 127.0.0.1:${listener.port} - rid:1 - `);
    await logged(midge, `There is no route port here, but ${said}`);
    assert.equal(routeCount(midge), 0);
    assert.equal(errors(midge).length, 1, errors(midge).join("\n"));
    const second = await listener.accept();
    await second.expect(/INFO .*\r\n/);
    second.send(infoText({ id: "B" }));
    await until("a route", () => routeCount(midge) === 1);
  });
}

function errors({ log }: TestServer): string[] {
  return log.lines.filter((line) => line.startsWith("ERR"));
}

test("a server that dials in and says what a client port says is refused", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  await assert.rejects(join(t, midge, { id: "B", info: CLIENT_FIELDS }));
  await logged(midge, `but the client port of server "B"`);
  assert.equal(routeCount(midge), 0);
});

/** Ports of a Midge server that are none for routes. */
const PORTS: readonly [
  name: string,
  port: (midge: TestServer) => number,
  said: string,
][] = [
  ["client", ({ port }) => port, `the client port of server "B"`],
  ["monitoring", ({ httpPort }) => httpPort, HTTP],
  ["registry", ({ server }) => server.registryAddress!.port, HTTP],
];

for (const [name, portOf, said] of PORTS) {
  for (const isFirst of [true, false]) {
    const order = isFirst ? "before" : "after";
    test(`a route to a ${name} port, ${order} the right one, leaves that one alone`, async (t) => {
      const other = await startMidge(t, {
        serverName: "B",
        http: { host: HOST, port: 0 },
        registry: { ...defaultRegistryOptions(), host: HOST, port: 0 },
        cluster: {},
      });
      const wrong = { host: HOST, port: portOf(other) };
      const right = routeTo(other);
      const routes = isFirst ? [wrong, right] : [right, wrong];
      const midge = await startMidge(t, { cluster: { routes } });
      await meshed([midge, other]);
      await logged(midge, `There is no route port here, but ${said}`);
      await assertDelivers(t, midge, other);
      assert.equal(routeCount(midge), 1);
      const ended = midge.log.lines.filter((line) =>
        line.includes("Duplicate Route")
      );
      assert.deepEqual(ended, []);
    });
  }
}

async function assertDelivers(
  t: TestContext,
  from: TestServer,
  to: TestServer,
): Promise<void> {
  const subscriber = await connectClient(t, to);
  await tell(subscriber, "SUB foo 1\r\n");
  await interests(from, 1);
  const publisher = await connectClient(t, from);
  await tell(publisher, "PUB foo 2\r\nhi\r\n".repeat(15));
  await until("15 messages", async () => {
    await roundTrip(subscriber);
    return subscriber.received.split("\r\nhi\r\n").length === 16;
  });
}

const NATS_SERVER = `
  listen: "127.0.0.1:-1"
  server_name: B
  http: "127.0.0.1:-1"
  accounts { SYS { users: [ { user: s, password: p } ] } }
  system_account: SYS
  cluster { name: other, listen: "127.0.0.1:-1" }
  leafnodes { listen: "127.0.0.1:-1" }
  gateway { name: other, listen: "127.0.0.1:-1" }
  websocket { listen: "127.0.0.1:-1", no_tls: true }
`;

/** How nats-server names its ports in the log, and what Midge says of them. */
const NATS_PORTS: readonly [line: RegExp, said: string][] = [
  [/client connections on .*:(\d+)/, `the client port of server "B"`],
  [/leafnode connections on .*:(\d+)/, `the leaf node port of server "B"`],
  [/gateways? connections on .*:(\d+)/, `the gateway port of server "B"`],
  [/http monitor on .*:(\d+)/, HTTP],
  [/websocket clients on .*:(\d+)/, HTTP],
];

for (const { title, command, missing } of natsPrograms) {
  test(`ports of ${title} are told apart`, { skip: missing }, async (t) => {
    const nats = await startNatsServer({ config: NATS_SERVER, command });
    t.after(() => nats.stop());
    for (const [line, said] of NATS_PORTS) {
      const [, port] = line.exec(nats.process.stderr) ?? [];
      assert.ok(port !== undefined, `${line} in ${nats.process.stderr}`);
      const routes = [{ host: HOST, port: Number(port) }];
      const midge = await startMidge(t, { cluster: { routes } });
      await logged(midge, `There is no route port here, but ${said}`);
      assert.equal(routeCount(midge), 0);
      await midge.server.stop();
    }
  });
}
