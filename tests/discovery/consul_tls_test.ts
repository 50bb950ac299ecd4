/** Consul over TLS, as a stand-in of its API serves it: by what URLs name, and by `discovery { tls {} }`. */
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startServer } from "../../src/app/start_server.ts";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import { providerOf } from "../../src/discovery/providers/provider_of.ts";
import { registrarOf } from "../../src/discovery/announcing/registrar_of.ts";
import { parseDiscoveryUrl } from "../../src/discovery/url.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  type Certificate,
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing as skip,
  pinOf,
} from "../support/certificates.ts";
import { startSecureConsul } from "../support/fake_consul.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";
import { ask, startWatch, testNode, urlsOf } from "./suite.ts";

const TOKEN = "b1gs08cr8-t0ken";
const NEVER = new AbortController().signal;

test(
  "Consul is asked and announced at over TLS, and no stranger hears of a token",
  {
    skip,
  },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, client, stranger } = certificates;
    const consul = await startSecureConsul(t, certificates);
    consul.requireToken(TOKEN);
    const targetWith = (ca: Certificate, shown: Certificate) => {
      const query = new URLSearchParams({
        tls: "true",
        ca_file: ca.certFile,
        cert_file: shown.certFile,
        key_file: shown.keyFile,
      });
      return parseDiscoveryUrl(
        `consul://${TOKEN}@localhost:${consul.port}/nats?${query}`,
      );
    };
    const register = (target: ReturnType<typeof targetWith>) =>
      registrarOf(target, platform).register(testNode(1), {
        ttlMs: 10_000,
        signal: NEVER,
        onError: () => {},
      });
    const others = [
      targetWith(stranger, client),
      targetWith(authority, stranger),
      parseDiscoveryUrl(
        `consul://${TOKEN}@localhost:${consul.port}/nats?tls=true`,
      ),
      parseDiscoveryUrl(`consul://${TOKEN}@localhost:${consul.port}/nats`),
    ];
    for (const other of others) {
      const failed = ask(providerOf(other, platform, "client"));
      for (
        const failure of [
          await rejection(failed),
          await rejection(register(other)),
        ]
      ) {
        assert.ok(failure instanceof DiscoveryError);
        assert.doesNotMatch(failure.message, new RegExp(TOKEN));
      }
    }
    assert.equal(consul.requests.length, 0);
    const target = targetWith(authority, client);
    const registration = await register(target);
    const provider = providerOf(target, platform, "client");
    const watch = startWatch(t, provider);
    const urls = urlsOf((await ask(provider)).endpoints);
    assert.deepEqual(urls, testNode(1).urls);
    await watch.sees(urls);
    await registration.close();
    await watch.sees([]);
    assert.deepEqual([...new Set(consul.shown)], ["client"]);
  },
);

function block(
  { authority }: Certificates,
  { certFile, keyFile }: Pick<Certificate, "certFile" | "keyFile">,
  more = "",
): string {
  return `tls { ca_file: "${authority.certFile}", cert_file: "${certFile}", key_file: "${keyFile}" ${more} }`;
}

test(
  "a block for all sources asks them over TLS, and a reload replaces what is shown",
  {
    skip,
  },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, client, server } = certificates;
    const consul = await startSecureConsul(t, certificates);
    const folder = temporaryFolder(t);
    const shown = {
      certFile: join(folder, "shown.pem"),
      keyFile: join(folder, "shown.key"),
    };
    const put = ({ certFile, keyFile }: Certificate): void => {
      copyFileSync(certFile, shown.certFile);
      copyFileSync(keyFile, shown.keyFile);
    };
    put(client);
    const path = join(folder, "midge.conf");
    const write = (tls: string): void =>
      writeFileSync(
        path,
        `listen: "127.0.0.1:-1"
       discovery { announce: "consul://localhost:${consul.port}/nats", ttl: 1s, ${tls} }`,
      );
    write(block(certificates, shown));
    const told: string[] = [];
    const midge = await startServer(
      { include: path },
      ({ text }) => told.push(text),
    );
    t.after(() => midge.stop());
    await until("it is announced", () => consul.healthy.length === 1);
    assert.deepEqual([...new Set(consul.shown)], ["client"]);
    put(makeCertificate(authority, "renewed", { names: "DNS:client.test" }));
    await midge.reload();
    assert.ok(told.includes("Reloaded: discovery tls"));
    await until(
      "the next one is shown",
      () => consul.shown.at(-1) === "renewed",
    );
    // A key that Consul's certificate has not: nothing is said to it any more.
    write(block(certificates, shown, `, pinned_certs: ["${pinOf(client)}"]`));
    await midge.reload();
    await until(
      "a failure is told",
      () => told.some((text) => /certificate is not accepted/.test(text)),
    );
    write(block(certificates, shown, `, pinned_certs: ["${pinOf(server)}"]`));
    await midge.reload();
    const heard = consul.requests.length;
    await until("it is renewed", () => consul.requests.length > heard);
    write("");
    await assert.rejects(midge.reload(), {
      message:
        /^config reload not supported for Discovery\.Tls: old=\{\.\.\.\}, new=$/,
    });
  },
);
