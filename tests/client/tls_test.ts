/** TLS of the client library, against the real nats-server and against impostors. */
import assert from "node:assert/strict";
import {
  connect,
  ConnectionError,
  type ConnectionOptions,
  InvalidArgumentError,
  type NatsConnection,
  type TlsOptions,
} from "../../client.ts";
import { natsPrograms } from "../compat/mesh_servers.ts";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import {
  type NatsServer,
  natsServerMissing,
  startNatsServer,
} from "../support/nats_server.ts";
import { test, type TestContext } from "../support/test.ts";
import { startTlsFront } from "../support/tls_front.ts";
import { Scene } from "./scene.ts";
import { rejection } from "../support/rejection.ts";
import { untilStatus } from "./stage.ts";

const skip = opensslMissing !== false ? opensslMissing : natsServerMissing;

interface Stage {
  readonly certificates: Certificates;
  readonly port: number;
  /** Trusts the server's authority. */
  readonly tls: TlsOptions;
  /** Ends the server. */
  stop(): Promise<void>;
}

/** A nats-server with TLS; `extra` are more lines of its `tls` block. */
async function stage(t: TestContext, extra = ""): Promise<Stage> {
  const certificates = makeCertificates(t);
  const server = await startSecure(t, certificates, { extra });
  return {
    certificates,
    port: server.port,
    tls: { ca: certificates.authority.cert },
    stop: () => server.stop(),
  };
}

async function startSecure(
  t: TestContext,
  { server: { certFile, keyFile }, authority }: Certificates,
  options: { extra?: string; port?: number; command?: string },
): Promise<NatsServer> {
  const { extra = "", ...rest } = options;
  const config = `tls {
    cert_file: "${certFile}"
    key_file: "${keyFile}"
    ca_file: "${authority.certFile}"
    ${extra}
  }`;
  const server = await startNatsServer({ ...rest, config });
  t.after(() => server.stop());
  return server;
}

async function opened(
  t: TestContext,
  options: ConnectionOptions,
): Promise<NatsConnection> {
  const client = await connect(options);
  t.after(() => client.close());
  return client;
}

async function assertWorks(client: NatsConnection): Promise<void> {
  const subscription = client.subscribe("a", { max: 1 });
  client.publish("a", "over TLS");
  for await (const message of subscription) {
    assert.equal(message.string(), "over TLS");
  }
}

function failure(options: ConnectionOptions): Promise<unknown> {
  return rejection(connect({ reconnect: false, ...options }));
}

test(
  "a server that wants TLS gets it, by name or by number",
  { skip },
  async (t) => {
    const { port, tls } = await stage(t);
    for (const host of ["127.0.0.1", "localhost", "tls://localhost"]) {
      const client = await opened(t, { servers: `${host}:${port}`, tls });
      assert.equal(client.info?.tls_required, true);
      await assertWorks(client);
    }
  },
);

test(
  "a server whose certificate cannot be trusted is refused",
  { skip },
  async (t) => {
    const { certificates, port, tls } = await stage(t);
    const servers = `localhost:${port}`;
    const { stranger } = certificates;
    const refused: ConnectionOptions[] = [
      { servers },
      { servers, tls: {} },
      { servers, tls: { ca: stranger.cert } },
      { servers, tls: { ...tls, serverName: "other.test" } },
    ];
    for (const options of refused) {
      const error = await failure(options);
      assert.ok(error instanceof ConnectionError);
      assert.match(error.message, /^Cannot connect to localhost:\d+: .*TLS/);
    }
    const client = await opened(t, {
      servers,
      tls: { ca: stranger.cert, rejectUnauthorized: false },
    });
    await assertWorks(client);
  },
);

test("another name than the host's may be expected", { skip }, async (t) => {
  const { port, tls } = await stage(t);
  const servers = `127.0.0.1:${port}`;
  await opened(t, { servers, tls: { ...tls, serverName: "nats.test" } });
});

test(
  "a server that verifies its clients wants a certificate",
  { skip },
  async (t) => {
    const { certificates, port, tls } = await stage(t, "verify: true");
    const servers = `localhost:${port}`;
    const { client: { cert, key }, stranger } = certificates;
    await assertWorks(await opened(t, { servers, tls: { ...tls, cert, key } }));
    for (
      const own of [tls, { ...tls, cert: stranger.cert, key: stranger.key }]
    ) {
      const error = await failure({ servers, tls: own });
      assert.ok(error instanceof ConnectionError);
      assert.match(error.message, /^Cannot connect to localhost:\d+: /);
    }
  },
);

test(
  "a client that rules TLS out does not log in where it is wanted",
  { skip },
  async (t) => {
    const { port } = await stage(t);
    const error = await failure({ servers: `localhost:${port}`, tls: null });
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /wants TLS, which option "tls" rules out/);
  },
);

