/** Which clusters go together, and whose name the joint one has. */
import assert from "node:assert/strict";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import {
  connectClient,
  connectText,
  infoText,
  join,
  knock,
  listen,
  logged,
  meshed,
  roundTrip,
  routeCount,
  routeTo,
  tell,
} from "./route_peer.ts";
import { compareClusters } from "../../src/routes/cluster_name.ts";

test("what comes of two names", () => {
  const cases = [
    ["C1 static", "C1 static", "same"],
    ["C1 static", "C1 dynamic", "same"],
    ["C1 dynamic", "C1 static", "same"],
    ["C1 static", "C2 static", "conflict"],
    ["C2 static", "C1 static", "conflict"],
    ["C1 static", " static", "conflict"],
    ["C1 dynamic", " static", "conflict"],
    ["C1 dynamic", " dynamic", "conflict"],
    ["C1 static", "C2 dynamic", "yields"],
    ["C2 static", "C1 dynamic", "yields"],
    ["C1 dynamic", "C2 static", "adopt"],
    ["C2 dynamic", "C1 static", "adopt"],
    ["C1 dynamic", "C2 dynamic", "adopt"],
    ["C2 dynamic", "C1 dynamic", "yields"],
    ["a dynamic", "B dynamic", "yields"],
  ] as const;
  for (const [own, peer, verdict] of cases) {
    assert.equal(compareClusters(named(own), named(peer)), verdict, own + peer);
  }
});

function named(text: string): { name: string; dynamic: boolean } {
  const [name = "", kind] = text.split(" ");
  return { name, dynamic: kind === "dynamic" };
}

const REFUSED = [
  { cluster: "C2" },
  { cluster: "" },
  { cluster: "A0", cluster_dynamic: true },
  { cluster: "Z9", cluster_dynamic: true },
];

for (const connect of REFUSED) {
  test(`a named cluster refuses CONNECT with ${JSON.stringify(connect)}`, async (t) => {
    const midge = await startMidge(t, { cluster: { name: "C1" } });
    const peer = await knock(t, midge);
    peer.send(connectText({ connect }) + infoText({ info: connect }));
    assert.equal(
      await peer.expectClosed(),
      "-ERR 'Rejecting connection, cluster name " +
        `"${connect.cluster}" does not match "C1"'\r\n`,
    );
    await logged(midge, "closed: Cluster Name Conflict");
    assert.equal(routeCount(midge), 0);
  });
}

test("a CONNECT that names no cluster is refused", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "C1" } });
  const peer = await knock(t, midge);
  peer.send(`CONNECT {"verbose":false,"name":"X"}\r\n`);
  assert.equal(
    await peer.expectClosed(),
    `-ERR 'Rejecting connection, cluster name "" does not match "C1"'\r\n`,
  );
});

test("an INFO of another cluster ends the route without a word", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  const peer = await knock(t, midge);
  peer.send(connectText({}) + infoText({ info: { cluster: "C2" } }));
  assert.equal(await peer.expectClosed(), "");
  await logged(midge, "closed: Cluster Name Conflict");
});

test("an INFO that names no cluster is accepted", async (t) => {
  const midge = await startMidge(t, { cluster: {} });
  await join(t, midge, { info: { cluster: "" } });
  assert.equal(routeCount(midge), 1);
});

test("a dialled server of another cluster is left", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const peer = await listener.accept();
  peer.send(infoText({ info: { cluster: "C2" } }));
  await peer.expectClosed();
  assert.equal(routeCount(midge), 0);
});

test("a dialled server may stay that is about to take over our name", async (t) => {
  const listener = await listen(t);
  const routes = [{ host: "127.0.0.1", port: listener.port }];
  const midge = await startMidge(t, { cluster: { routes } });
  const peer = await listener.accept();
  await peer.expect("INFO");
  peer.send(infoText({ info: { cluster: "ZZ", cluster_dynamic: true } }));
  await roundTrip(peer);
  assert.equal(routeCount(midge), 1);
  assert.equal(midge.server.cluster!.clusterName, "test");
});

test("a server without a name makes one up and says so", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "" } });
  const { info } = await knock(t, midge);
  assert.match(info.cluster ?? "", /^[0-9A-Za-z]{22}$/);
  assert.equal(info.cluster_dynamic, true);
  await logged(midge, "Cluster name was dynamically generated");
});

