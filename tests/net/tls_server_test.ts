/**
 * The machine's sockets under TLS, as a server, on each runtime: who comes in,
 * who does not and what is said of it, and that nothing stays open.
 */
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { connect as connectRaw, type Socket as RawSocket } from "node:net";
import {
  connect as connectTls,
  type ConnectionOptions,
  type TLSSocket,
} from "node:tls";
import {
  type CloseReason,
  NetworkError,
  type Socket,
  type TlsUpgrade,
} from "../../src/platform/socket.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
} from "../support/certificates.ts";
import { test, type TestContext } from "../support/test.ts";
import { clientTls, securedNetwork, serverTls } from "./secured_network.ts";
import { describeStreams } from "./suite.ts";

if (skip === false) {
  describeStreams("sockets under TLS", (t) => {
    const certificates = makeCertificates(t);
    return securedNetwork(
      platform.network,
      serverTls(certificates),
      clientTls(certificates),
    );
  });
}

/** The server's side of one connection. */
interface Arrived {
  readonly socket: Socket;
  /** The error of the handshake; undefined when it is done. */
  readonly failed: Promise<NetworkError | undefined>;
  readonly closed: Promise<CloseReason>;
  text: string;
  onNews: () => void;
}

interface Scene {
  readonly certificates: Certificates;
  readonly port: number;
  /** The next connection. */
  arrived(): Promise<Arrived>;
  /** Dials it as a client of `node:tls`, and says hello. */
  visit(options?: ConnectionOptions): Promise<Visit>;
  dialRaw(): Promise<RawSocket>;
}

/** What became of a client. */
interface Visit {
  readonly arrived: Arrived;
  readonly stream: TLSSocket;
  /** The certificate that the server showed. */
  readonly shown: X509Certificate | undefined;
}

