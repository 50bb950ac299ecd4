/** Midge's client on a machine at servers with a WebSocket port, and at ports of other kinds. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, createServer as listenOn } from "node:net";
import * as client from "../../src/faces/client.ts";
import {
  connect,
  ConnectionError,
  type ConnectOptions,
} from "../../src/faces/client.ts";
import { comeBack, join, stay, TALK, talk } from "../browser/page.ts";
import { SERVERS } from "../browser/stage.ts";
import { makeCertificates, opensslMissing } from "../support/certificates.ts";
import { spawnMidge } from "../support/process.ts";
import { rejection } from "../support/rejection.ts";
import type { Cleanup } from "../support/temp.ts";
import { test } from "../support/test.ts";

join("midge/client", client);

async function failure(options: ConnectOptions): Promise<string> {
  const error = await rejection(
    connect({ reconnect: false, timeout: 5000, ...options }),
  );
  assert.ok(error instanceof ConnectionError, String(error));
  return error.message;
}

for (const { title, missing, start } of SERVERS) {
  const skip = missing !== false ? missing : opensslMissing;

  test(`a client talks through ${title} by ws://`, { skip }, async (t) => {
    for (const web of ["", "compression: true"]) {
      const { url } = await start(t, { web });
      for (const servers of [url, `${url}/a/path?and=more`]) {
        assert.deepEqual(await talk("midge/client", { servers }), TALK);
      }
    }
  });

  test(
    `a client talks through ${title} by wss://, with an authority of its own`,
    { skip },
    async (t) => {
      const { server: certificate, authority, stranger } = makeCertificates(t);
      const { url: servers } = await start(t, { certificate });
      const tls = { ca: authority.cert };
      assert.deepEqual(await talk("midge/client", { servers, tls }), TALK);
      const careless = { rejectUnauthorized: false };
      assert.deepEqual(
        await talk("midge/client", { servers, tls: careless }),
        TALK,
      );
      const byNumber = servers.replace("localhost", "127.0.0.1");
      for (const url of [servers, byNumber]) {
        await connect({
          servers: url,
          tls: { ...tls, serverName: "nats.test" },
        }).then((connection) => connection.close());
      }
      const wrong: ConnectOptions[] = [
        { servers },
        { servers, tls: { ca: stranger.cert } },
        { servers, tls: { ...tls, serverName: "other.test" } },
      ];
      for (const options of wrong) {
        assert.match(await failure(options), /localhost:\d+: .*TLS/);
      }
    },
  );

  test(
    `a client shows its certificate to ${title} by wss://`,
    { skip },
    async (t) => {
      const certificates = makeCertificates(t);
      const { authority, server: certificate, client } = certificates;
      const { url: servers } = await start(t, {
        certificate,
        tls: `verify: true, ca_file: "${authority.certFile}"`,
      });
      const { certFile, keyFile } = client;
      const tls = { caFile: authority.certFile, certFile, keyFile };
      assert.deepEqual(await talk("midge/client", { servers, tls }), TALK);
      await failure({ servers, tls: { caFile: authority.certFile } });
    },
  );

  test(
    `a client comes back to ${title} by ws:// and wss://`,
    { skip },
    async (t) => {
      const { server: certificate, authority } = makeCertificates(t);
      const tls = { ca: authority.cert };
      for (const secure of [false, true]) {
        const server = await start(t, secure ? { certificate } : {});
        const { url: servers } = server;
        await stay("midge/client", { servers, ...(secure && { tls }) });
        await server.stop();
        await server.restart();
        assert.deepEqual(await comeBack("midge/client"), ["again"]);
      }
    },
  );

  test(`what does not speak so at ${title} is told`, { skip }, async (t) => {
    const { server: certificate, authority } = makeCertificates(t);
    const tls = { ca: authority.cert };
    const plain = await start(t);
    const secure = await start(t, { certificate });
    const toTls = secure.url.replace("wss", "ws");
    const toPlain = plain.url.replace("ws", "wss");
    const toNats = `ws://127.0.0.1:${plain.natsPort}`;
    assert.match(
      await failure({ servers: toTls }),
      /answered 400|no HTTP|ended before/,
    );
    assert.match(await failure({ servers: toPlain, tls }), /TLS/);
    assert.match(await failure({ servers: toNats }), /the answer is no HTTP/);
  });

  test(
    `midge's commands take ws:// and wss:// for ${title}`,
    { skip },
    async (t) => {
      const { server: certificate, authority } = makeCertificates(t);
      const { certFile } = authority;
      const plain = await start(t);
      const secure = await start(t, { certificate });
      const reply = async (
        words: readonly string[],
      ): Promise<string> => {
        const listening = spawnMidge([
          "reply",
          ...words,
          "ask",
          "there and back",
        ]);
        t.after(() => listening.stop());
        await listening.waitFor("Answering requests");
        const asking = spawnMidge([
          "request",
          ...words,
          "ask",
          "there and",
        ]);
        await asking.exited;
        return asking.stdout + asking.stderr;
      };
      assert.match(await reply(["-s", plain.url]), /there and back/);
      const trusting = ["-tlsca", certFile, "-s", secure.url];
      assert.match(await reply(trusting), /there and back/);
    },
  );
}

test("an answer without a WebSocket says what it was", async (t) => {
  const web = createServer((_request, response) => {
    response.writeHead(403).end("no");
  });
  const port = await listening(t, web);
  const text = await failure({ servers: `ws://127.0.0.1:${port}/a?secret` });
  assert.match(text, /the server answered 403 Forbidden/);
  assert.doesNotMatch(text, /secret/);
});

test("a server that says nothing is given up in time", async (t) => {
  const mute = listenOn((socket) => void socket.on("error", () => {}));
  const port = await listening(t, mute);
  for (const scheme of ["ws", "wss"]) {
    const error = await rejection(connect({
      servers: `${scheme}://127.0.0.1:${port}`,
      timeout: 200,
      reconnect: false,
    }));
    assert.match(String(error), /in time|not finished within|did not answer/);
  }
});

/** The port at which it listens until the test ends. */
async function listening(
  t: Cleanup,
  server: ReturnType<typeof listenOn>,
): Promise<number> {
  t.after(() => void server.close());
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  return (server.address() as AddressInfo).port;
}