const ADOPTED = [
  { cluster: "C1" },
  // Greater than all names that a server makes up.
  { cluster: "zzzzzzzzzzzzzzzzzzzzzzz", cluster_dynamic: true },
];

for (const named of ADOPTED) {
  const { cluster } = named;
  test(`a made-up name gives way to ${cluster}`, async (t) => {
    const midge = await startMidge(t, { cluster: { name: "" } });
    const client = await connectClient(t, midge);
    assert.notEqual(client.info.cluster, cluster);
    const own = midge.server.cluster!.clusterName;
    const earlier = await join(t, midge, {
      id: "EARLIER",
      connect: { cluster: own, cluster_dynamic: true },
      info: { cluster: own, cluster_dynamic: true },
    });
    await join(t, midge, { connect: named, info: named });
    // A route made under the old name ends, so that its peer meets the new one.
    assert.equal(await earlier.peer.expectClosed(), "");
    assert.equal(routeCount(midge), 1);
    assert.equal(midge.server.cluster!.clusterName, cluster);
    const { info } = await knock(t, midge);
    assert.equal(info.cluster, cluster);
    const later = await connectClient(t, midge);
    assert.equal(later.info.cluster, cluster);
  });
}

test("a made-up name that is smaller is refused, that its owner may give way", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "" } });
  const peer = await knock(t, midge);
  peer.send(connectText({ connect: { cluster: "!", cluster_dynamic: true } }));
  const { clusterName } = midge.server.cluster!;
  assert.equal(
    await peer.expectClosed(),
    "-ERR 'Rejecting connection, cluster name " +
      `"!" does not match "${clusterName}"'\r\n`,
  );
});

test("a name taken over is as good as a configured one", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "" } });
  const c1 = { cluster: "C1" };
  await join(t, midge, { connect: c1, info: c1 });
  const peer = await knock(t, midge);
  peer.send(connectText({ connect: { cluster: "C2" } }));
  assert.match(await peer.expectClosed(), /"C2" does not match "C1"/);
  assert.equal(routeCount(midge), 1);
});

test("a name cannot put a line of its own into the log or on the wire", async (t) => {
  const midge = await startMidge(t, { cluster: { name: "" } });
  const peer = await knock(t, midge);
  const cluster = "a\r\nRS+ $G >\r\n\u010d\u010aRS+";
  peer.send(escaped(connectText({ connect: { cluster } })));
  await roundTrip(peer);
  assert.equal(midge.server.cluster!.clusterName, cluster);
  assert.ok(!midge.log.lines.some((line) => /[\r\n]/.test(line)));
  const other = await knock(t, midge);
  other.send(connectText({ connect: { cluster: "other" } }));
  const text = await other.expectClosed();
  assert.equal(text.indexOf("\n"), text.length - 1, JSON.stringify(text));
});

/** JSON in ASCII: a peer's text is one byte per char. */
function escaped(json: string): string {
  return json.replace(
    /[^\0-\x7f]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

test("servers without a name agree on one", async (t) => {
  const first = await startMidge(t, { cluster: { name: "" } });
  const routes = [routeTo(first)];
  const second = await startMidge(t, { cluster: { name: "", routes } });
  await meshed([first, second]);
  const names = [first, second].map(({ server }) =>
    server.cluster!.clusterName
  );
  assert.equal(names[0], names[1]);
});

test("a named server gives its name to those without one, in either direction", async (t) => {
  const named = await startMidge(t, { cluster: { name: "C1" } });
  const dials = await startMidge(t, {
    cluster: { name: "", routes: [routeTo(named)] },
  });
  await meshed([named, dials]);
  const nameless = await startMidge(t, { cluster: { name: "" } });
  const other = await startMidge(t, {
    cluster: { name: "C1", routes: [routeTo(nameless)] },
  });
  await meshed([nameless, other]);
  assert.equal(dials.server.cluster!.clusterName, "C1");
  assert.equal(nameless.server.cluster!.clusterName, "C1");
  const client = await connectClient(t, nameless);
  const publisher = await connectClient(t, other);
  await tell(publisher, "SUB foo 1\r\n");
  await tell(client, "SUB foo 1\r\n");
});