test("a lost connection comes back over TLS", { skip }, async (t) => {
  const first = await stage(t);
  const { port, tls, certificates } = first;
  const client = await opened(t, {
    servers: `localhost:${port}`,
    tls,
    reconnectTimeWait: 10,
    reconnectJitterTLS: 0,
    maxReconnectAttempts: -1,
  });
  const status = client.status();
  await first.stop();
  await untilStatus(status, "disconnect");
  const reconnected = untilStatus(status, "reconnect");
  await startSecure(t, certificates, { port });
  await reconnected;
  await assertWorks(client);
});

test("TLS may come before INFO", { skip }, async (t) => {
  const certificates = makeCertificates(t);
  const server = await startNatsServer();
  t.after(() => server.stop());
  const port = await startTlsFront(t, certificates, {
    behindPort: server.port,
  });
  const tls = { ca: certificates.authority.cert, handshakeFirst: true };
  const client = await opened(t, { servers: `localhost:${port}`, tls });
  await assertWorks(client);
  const error = await failure({
    servers: `localhost:${port}`,
    tls: { ...tls, ca: certificates.stranger.cert },
  });
  assert.ok(error instanceof ConnectionError);
  assert.match(error.message, /TLS handshake failed/);
});

test("TLS that was asked for is not given up", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server();
  const asking: readonly [string, ConnectionOptions][] = [
    [server.listen, { tls: {}, user: "ann", pass: "s3cret" }],
    [`tls://ann:s3cret@${server.listen}`, {}],
  ];
  for (const [url, options] of asking) {
    const error = await scene.failure(scene.open([url], options));
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /has no TLS, which was asked for/);
    assert.deepEqual(server.client.ops, []);
  }
});

test("nothing is sent in clear where TLS fails", async (t) => {
  const scene = new Scene(t);
  for (const info of [{ tls_required: true }, { tls_available: true }]) {
    const server = await scene.server({ info });
    const error = await scene.failure(scene.open([server], { token: "t0p" }));
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /no TLS/);
    assert.deepEqual(server.client.ops, []);
  }
});

test("a client that rules TLS out uses a server that offers it in clear", async (t) => {
  const scene = new Scene(t);
  const server = await scene.server({ info: { tls_available: true } });
  await scene.connect([server], { tls: null });
  assert.match(server.client.login, /"tls_required":false/);
  const url = `tls://${server.listen}`;
  const error = await scene.failure(scene.open([url], { tls: null }));
  assert.match(String(error), /wants TLS, which option "tls" rules out/);
});

test(
  "words in clear behind INFO are not believed",
  { skip: opensslMissing },
  async (t) => {
    const certificates = makeCertificates(t);
    const port = await startTlsFront(t, certificates, {
      greeting: "INFO {\"tls_required\":true} \r\n-ERR 'Bad'\r\n",
    });
    const error = await failure({
      servers: `localhost:${port}`,
      tls: { ca: certificates.authority.cert },
    });
    assert.ok(error instanceof ConnectionError);
    assert.match(error.message, /went on in clear/);
  },
);

const newest = natsPrograms[1]!;

test(
  "TLS comes before INFO at a nats-server that is set up so",
  { skip: opensslMissing !== false ? opensslMissing : newest.missing },
  async (t) => {
    const certificates = makeCertificates(t);
    const server = await startSecure(t, certificates, {
      extra: "handshake_first: true",
      command: newest.command,
    });
    const tls = { ca: certificates.authority.cert, handshakeFirst: true };
    await assertWorks(
      await opened(t, { servers: `localhost:${server.port}`, tls }),
    );
  },
);

test("certificates may be files", { skip }, async (t) => {
  const { certificates, port } = await stage(t, "verify: true");
  const { authority, client: { certFile, keyFile, cert } } = certificates;
  const servers = `localhost:${port}`;
  const files = { caFile: authority.certFile, certFile, keyFile };
  await assertWorks(await opened(t, { servers, tls: files }));
  for (
    const tls of [{ ...files, keyFile: "/nowhere/a.key" }, { ...files, cert }]
  ) {
    const error = await failure({ servers, tls });
    assert.ok(error instanceof InvalidArgumentError);
    assert.match(error.message, /nowhere|exclude each other/);
  }
});

test("a flood keeps its order and content under TLS", { skip }, async (t) => {
  const { port, tls } = await stage(t);
  const servers = `localhost:${port}`;
  const publisher = await opened(t, { servers, tls });
  const subscriber = await opened(t, { servers, tls });
  const count = 10_000;
  const subscription = subscriber.subscribe("flood", { max: count });
  await subscriber.flush();
  const payload = (n: number): string => `${n} `.repeat(1 + n % 300);
  for (let n = 0; n < count; n++) {
    publisher.publish("flood", payload(n));
    if (n % 1000 === 0) await publisher.flush();
  }
  let n = 0;
  for await (const message of subscription) {
    if (message.string() !== payload(n)) assert.fail(`message ${n} is spoilt`);
    n++;
  }
  assert.equal(n, count);
});
