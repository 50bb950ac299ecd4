/** What `connect` makes of URLs that name providers, and servers that were found behind TLS. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
  type Discovery,
  DiscoveryError,
} from "../../client.ts";
import { withProviders } from "../../src/app/client_discovery.ts";
import { platform } from "../../src/runtime/mod.ts";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { natsServerMissing, startNatsServer } from "../support/nats_server.ts";
import { temporaryFolder } from "../support/temp.ts";
import { startMidge } from "../support/midge.ts";
import { test } from "../support/test.ts";
import { FakeDiscovery } from "./fake_discovery.ts";
import { rejection } from "../support/rejection.ts";

const skip = opensslMissing !== false ? opensslMissing : natsServerMissing;

test("URLs, lists of URLs and providers name whom to ask", () => {
  const own = new FakeDiscovery();
  const namesOf = (discovery: ConnectOptions["discovery"]): string[] =>
    withProviders(discovery === undefined ? {} : { discovery }, platform)
      .discovery!.map(({ name }: Discovery) => name);
  assert.deepEqual(namesOf(undefined), []);
  assert.deepEqual(namesOf(own), ["fake"]);
  const urls = "registry://h:1, srv://node.example";
  assert.equal(namesOf(urls).length, 2);
  assert.equal(namesOf([urls, own, "cache:///x"]).length, 4);
  assert.throws(() => namesOf("ftp://h"), DiscoveryError);
});

test("a file leads a cold client to a node", async (t) => {
  const node = await startMidge(t);
  const path = join(temporaryFolder(t), "nodes.json");
  writeFileSync(path, JSON.stringify([`127.0.0.1:${node.port}`]));
  const client = await connect({
    servers: "127.0.0.1:1",
    discovery: pathToFileURL(path).href,
  });
  t.after(() => client.close());
  assert.equal(client.getServer(), `127.0.0.1:${node.port}`);
});

test(
  "a found server must show the certificate of the name that was asked for",
  { skip },
  async (t) => {
    const { server: { certFile, keyFile }, authority } = makeCertificates(t);
    const node = await startNatsServer({
      config: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }
        authorization { user: ann, password: secret }`,
    });
    t.after(() => node.stop());
    const url = `tls://127.0.0.1:${node.port}`;
    const options = (tlsName: string): ConnectOptions => ({
      user: "ann",
      pass: "secret",
      tls: { ca: authority.cert },
      discovery: new FakeDiscovery([{ url, tlsName }]),
      waitOnFirstConnect: false,
    });
    const error = await rejection(connect(options("node.other")));
    assert.ok(error instanceof ConnectionError);
    const client = await connect(options("localhost"));
    t.after(() => client.close());
    assert.equal(client.servers()[0]?.url, url);
  },
);
