/** The machine's sockets under TLS, as a client, on each runtime. */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import {
  type CloseReason,
  NetworkError,
  type Socket,
  type TlsUpgrade,
} from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { test, type TestContext } from "../support/test.ts";
import { startTlsFront, type TlsFrontOptions } from "../support/tls_front.ts";

const skip = opensslMissing;

/** A client's side of one connection; what comes is kept. */
class Peer {
  readonly socket: Socket;
  readonly closed: Promise<CloseReason>;
  text = "";
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    socket.open({
      onData: (chunk) => {
        this.text += new TextDecoder().decode(chunk);
        this.#wake();
      },
      onDrain: () => {},
      onClose: resolve,
    });
  }

  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

interface Scene {
  readonly certificates: Certificates;
  readonly upgrade: TlsUpgrade;
  dial(): Promise<Socket>;
}

async function scene(
  t: TestContext,
  options: (certificates: Certificates) => TlsFrontOptions = () => ({}),
): Promise<Scene> {
  const certificates = makeCertificates(t);
  const port = await startTlsFront(t, certificates, options(certificates));
  const dial = async (): Promise<Socket> => {
    const socket = await platform.network.dial({ host: "127.0.0.1", port });
    t.after(() => socket.destroy());
    return socket;
  };
  const upgrade: TlsUpgrade = {
    role: "client",
    authorities: [certificates.authority.cert],
    verify: true,
    serverName: "localhost",
    timeoutMs: 30_000,
  };
  return { certificates, upgrade, dial };
}

test("a socket goes over to TLS and stays the same", { skip }, async (t) => {
  const { certificates, upgrade, dial } = await scene(
    t,
    () => ({ greeting: "INFO\r\n" }),
  );
  const peer = new Peer(await dial());
  await peer.hears("INFO\r\n");
  assert.equal(peer.socket.tls, undefined);
  const { local, remote } = peer.socket;
  await peer.socket.secure(upgrade);
  assert.match(peer.socket.tls!.version, /^1\.[23]$/);
  assert.match(peer.socket.tls!.cipher, /^TLS_[A-Z0-9_]+$/);
  const [shown, ...others] = peer.socket.tls!.peerCertificates ?? [];
  assert.deepEqual(others, []);
  const known = new X509Certificate(certificates.server.cert);
  assert.deepEqual(shown!.der, Uint8Array.from(known.raw));
  assert.equal(
    shown!.sha256,
    known.fingerprint256.replaceAll(":", "").toLowerCase(),
  );
  const key = known.publicKey.export({ type: "spki", format: "der" });
  assert.equal(
    shown!.keySha256,
    createHash("sha256").update(key).digest("hex"),
  );
  assert.deepEqual([peer.socket.local, peer.socket.remote], [local, remote]);
  peer.socket.write(new TextEncoder().encode("over TLS"));
  await peer.hears("over TLS");
  peer.socket.end();
  assert.deepEqual(await peer.closed, { kind: "closed" });
});

test("a socket may begin with TLS", { skip }, async (t) => {
  const { upgrade, dial } = await scene(t);
  const socket = await dial();
  await socket.secure(upgrade);
  const peer = new Peer(socket);
  const payload = "x".repeat(1_000_000);
  socket.write(new TextEncoder().encode(`${payload}end`));
  await peer.hears("end");
  assert.equal(peer.text.length, payload.length + 3);
  assert.equal(socket.pendingBytes, 0);
});

const REFUSED: readonly {
  readonly title: string;
  readonly change: (certificates: Certificates) => Partial<TlsUpgrade>;
}[] = [
  {
    title: "an authority that is not known",
    change: ({ stranger }) => ({ authorities: [stranger.cert] }),
  },
  {
    title: "the system's authorities, which do not know it either",
    change: () => ({ authorities: undefined as never }),
  },
  {
    title: "a name that the certificate does not show",
    change: () => ({ serverName: "other.test" }),
  },
  {
    title: "an address that the certificate does not show",
    change: () => ({ serverName: "127.0.0.2" }),
  },
];

for (const { title, change } of REFUSED) {
  test(`a certificate is refused: ${title}`, { skip }, async (t) => {
    const { certificates, upgrade, dial } = await scene(t);
    const peer = new Peer(await dial());
    await assert.rejects(
      peer.socket.secure({ ...upgrade, ...change(certificates) }),
      { name: "NetworkError", code: "ETLS", message: /^TLS handshake failed/ },
    );
    const reason = await peer.closed;
    assert.equal(reason.kind, "tls");
    assert.equal(peer.socket.tls, undefined);
  });
}