async function scene(
  t: TestContext,
  change: (certificates: Certificates) => Partial<TlsUpgrade> = () => ({}),
  options: { readonly head?: boolean } = {},
): Promise<Scene> {
  const certificates = makeCertificates(t);
  const upgrade = serverTls(certificates, change(certificates));
  const waiting: ((arrived: Arrived) => void)[] = [];
  const there: Arrived[] = [];
  const listener = await platform.network.listen(
    { host: "127.0.0.1", port: 0 },
    { mayUpgrade: true },
    (socket) => {
      t.after(() => socket.destroy());
      const arrived = arrive(socket, upgrade, options.head === true);
      const next = waiting.shift();
      if (next === undefined) there.push(arrived);
      else next(arrived);
    },
  );
  t.after(() => listener.close());
  const { port } = listener.address;
  const arrived = (): Promise<Arrived> => {
    const first = there.shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return {
    certificates,
    port,
    arrived,
    dialRaw: () =>
      new Promise((resolve) => {
        const raw = connectRaw(port, "127.0.0.1", () => resolve(raw));
        raw.on("error", () => {});
        t.after(() => raw.destroy());
      }),
    async visit(more = {}) {
      const stream = connectTls({
        port,
        host: "127.0.0.1",
        servername: "localhost",
        ca: certificates.authority.cert,
        ...more,
      });
      t.after(() => stream.destroy());
      stream.on("error", () => {});
      stream.resume();
      let shown: X509Certificate | undefined;
      stream.on("secureConnect", () => {
        shown = new X509Certificate(stream.getPeerCertificate().raw);
        stream.write("hello");
      });
      const here = await arrived();
      if (await here.failed === undefined) await hears(here, "hello");
      return {
        arrived: here,
        stream,
        get shown() {
          return shown;
        },
      };
    },
  };
}

function arrive(socket: Socket, tls: TlsUpgrade, withHead: boolean): Arrived {
  const closed = Promise.withResolvers<CloseReason>();
  const secured = Promise.withResolvers<NetworkError | undefined>();
  const secure = (head?: Uint8Array): void => {
    socket.secure(tls, head).then(
      () => secured.resolve(undefined),
      (error) => secured.resolve(error),
    );
  };
  let isSecuring = false;
  const arrived: Arrived = {
    socket,
    failed: secured.promise,
    closed: closed.promise,
    text: "",
    onNews: () => {},
  };
  socket.open({
    onData(chunk) {
      if (withHead && !isSecuring) {
        isSecuring = true;
        return secure(chunk);
      }
      arrived.text += new TextDecoder().decode(chunk);
      arrived.onNews();
    },
    onDrain: () => {},
    onClose: closed.resolve,
  });
  if (!withHead) secure();
  return arrived;
}

async function hears(arrived: Arrived, text: string): Promise<void> {
  while (!arrived.text.includes(text)) {
    const news = new Promise<void>((resolve) => arrived.onNews = resolve);
    const end = await Promise.race([news, arrived.closed]);
    assert.equal(end, undefined);
  }
}

for (const head of [false, true]) {
  const how = head ? "with bytes that were read before" : "at once";
  test(`a server goes over to TLS ${how}`, { skip }, async (t) => {
    const { visit, certificates } = await scene(t, () => ({}), { head });
    const { arrived, shown } = await visit();
    const { tls } = arrived.socket;
    assert.equal(tls?.version, "1.3");
    assert.match(tls?.cipher ?? "", /^TLS_(?:AES_|CHACHA20_)/);
    assert.deepEqual(tls?.peerCertificates, []);
    const { raw } = new X509Certificate(certificates.server.cert);
    assert.deepEqual(shown?.raw, raw);
  });
}

test(
  "ten clients at once, each with a connection of its own",
  { skip },
  async (t) => {
    const { port, certificates, arrived } = await scene(t);
    const client = clientTls(certificates);
    const dialled = await Promise.all(
      Array.from({ length: 10 }, async (_, index) => {
        const socket = await platform.network.dial({ host: "127.0.0.1", port });
        t.after(() => socket.destroy());
        await socket.secure(client);
        socket.write(new TextEncoder().encode(`number ${index}.`));
        return { socket, text: `number ${index}.` };
      }),
    );
    for (let count = 0; count < dialled.length; count++) {
      const here = await arrived();
      await hears(here, ".");
      const { port } = here.socket.remote;
      const own = dialled.find(({ socket }) => socket.local.port === port);
      assert.equal(here.text, own?.text);
    }
  },
);

test(
  "a name chooses the certificate, else it is the first",
  { skip },
  async (t) => {
    const { visit } = await scene(t, (certificates) => {
      const other = makeCertificate(certificates.authority, "other", {
        names: "DNS:other.test,DNS:*.wild.test",
      });
      return {
        certificates: [certificates.server, other].map(({ cert, key }) => ({
          certificate: cert,
          key,
        })),
      };
    });
    const names = [
      ["localhost", "server"],
      ["other.test", "other"],
      ["OTHER.test", "other"],
      ["a.wild.test", "other"],
      ["a.b.wild.test", "server"],
      ["wild.test", "server"],
      ["unknown.test", "server"],
      ["", "server"],
    ] as const;
    for (const [servername, own] of names) {
      const { arrived, shown } = await visit({
        servername,
        rejectUnauthorized: false,
      });
      assert.equal(await arrived.failed, undefined);
      assert.equal(shown?.subject, `CN=${own}`, servername);
    }
  },
);

test(
  "an authority is shown to nobody who need not show a certificate",
  { skip },
  async (t) => {
    const { visit } = await scene(t, () => ({ verify: false }));
    const { arrived, stream } = await visit({
      ca: [],
      rejectUnauthorized: false,
    });
    assert.equal(await arrived.failed, undefined);
    assert.doesNotMatch(
      String(stream.authorizationError),
      /SELF_SIGNED_CERT_IN_CHAIN/,
    );
  },
);

test(
  "a client that would handshake once more is let go of",
  { skip },
  async (t) => {
    const { visit } = await scene(t);
    const { arrived, stream } = await visit({ maxVersion: "TLSv1.2" });
    assert.equal(await arrived.failed, undefined);
    if (stream.renegotiate({}, () => {}) !== false) await arrived.closed;
  },
);

const UNVERIFIED = "tls: failed to verify certificate: x509: certificate ";
const UNKNOWN_AUTHORITY = `${UNVERIFIED}signed by unknown authority`;
/** Deno says the same of both. */
const WRONG_USAGE = "Deno" in globalThis
  ? UNKNOWN_AUTHORITY
  : `${UNVERIFIED}specifies an incompatible key usage`;

/** A certificate of a client, and whether it comes in where one may, and where one must be shown. */
const CLIENTS: readonly {
  readonly title: string;
  readonly shows?: (
    certificates: Certificates,
  ) => { cert: string; key: string };
  readonly optional: string | undefined;
  readonly required: string | undefined;
}[] = [
  {
    title: "a client with a good certificate",
    shows: ({ client }) => client,
    optional: undefined,
    required: undefined,
  },
  {
    title: "a client without one",
    optional: undefined,
    required: "tls: client didn't provide a certificate",
  },
  {
    title: "a client with one of an unknown authority",
    shows: ({ stranger }) => makeCertificate(stranger, "impostor", {}),
    optional: UNKNOWN_AUTHORITY,
    required: UNKNOWN_AUTHORITY,
  },
  {
    title: "a client with one that is for servers",
    shows: ({ authority }) =>
      makeCertificate(authority, "server_only", { usage: "serverAuth" }),
    optional: WRONG_USAGE,
    required: WRONG_USAGE,
  },
];

for (const { title, shows, ...expected } of CLIENTS) {
  for (const verify of ["optional", true] as const) {
    for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
      const how = verify === true ? "must" : "may";
      test(`where a certificate ${how} be shown: ${title}, ${version}`, {
        skip,
      }, async (t) => {
        const { visit, certificates } = await scene(t, () => ({ verify }));
        const own = shows?.(certificates);
        const { arrived } = await visit({
          ...own && { cert: own.cert, key: own.key },
          maxVersion: version,
        });
        const why = verify === true ? expected.required : expected.optional;
        const error = await arrived.failed;
        assert.equal(
          error?.message,
          why && `TLS handshake failed: ${why}`,
        );
        if (why !== undefined) {
          assert.equal(error?.code, "ETLS");
          assert.equal(arrived.socket.tls, undefined);
          assert.equal(arrived.text, "");
          assert.deepEqual(await arrived.closed, { kind: "tls", detail: why });
          return;
        }
        const [peer] = arrived.socket.tls?.peerCertificates ?? [];
        if (own === undefined) return assert.equal(peer, undefined);
        const { raw, publicKey } = new X509Certificate(own.cert);
        assert.deepEqual(peer?.der, new Uint8Array(raw));
        const key = publicKey.export({ type: "spki", format: "der" });
        const hash = createHash("sha256").update(key).digest("hex");
        assert.equal(peer?.keySha256, hash);
      });
    }
  }
}

