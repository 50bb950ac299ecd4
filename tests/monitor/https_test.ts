/** Monitoring over TLS: with the certificates for clients, and none of the client's own. */
import assert from "node:assert/strict";
import { applyFlags, parseServerArguments } from "../../src/config/argv.ts";
import { fetchAnswer } from "../../src/runtime/net/fetch.ts";
import {
  makeCertificate,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { startMidge, type TestServer } from "../support/midge.ts";
import { rejection } from "../support/rejection.ts";
import { test } from "../support/test.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { until } from "../support/until.ts";
import { optionsOf } from "../config/reading.ts";

const skip = opensslMissing;
const HTTPS = { host: "127.0.0.1", port: 0 };

async function varzOf(
  { httpPort }: TestServer,
  authority: string,
): Promise<Record<string, unknown>> {
  const { body } = await fetchAnswer(`https://localhost:${httpPort}/varz`, {
    signal: new AbortController().signal,
    tls: { authorities: [authority] },
  });
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
  }
  return JSON.parse(text);
}

test("monitoring is served over TLS, and asks no client for a certificate", {
  skip,
}, async (t) => {
  const certificates = makeCertificates(t);
  const { authority } = certificates;
  const midge = await startMidge(t, {
    https: HTTPS,
    dontListen: true,
    tls: tlsSettings(certificates),
  });
  const { httpPort, log, server } = midge;
  const varz = await varzOf(midge, authority.cert);
  assert.deepEqual(
    [varz["http_host"], varz["http_port"], varz["https_port"]],
    ["127.0.0.1", 0, httpPort],
  );
  assert.deepEqual([varz["tls_required"], varz["tls_verify"]], [true, true]);
  assert.match(String(varz["tls_cert_not_after"]), /^\d{4}-.*:\d\dZ$/);
  assert.ok(
    log.lines.includes(`INF Starting https monitor on 127.0.0.1:${httpPort}`),
  );
  await assert.rejects(
    fetch(`http://127.0.0.1:${httpPort}/varz`)
      .then((answer) => {
        if (!answer.ok) throw new Error(`status ${answer.status}`);
      }),
  );
  await until(
    "the log tells of it",
    () =>
      log.lines.some((line) =>
        /^ERR monitoring: TLS handshake error from 127\.0\.0\.1:\d+: client sent an HTTP request to an HTTPS server$/
          .test(line)
      ),
  );
  assert.equal(server.varz().https_port, httpPort);
});

test(
  "other certificates for clients are those of monitoring as well",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const { stranger } = certificates;
    const tls = tlsSettings(certificates);
    const midge = await startMidge(t, { https: HTTPS, dontListen: true, tls });
    const renewed = makeCertificate(stranger, "renewed", {
      names: "DNS:localhost",
    });
    const { broker } = midge.server;
    const options = {
      ...broker.options,
      tls: tlsSettings(certificates, { shown: renewed }),
    };
    broker.reconfigure(options, await broker.makeDoors(options));
    assert.equal(
      (await varzOf(midge, stranger.cert))["https_port"],
      midge.httpPort,
    );
  },
);

test(
  "monitoring over TLS needs certificates, and is no second one",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const tls = tlsSettings(certificates);
    const missing =
      "Can't start monitoring: TLS cert and key required for HTTPS";
    for (
      const [options, message] of [
        [{ https: HTTPS }, missing],
        [{ https: HTTPS, tls: { ...tls, certificates: [] } }, missing],
        [
          { https: HTTPS, http: { host: "127.0.0.1", port: 1 }, tls },
          "Can't start monitoring: can't specify both HTTP (1) and HTTPs (0) ports",
        ],
      ] as const
    ) {
      const error = await rejection(
        startMidge(t, { dontListen: true, ...options }),
      );
      assert.equal((error as Error).message, message);
    }
  },
);

test("the place of monitoring over TLS is read as that of any other", () => {
  for (
    const [text, host, port] of [
      ["https: 8443", "0.0.0.0", 8443],
      ["https_port: 8443, host: 10.0.0.1", "10.0.0.1", 8443],
      ['https: "h:1"', "h", 1],
      ["https: -1", "0.0.0.0", 0],
    ] as const
  ) assert.deepEqual(optionsOf(text).https, { host, port }, text);
  assert.equal(optionsOf("https: 0").https, undefined);
  for (const flag of ["-ms", "--https_port"]) {
    const command = parseServerArguments([flag, "8443"]);
    assert.equal(command.do, "run");
    if (command.do !== "run") continue;
    const options = optionsOf("host: 10.0.0.1");
    applyFlags(options, command.flags);
    assert.deepEqual(options.https, { host: "10.0.0.1", port: 8443 });
  }
});
