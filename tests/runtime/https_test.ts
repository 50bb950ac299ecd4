/** HTTP over TLS: who is answered, who is told what is wrong, and what ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Fetched } from "../../src/platform/fetch.ts";
import type { HttpHandler, HttpLimits } from "../../src/platform/http.ts";
import type { TlsUpgrade } from "../../src/platform/socket.ts";
import { fetchAnswer } from "../../src/runtime/net/fetch.ts";
import { serveHttp } from "../../src/runtime/net/http.ts";
import {
  type Certificate,
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const skip = opensslMissing;
const AT = { host: "127.0.0.1", port: 0 };
const NEVER = new AbortController().signal;

interface Stage {
  readonly certificates: Certificates;
  readonly port: number;
  /** `remote detail` */
  readonly failures: string[];
  /** Shown from now on. */
  show(certificate: Certificate): void;
  close(): Promise<void>;
}

const greet: HttpHandler = ({ method, path, remote }) => ({
  status: 200,
  headers: {},
  body: `${method} ${path} ${remote.host} ${remote.port > 0}`,
});

async function stage(
  t: TestContext,
  limits: HttpLimits & { readonly timeoutMs?: number } = {},
  handle: HttpHandler = greet,
): Promise<Stage> {
  const certificates = makeCertificates(t);
  const upgradeOf = ({ cert: certificate, key }: Certificate): TlsUpgrade => ({
    role: "server",
    certificates: [{ certificate, key }],
    verify: false,
    timeoutMs: limits.timeoutMs ?? 5000,
  });
  let tls = upgradeOf(certificates.server);
  const failures: string[] = [];
  const listener = await serveHttp(AT, handle, {
    ...limits,
    https: {
      tls: () => tls,
      onFailure: ({ host }, detail) => failures.push(`${host} ${detail}`),
    },
  });
  t.after(() => listener.close());
  return {
    certificates,
    failures,
    port: listener.address.port,
    show: (certificate) => tls = upgradeOf(certificate),
    close: () => listener.close(),
  };
}

function ask(
  { port, certificates }: Stage,
  path: string,
  body?: string,
): Promise<Fetched> {
  return fetchAnswer(`https://localhost:${port}${path}`, {
    method: body === undefined ? "GET" : "POST",
    signal: NEVER,
    tls: { authorities: [certificates.authority.cert] },
    ...(body !== undefined && { body }),
  });
}

async function textOf({ body }: Fetched): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** All that is answered to `said` in clear. */
function clear(port: number, said: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectPlain(port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk) => heard += chunk.toString("latin1"));
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
    socket.write(said, "latin1");
  });
}

/** A secured connection by hand, and a promise of its end. */
function opened(
  { port, certificates }: Stage,
): Promise<{ socket: TLSSocket; ended: Promise<unknown> }> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: certificates.authority.cert,
    });
    // On Deno a client that hears of the end may not close.
    const ended = new Promise((done) => {
      for (const event of ["end", "close"]) socket.once(event, done);
    });
    socket.on("error", reject);
    socket.resume();
    socket.once("secureConnect", () => resolve({ socket, ended }));
  });
}

test(
  "requests over TLS are answered, and know who asks",
  { skip },
  async (t) => {
    const server = await stage(t);
    for (const path of ["/a", "/b?c=d"]) {
      const text = await textOf(await ask(server, path));
      assert.equal(text, `GET ${path.slice(0, 2)} 127.0.0.1 true`);
    }
    assert.deepEqual(server.failures, []);
  },
);

test("a connection under TLS brings more than one request", {
  skip,
}, async (t) => {
  const server = await stage(t);
  const { socket } = await opened(server);
  let heard = "";
  socket.setEncoding("utf8").on("data", (part: string) => heard += part);
  const ended = once(socket, "end");
  socket.write("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  await until("the first answer is there", () => heard.includes("GET /a"));
  socket.write("GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await ended;
  assert.match(heard, /GET \/b 127\.0\.0\.1 true$/);
});

test("a body comes in and a stream goes out over TLS", { skip }, async (t) => {
  const long = "x".repeat(300_000);
  const server = await stage(t, {}, async (request) => {
    const body = await request.readBody(1_000_000);
    async function* parts(): AsyncGenerator<string> {
      yield `${body?.length} `;
      yield* [long, " end"];
    }
    return { status: 200, headers: {}, stream: parts() };
  });
  const answer = await ask(server, "/", long);
  assert.equal(await textOf(answer), `300000 ${long} end`);
});

test(
  "who speaks HTTP in clear is told so, and who speaks anything else is not",
  { skip },
  async (t) => {
    const server = await stage(t);
    const told = "HTTP/1.0 400 Bad Request\r\n\r\n" +
      "Client sent an HTTP request to an HTTPS server.\n";
    for (const method of ["GET", "HEAD", "POST", "PUT", "OPTIONS"]) {
      assert.equal(
        await clear(server.port, `${method} / HTTP/1.1\r\n\r\n`),
        told,
      );
    }
    for (const junk of ["junk\r\n", "DELETE / HTTP/1.1\r\n\r\n"]) {
      assert.equal(await clear(server.port, junk), "");
    }
    const http = "127.0.0.1 client sent an HTTP request to an HTTPS server";
    const other =
      "127.0.0.1 tls: first record does not look like a TLS handshake";
    assert.deepEqual(server.failures, [
      ...Array.from({ length: 5 }, () => http),
      ...[other, other],
    ]);
  },
);

test("silence, a few bytes and a handshake that stops are ended in time", {
  skip,
}, async (t) => {
  const server = await stage(t, { timeoutMs: 100 });
  for (const said of ["", "G", "\x16\x03\x01\x02\x00\x01"]) {
    await clear(server.port, said);
  }
  await until("three failures", () => server.failures.length === 3);
  for (const failure of server.failures) assert.match(failure, /i\/o timeout$/);
  assert.equal((await ask(server, "/")).status, 200);
});

test(
  "slow requests over TLS are ended, and connections that rest",
  { skip },
  async (t) => {
    const server = await stage(t, {
      headersTimeoutMs: 100,
      requestTimeoutMs: 200,
    }, async (request) => {
      const body = await request.readBody(100).catch(() => undefined);
      return { status: 200, headers: {}, body: `${body?.length}` };
    });
    for (
      const said of [
        "",
        "GET / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
      ]
    ) {
      const { socket, ended } = await opened(server);
      socket.write(said);
      await ended;
    }
  },
);

test(
  "another certificate is shown from the next handshake on",
  { skip },
  async (t) => {
    const server = await stage(t);
    const { authority } = server.certificates;
    const before = await opened(server);
    const renewed = makeCertificate(authority, "renewed", {
      names: "DNS:localhost",
    });
    server.show(renewed);
    const after = await opened(server);
    const nameOf = ({ socket }: { socket: TLSSocket }) =>
      socket.getPeerCertificate().subject.CN;
    assert.deepEqual([before, after].map(nameOf), ["server", "renewed"]);
    before.socket.write(
      "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    );
    await before.ended;
    after.socket.destroy();
  },
);

test(
  "the end of a server ends all connections, in whichever state",
  { skip },
  async (t) => {
    const server = await stage(t, {}, () => new Promise(() => {}));
    const silent = clear(server.port, "");
    const idle = await opened(server);
    const asking = await opened(server);
    asking.socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await server.close();
    await Promise.all([silent, idle.ended, asking.ended]);
  },
);