test(
  "one and the same client, again, is verified again",
  { skip },
  async (t) => {
    const { port, arrived, certificates } = await scene(t, () => ({
      verify: true,
    }));
    const { cert, key } = certificates.client;
    let session: Uint8Array | undefined;
    for (let round = 0; round < 3; round++) {
      const stream = connectTls({
        port,
        host: "127.0.0.1",
        servername: "localhost",
        ca: certificates.authority.cert,
        cert,
        key,
        ...session && { session: session as never },
      });
      t.after(() => stream.destroy());
      stream.on("error", () => {});
      stream.on("session", (ticket) => session = ticket);
      stream.on("secureConnect", () => stream.write("hello"));
      const here = await arrived();
      assert.equal(await here.failed, undefined);
      await hears(here, "hello");
      assert.equal(here.socket.tls?.peerCertificates?.length, 1);
      here.socket.write(new TextEncoder().encode("welcome"));
      await new Promise((resolve) => stream.once("data", resolve));
      here.socket.end();
      await here.closed;
    }
  },
);

test("a version that is too old is refused", { skip }, async (t) => {
  const { visit } = await scene(t, () => ({ minVersion: "TLSv1.3" }));
  const { arrived } = await visit({ maxVersion: "TLSv1.2" });
  assert.match(
    (await arrived.failed)?.message ?? "",
    /: tls: client offered only unsupported versions$/,
  );
});

