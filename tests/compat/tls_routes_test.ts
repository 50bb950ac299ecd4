/** TLS routes between Midge and the nats-server whose behaviour counts, dialled by either. */
import assert from "node:assert/strict";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import {
  modelMissing,
  type NatsServer,
  newestNatsServer,
  startNatsServer,
} from "../support/nats_server.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import { test, type TestContext } from "../support/test.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { until } from "../support/until.ts";

const skip = modelMissing || opensslMissing;

async function startModel(
  t: TestContext,
  { server, authority }: Certificates,
  routes: readonly number[] = [],
): Promise<NatsServer> {
  const model = await startNatsServer({
    command: newestNatsServer,
    config: `cluster { tls {
      cert_file: "${server.certFile}", key_file: "${server.keyFile}"
      ca_file: "${authority.certFile}", timeout: 5
    } }`,
    routes,
  });
  t.after(() => model.stop());
  return model;
}

function startNode(
  t: TestContext,
  certificates: Certificates,
  dialled: readonly number[] = [],
): Promise<TestServer> {
  return startMidge(t, {
    cluster: {
      name: "test",
      port: 0,
      tls: tlsSettings(certificates),
      routes: dialled.map((port) => ({ host: "localhost", port })),
    },
  });
}

/** Messages go from the clients of each server to those of the other. */
async function talk(t: TestContext, ports: readonly number[]): Promise<void> {
  const peers: Peer[] = [];
  for (const port of ports) {
    const peer = await connectPeer({ port });
    t.after(() => peer.close());
    await peer.handshake();
    peers.push(peer);
  }
  for (const [at, hearing] of peers.entries()) {
    const subject = `to${at}`;
    hearing.send(`SUB ${subject} 1\r\nUNSUB 1 1\r\n`);
    let isHeard = false;
    const heard = hearing.expect("\r\nhi\r\n").then(() => isHeard = true);
    await until("a message came over", () => {
      if (!isHeard) peers[1 - at]!.send(`PUB ${subject} 2\r\nhi\r\n`);
      return isHeard;
    });
    await heard;
  }
}

test(
  "a route with TLS stands when Midge has dialled, and messages go both ways",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const model = await startModel(t, certificates);
    const node = await startNode(t, certificates, [model.clusterPort]);
    await node.server.cluster!.routesUp(1);
    await talk(t, [node.port, model.port]);
  },
);

test(
  "a route with TLS stands when nats-server has dialled, and messages go both ways",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const node = await startNode(t, certificates);
    const model = await startModel(t, certificates, [node.clusterPort]);
    await node.server.cluster!.routesUp(1);
    await talk(t, [node.port, model.port]);
  },
);

test(
  "nodes of both kinds find each other by gossip over TLS",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const seed = await startModel(t, certificates);
    const one = await startNode(t, certificates, [seed.clusterPort]);
    const other = await startNode(t, certificates, [seed.clusterPort]);
    await startModel(t, certificates, [one.clusterPort]);
    for (const node of [one, other]) await node.server.cluster!.routesUp(3);
  },
);

test(
  "nats-server with another authority becomes no route, dialled or dialling",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { stranger } = certificates;
    const others = { ...certificates, authority: stranger, server: stranger };
    const model = await startModel(t, others);
    const node = await startNode(t, certificates, [model.clusterPort]);
    await startModel(t, others, [node.clusterPort]);
    for (
      const pattern of [
        /^ERR Error trying to connect to route \(attempt 1\): TLS route handshake error: /,
        /^ERR 127\.0\.0\.1:\d+ - TLS route handshake error: /,
      ]
    ) {
      await until(
        `a line like ${pattern}`,
        () => node.log.lines.some((line) => pattern.test(line)),
      );
    }
    assert.equal(node.server.cluster!.routes.size, 0);
  },
);