test("an address stands for itself in a certificate", { skip }, async (t) => {
  const { upgrade, dial } = await scene(t);
  const socket = await dial();
  await socket.secure({ ...upgrade, serverName: "127.0.0.1" });
  assert.ok(socket.tls);
});

test("without verification any certificate will do", { skip }, async (t) => {
  const { certificates, upgrade, dial } = await scene(t);
  const socket = await dial();
  await socket.secure({
    ...upgrade,
    authorities: [certificates.stranger.cert],
    serverName: "other.test",
    verify: false,
  });
  assert.ok(socket.tls);
});

test(
  "a client shows its certificate where it is wanted",
  { skip },
  async (t) => {
    const { certificates, upgrade, dial } = await scene(t, ({ authority }) => ({
      requestCert: true,
      rejectUnauthorized: true,
      ca: authority.cert,
    }));
    const { cert, key } = certificates.client;
    const socket = await dial();
    await socket.secure({
      ...upgrade,
      certificates: [{ certificate: cert, key }],
    });
    const peer = new Peer(socket);
    socket.write(new TextEncoder().encode("it is me"));
    await peer.hears("it is me");

    // With TLS 1.3 the server's refusal comes behind the client's handshake.
    const bare = await dial();
    const refusal = await bare.secure(upgrade).then(
      () => new Peer(bare).closed,
      ({ code }) => ({ kind: code === "ETLS" ? "tls" : "failed" }),
    );
    assert.match(refusal.kind, /tls|reset/);
  },
);

test("a silent server is given up in time", { skip }, async (t) => {
  const { upgrade, dial } = await scene(t, () => ({ mute: true }));
  const peer = new Peer(await dial());
  await assert.rejects(
    peer.socket.secure({ ...upgrade, timeoutMs: 50 }),
    /not finished within 50 ms/,
  );
  assert.deepEqual(await peer.closed, {
    kind: "tls",
    detail: "not finished within 50 ms",
  });
});

test(
  "a limit that no timer can hold is not one of a millisecond",
  { skip },
  async (t) => {
    const { upgrade, dial } = await scene(t);
    const socket = await dial();
    await socket.secure({ ...upgrade, timeoutMs: 1e12 });
    assert.ok(socket.tls !== undefined);
  },
);

test("a server that hangs up ends the handshake", { skip }, async (t) => {
  const { upgrade } = await scene(t);
  const listener = await platform.network.listen(
    { host: "127.0.0.1", port: 0 },
    {},
    (socket) =>
      socket.open({ onData: () => socket.destroy(), onDrain, onClose }),
  );
  t.after(() => listener.close());
  const socket = await platform.network.dial(listener.address);
  const peer = new Peer(socket);
  await assert.rejects(socket.secure(upgrade), { code: "ETLS" });
  assert.equal((await peer.closed).kind, "tls");
});

const onDrain = (): void => {};
const onClose = (): void => {};

test("words in clear where TLS begins are not taken", { skip }, async (t) => {
  const { upgrade, dial } = await scene(t);
  const peer = new Peer(await dial());
  const head = new TextEncoder().encode("+OK\r\n");
  await assert.rejects(peer.socket.secure(upgrade, head), /went on in clear/);
  assert.equal((await peer.closed).kind, "tls");
});

test("a certificate that is none is refused", { skip }, async (t) => {
  const { upgrade, dial } = await scene(t, ({ authority }) => ({
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.cert,
  }));
  const socket = await dial();
  const nonsense = {
    certificates: [{ certificate: "no PEM", key: "s3cret" }],
  };
  const refusal: unknown = await socket.secure({ ...upgrade, ...nonsense })
    .then(() => new Peer(socket).closed, (error: unknown) => error);
  assert.ok(refusal instanceof NetworkError || "kind" in Object(refusal));
  assert.doesNotMatch(`${refusal}${JSON.stringify(refusal)}`, /s3cret/);
});

test(
  "a socket that is destroyed in its handshake closes",
  { skip },
  async (t) => {
    const { upgrade, dial } = await scene(t, () => ({ mute: true }));
    const peer = new Peer(await dial());
    const secured = peer.socket.secure(upgrade);
    peer.socket.destroy();
    await assert.rejects(secured);
    assert.deepEqual(await peer.closed, { kind: "closed" });
  },
);