/** Each does something else than a handshake. */
const STRANGERS: readonly {
  readonly title: string;
  readonly does: (raw: RawSocket) => void;
  readonly why: RegExp;
}[] = [
  {
    title: "one that speaks NATS",
    does: (raw) => raw.write("CONNECT {}\r\nPING\r\n"),
    why: /first record does not look like a TLS handshake/,
  },
  {
    title: "one that speaks HTTP",
    does: (raw) => raw.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    why: /first record does not look like a TLS handshake/,
  },
  {
    title: "one that hangs up at once",
    does: (raw) => raw.end(),
    why: /EOF/,
  },
  {
    title: "one that hangs up in the middle",
    does: (raw) => raw.end(HALF_A_HELLO),
    why: /EOF/,
  },
  {
    title: "one that resets in the middle",
    does: (raw) => raw.write(HALF_A_HELLO, () => raw.resetAndDestroy()),
    why: /EOF|connection reset by peer/,
  },
];

const HALF_A_HELLO = Uint8Array.from([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]);

for (const { title, does, why } of STRANGERS) {
  for (const head of [false, true]) {
    const how = head ? ", its first bytes read before" : "";
    // Nothing is read of one that says nothing.
    if (head && title.endsWith("at once")) continue;
    test(`a handshake with ${title}${how}`, { skip }, async (t) => {
      const { dialRaw, arrived } = await scene(t, () => ({}), { head });
      const raw = await dialRaw();
      const gone = new Promise((resolve) => raw.once("close", resolve));
      raw.resume();
      does(raw);
      const here = await arrived();
      const error = await here.failed;
      assert.match(error?.message ?? "", why);
      assert.equal((await here.closed).kind, "tls");
      assert.equal(here.text, "");
      await gone;
    });
  }
}

test("one that says nothing is let go of in time", { skip }, async (t) => {
  const { dialRaw, arrived } = await scene(t, () => ({ timeoutMs: 50 }));
  const raw = await dialRaw();
  const gone = new Promise((resolve) => raw.once("close", resolve));
  raw.resume();
  const here = await arrived();
  const [own, other] = [here.socket.local, here.socket.remote];
  const text = `read tcp 127.0.0.1:${own.port}->127.0.0.1:${other.port}: ` +
    "i/o timeout";
  assert.equal((await here.failed)?.message, `TLS handshake failed: ${text}`);
  assert.deepEqual(await here.closed, { kind: "tls", detail: text });
  await gone;
});

test("what is written in the middle of a handshake is not said in clear", {
  skip,
}, async (t) => {
  const { dialRaw, arrived } = await scene(t);
  const raw = await dialRaw();
  let heard = "";
  raw.on("data", (chunk) => heard += String(chunk));
  const here = await arrived();
  here.socket.write(new TextEncoder().encode("in clear"));
  const gone = new Promise((resolve) => raw.once("close", resolve));
  here.socket.end();
  await gone;
  assert.equal(heard, "");
  assert.deepEqual(await here.closed, { kind: "closed" });
  assert.ok(await here.failed instanceof NetworkError);
});

test("a certificate that is none fails the handshake, and says no secret", {
  skip,
}, async (t) => {
  const { dialRaw, arrived } = await scene(t, () => ({
    certificates: [{ certificate: "no PEM", key: "s3cret" }],
  }));
  const raw = await dialRaw();
  raw.write(HALF_A_HELLO);
  const here = await arrived();
  raw.end();
  const error = await here.failed;
  assert.equal(error?.code, "ETLS");
  assert.doesNotMatch(`${error}${error?.stack}`, /s3cret/);
  assert.equal((await here.closed).kind, "tls");
});
