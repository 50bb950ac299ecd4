/** Requests as discovery makes them, on the runtime's own `fetch`. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import {
  createServer as createSecureServer,
  type ServerOptions,
} from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { FetchTls } from "../../src/platform/fetch.ts";
import { fetchAnswer } from "../../src/runtime/net/fetch.ts";
import { type Handler, startHttpSource } from "../discovery/http_source.ts";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
  pinOf,
} from "../support/certificates.ts";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";

const NEVER: AbortSignal = new AbortController().signal;

async function serve(t: TestContext, handle: Handler): Promise<string> {
  const source = await startHttpSource(t);
  source.handle = handle;
  return source.url;
}

async function textOf(
  body: AsyncIterable<Uint8Array> | null,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

test("a request has its method, headers and body", async (t) => {
  const url = await serve(t, (request, response) => {
    const parts: string[] = [];
    request.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    request.on("end", () => {
      response.writeHead(201, { "X-Method": request.method ?? "" });
      response.end(`${request.headers["x-token"]} ${parts.join("")}`);
    });
  });
  const answer = await fetchAnswer(`${url}/a?b=c`, {
    method: "PUT",
    headers: { "X-Token": "t" },
    body: "höre",
    signal: NEVER,
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("x-method"), "PUT");
  assert.equal(answer.headers.get("x-other"), null);
  assert.equal(await textOf(answer.body), "t höre");
});

test("an answer may have no body", async (t) => {
  const url = await serve(t, (_, response) => {
    response.statusCode = 304;
    response.end();
  });
  const { status, body } = await fetchAnswer(url, { signal: NEVER });
  assert.equal(status, 304);
  assert.equal(await textOf(body), "");
});

test("no redirect is followed, so no token goes to another host", async (t) => {
  let requests = 0;
  const other = await serve(t, (_, response) => {
    requests++;
    response.end();
  });
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await serve(t, (_, response) => {
      response.writeHead(status, { Location: other });
      response.end();
    });
    const headers = { Authorization: "Bearer secret" };
    const answer = await fetchAnswer(url, { headers, signal: NEVER });
    assert.equal(answer.status, status);
    await textOf(answer.body);
  }
  assert.equal(requests, 0);
});

test("a stream is handed on as it comes", async (t) => {
  const goOn: (() => void)[] = [];
  const url = await serve(t, (_, response) => {
    response.write("one");
    goOn.push(() => response.write("two"), () => response.end("three"));
  });
  const { body } = await fetchAnswer(url, { signal: NEVER });
  const seen: string[] = [];
  for await (const chunk of body!) {
    seen.push(new TextDecoder().decode(chunk));
    goOn.shift()?.();
  }
  assert.deepEqual(seen, ["one", "two", "three"]);
});

test("a reader who turns away closes the connection", async (t) => {
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serve(t, (_, response) => {
    closed = once(response, "close");
    response.write("one");
  });
  const { body } = await fetchAnswer(url, { signal: NEVER });
  for await (const _ of body!) break;
  await closed;
});

test("an aborted signal rejects with its reason, before the answer", async (t) => {
  let closed: Promise<unknown> = Promise.resolve();
  const why = new Error("why");
  const aborter = new AbortController();
  const url = await serve(t, (request) => {
    closed = new Promise((resolve) => request.socket.on("close", resolve));
    aborter.abort(why);
  });
  const asked = fetchAnswer(url, { signal: aborter.signal });
  await assert.rejects(asked, (error) => error === why);
  await closed;
  const again = fetchAnswer(url, { signal: aborter.signal });
  await assert.rejects(again, (error) => error === why);
});

test("an aborted signal rejects with its reason, within the body", async (t) => {
  let closed: Promise<unknown> = Promise.resolve();
  const url = await serve(t, (_, response) => {
    closed = once(response, "close");
    response.write("one");
  });
  const why = new Error("why");
  const aborter = new AbortController();
  const { body } = await fetchAnswer(url, { signal: aborter.signal });
  const read = async (): Promise<void> => {
    for await (const _ of body!) aborter.abort(why);
  };
  await assert.rejects(read(), (error) => error === why);
  await closed;
});

/** The URL of a server that does this with each connection. */
async function rawServer(
  t: TestContext,
  bytes: string,
): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("what fails is told without the URL, and without a cause that holds it", async (t) => {
  const hangsUp = await rawServer(t, "");
  const closed = await serve(t, (_, response) => void response.end());
  // Bun does not tell the two apart.
  const notHttp = /^the (answer is not HTTP|connection broke)$/;
  const urls = [
    [`${hangsUp}/?token=s3cr3t`, /^the connection broke$/],
    [`${await rawServer(t, "SSH-2.0-x\r\n\r\n")}/?token=s3cr3t`, notHttp],
    [closed.replace("http", "https") + "/?token=s3cr3t", /TLS handshake/],
    ["http://nowhere.invalid/?token=s3cr3t", /^no such host$/],
    ["http://[/?token=s3cr3t", /^the URL makes no sense$/],
  ] as const;
  for (const [url, text] of urls) {
    const error: unknown = await fetchAnswer(url, { signal: NEVER })
      .then(() => assert.fail(url), (error: unknown) => error);
    assert.ok(error instanceof Error);
    assert.match(error.message, text, url);
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(String(error.stack), /s3cr3t/);
  }
});

test("nobody listens: the connection is refused", async (t) => {
  const source = await startHttpSource(t);
  await source.close();
  await assert.rejects(fetchAnswer(source.url, { signal: NEVER }), {
    message: "connection refused",
  });
});

test("a body that is cut off rejects", async (t) => {
  const url = await serve(t, (_, response) => {
    response.writeHead(200, { "Content-Length": "100" });
    response.write("one");
    setTimeout(() => response.destroy(), 20);
  });
  const { body } = await fetchAnswer(url, { signal: NEVER });
  await assert.rejects(textOf(body), { message: "the connection broke" });
});

test("a program ends by itself once its requests were aborted", async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === "/stream") response.write("one");
    if (request.url === "/whole") response.end("one");
  });
  const script = join(import.meta.dirname!, "fetch_program.ts");
  await using program = spawnProgram(currentRuntime(), script, [url]);
  await program.waitFor("aborted");
  assert.equal((await program.exited).code, 0);
});

/** Over TLS of `certificates`, which asks for a certificate of theirs. */
async function serveTls(
  t: TestContext,
  { server, authority }: Certificates,
  handle: RequestListener,
  options: ServerOptions = {},
): Promise<string> {
  const { cert, key } = server;
  const source = createSecureServer(
    { cert, key, ca: authority.cert, requestCert: true, ...options },
    handle,
  );
  source.on("tlsClientError", () => {});
  t.after(() => {
    source.close();
    source.closeAllConnections();
  });
  source.listen(0, "127.0.0.1");
  await once(source, "listening");
  return `https://localhost:${(source.address() as AddressInfo).port}`;
}

const skip = opensslMissing;

test(
  "over TLS, the server is verified and a certificate shown",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, client, stranger } = certificates;
    const url = await serveTls(t, certificates, (request, response) => {
      const parts: string[] = [];
      request.setEncoding("utf8").on(
        "data",
        (part: string) => parts.push(part),
      );
      request.on("end", () => {
        response.writeHead(201, { "X-Method": request.method ?? "" });
        response.end(`${request.headers["x-token"]} ${parts.join("")}`);
      });
    });
    const certificate = { certificate: client.cert, key: client.key };
    const tls = { authorities: [authority.cert], certificate };
    const answer = await fetchAnswer(`${url}/a?b=c`, {
      method: "PUT",
      headers: { "X-Token": "t" },
      body: "höre",
      signal: NEVER,
      tls,
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("X-Method"), "PUT");
    assert.equal(answer.headers.get("x-other"), null);
    assert.equal(await textOf(answer.body), "t höre");
    const others: readonly FetchTls[] = [
      { certificate },
      { ...tls, authorities: [stranger.cert] },
    ];
    for (const other of others) {
      await assert.rejects(
        fetchAnswer(url, { signal: NEVER, tls: other }),
        { message: "the certificate is not accepted" },
      );
    }
    const any = await fetchAnswer(url, {
      signal: NEVER,
      tls: { certificate, insecure: true },
    });
    assert.equal(any.status, 201);
    await textOf(any.body);
  },
);

test(
  "over TLS, nothing is sent to a server whose key is not pinned, or whose version is too old",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, client, server } = certificates;
    let requests = 0;
    const url = await serveTls(t, certificates, (_, response) => {
      requests++;
      response.end("hello");
    }, { maxVersion: "TLSv1.2" });
    const tls: FetchTls = {
      authorities: [authority.cert],
      certificate: { certificate: client.cert, key: client.key },
    };
    const others: readonly [FetchTls, string][] = [
      [{ pinnedCerts: [pinOf(client)] }, "the certificate is not accepted"],
      [{ minVersion: "TLSv1.3" }, "the TLS handshake failed"],
    ];
    for (const [other, message] of others) {
      await assert.rejects(
        fetchAnswer(url, { signal: NEVER, tls: { ...tls, ...other } }),
        { message },
      );
    }
    assert.equal(requests, 0);
    const { body } = await fetchAnswer(url, {
      signal: NEVER,
      tls: { ...tls, pinnedCerts: [pinOf(client), pinOf(server)] },
    });
    assert.equal(await textOf(body), "hello");
  },
);

test(
  "over TLS, a server that wants a certificate takes no other",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, stranger } = certificates;
    let requests = 0;
    const url = await serveTls(t, certificates, (_, response) => {
      requests++;
      response.end();
    });
    const authorities = [authority.cert];
    const certificate = { certificate: stranger.cert, key: stranger.key };
    for (const tls of [{ authorities }, { authorities, certificate }]) {
      await assert.rejects(fetchAnswer(url, { signal: NEVER, tls }));
    }
    assert.equal(requests, 0);
  },
);

test(
  "over TLS, a request that is aborted leaves nothing open",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const gone: Promise<unknown>[] = [];
    const url = await serveTls(t, certificates, (request, response) => {
      request.on("error", () => {});
      gone.push(
        new Promise((resolve) => request.socket.once("close", resolve)),
      );
      if (request.url === "/silent") return;
      response.write("one");
    });
    const { authority, client } = certificates;
    const tls = {
      authorities: [authority.cert],
      certificate: { certificate: client.cert, key: client.key },
    };
    const silent = new AbortController();
    const asked = fetchAnswer(`${url}/silent`, { signal: silent.signal, tls });
    await until("the request is there", () => gone.length === 1);
    silent.abort(new Error("no more"));
    await assert.rejects(asked, { message: "no more" });
    const begun = new AbortController();
    const { body } = await fetchAnswer(url, { signal: begun.signal, tls });
    await assert.rejects(async () => {
      for await (const _ of body!) begun.abort(new Error("enough"));
    }, { message: "enough" });
    const { body: left } = await fetchAnswer(url, { signal: NEVER, tls });
    for await (const _ of left!) break;
    assert.equal(gone.length, 3);
    await Promise.all(gone);
  },
);
