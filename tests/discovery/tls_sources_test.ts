/** Sources that are asked over TLS with certificates of one's own: a real etcd, and what URLs say of files. */
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { DiscoveryError } from "../../src/discovery/discovery.ts";
import type { Registrar, Registration } from "../../src/discovery/registrar.ts";
import { registrarOf } from "../../src/discovery/announcing/registrar_of.ts";
import { providerOf } from "../../src/discovery/providers/provider_of.ts";
import {
  type DiscoveryTarget,
  parseDiscoveryUrl,
} from "../../src/discovery/url.ts";
import { platform } from "../../src/runtime/mod.ts";
import { startReloadable } from "../app/reloading.ts";
import {
  type Certificate,
  type Certificates,
  makeCertificate,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { etcdMissing, startSecureEtcd } from "../support/etcd.ts";
import { startMidge } from "../support/midge.ts";
import { rejection } from "../support/rejection.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { tlsSettings } from "../support/tls_settings.ts";
import { until } from "../support/until.ts";
import { ask, startWatch, testNode, urlsOf } from "./suite.ts";

const skip = etcdMissing || opensslMissing;

function queryOf(
  { authority }: Pick<Certificates, "authority">,
  shown: Pick<Certificate, "certFile" | "keyFile">,
): string {
  return new URLSearchParams({
    tls: "true",
    ca_file: authority.certFile,
    cert_file: shown.certFile,
    key_file: shown.keyFile,
  }).toString();
}

const NEVER = new AbortController().signal;

function register(registrar: Registrar): Promise<Registration> {
  return registrar.register(testNode(1), {
    ttlMs: 10_000,
    signal: NEVER,
    onError: () => {},
  });
}

test(
  "etcd is asked and announced at with a certificate of one's own",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const server = await startSecureEtcd(t, certificates);
    const { client, stranger } = certificates;
    const targetWith = (query: string): DiscoveryTarget =>
      parseDiscoveryUrl(`etcd://localhost:${server.port}/midge?${query}`);
    const target = targetWith(queryOf(certificates, client));
    const registration = await register(registrarOf(target, platform));
    const provider = providerOf(target, platform, "client");
    const watch = startWatch(t, provider);
    const urls = urlsOf((await ask(provider)).endpoints);
    assert.equal(urls.length, 1);
    await watch.sees(urls);
    await registration.close();
    await watch.sees([]);
    const unknown = queryOf({ authority: stranger }, client);
    const strange = queryOf(certificates, stranger);
    for (const query of ["tls=true", unknown, strange]) {
      const other = targetWith(query);
      const failures = [
        await rejection(ask(providerOf(other, platform, "client"))),
        await rejection(register(registrarOf(other, platform))),
      ];
      for (const error of failures) {
        assert.ok(error instanceof DiscoveryError, query);
      }
    }
  },
);

test(
  "certificates of a URL are read again for each question",
  { skip },
  async (t) => {
    const certificates = makeCertificates(t);
    const server = await startSecureEtcd(t, certificates);
    const { client, stranger } = certificates;
    const folder = temporaryFolder(t);
    const shown = {
      certFile: join(folder, "shown.pem"),
      keyFile: join(folder, "shown.key"),
    };
    const query = queryOf(certificates, shown);
    const provider = providerOf(
      parseDiscoveryUrl(`etcd://localhost:${server.port}/midge?${query}`),
      platform,
      "client",
    );
    const missing = await rejection(ask(provider));
    assert.match(String(missing), /cert_file cannot be read/);
    for (
      const [{ certFile, keyFile }, isTaken] of [[stranger, false], [
        client,
        true,
      ]] as const
    ) {
      copyFileSync(certFile, shown.certFile);
      copyFileSync(keyFile, shown.keyFile);
      if (isTaken) await ask(provider);
      else assert.ok(await rejection(ask(provider)) instanceof DiscoveryError);
    }
  },
);

test("files for TLS belong to URLs with TLS, and certificates have keys", () => {
  for (
    const [query, why] of [
      ["ca_file=a", "ca_file is for https, which tls=true asks for"],
      [
        "tls=false&cert_file=a&key_file=b",
        "cert_file is for https, which tls=true asks for",
      ],
      ["tls=true&cert_file=a", "cert_file and key_file come together"],
      ["tls=true&key_file=a", "cert_file and key_file come together"],
      ["tls=true&ca_file=", "it names a file without a path"],
    ] as const
  ) {
    for (
      const url of ["etcd://h/p", "consul://h/s", "registry://h", "monitor://h"]
    ) {
      const text = `${url}?${query}`;
      assert.throws(() => parseDiscoveryUrl(text), {
        message: `Cannot use "${text}" for discovery: ${why}`,
      });
    }
  }
  const whole = "etcd://h/p?tls=true&ca_file=a&cert_file=b&key_file=c";
  assert.equal(parseDiscoveryUrl(whole).params.get("key_file"), "c");
});

test(
  "a registry is asked and announced at over TLS, with certificates where it asks",
  { skip: opensslMissing },
  async (t) => {
    const certificates = makeCertificates(t);
    const { client } = certificates;
    const { server, log } = await startMidge(t, {
      registryOnly: true,
      registry: {
        host: "127.0.0.1",
        port: 0,
        token: undefined,
        stateFile: "",
        tls: tlsSettings(certificates),
      },
    });
    const { port } = server.registryAddress!;
    const targetWith = (query: string): DiscoveryTarget =>
      parseDiscoveryUrl(`registry://localhost:${port}?${query}`);
    const target = targetWith(queryOf(certificates, client));
    const provider = providerOf(target, platform, "client");
    const watch = startWatch(t, provider);
    const registration = await register(registrarOf(target, platform));
    const urls = urlsOf((await ask(provider)).endpoints);
    assert.equal(urls.length, 1);
    await watch.sees(urls);
    await registration.close();
    await watch.sees([]);
    const bare = new URLSearchParams({
      tls: "true",
      ca_file: certificates.authority.certFile,
    });
    for (const query of ["", `${bare}`]) {
      const failed = ask(providerOf(targetWith(query), platform, "client"));
      assert.ok(await rejection(failed) instanceof DiscoveryError, query);
    }
    for (
      const pattern of [
        /^ERR registry: TLS handshake error from \S+: client sent an HTTP request to an HTTPS server$/,
        /^ERR registry: TLS handshake error from \S+: tls: client didn't provide a certificate$/,
      ]
    ) {
      await until(
        `a line like ${pattern}`,
        () => log.lines.some((line) => pattern.test(line)),
      );
    }
  },
);

test(
  "a reload replaces the certificate of a registry, and turns its TLS neither on nor off",
  { skip: opensslMissing },
  async (t) => {
    const certificates = makeCertificates(t);
    const { authority, server, stranger } = certificates;
    const block = ({ certFile, keyFile }: Certificate, more = ""): string =>
      `registry { listen: "127.0.0.1:-1", tls { cert_file: "${certFile}", key_file: "${keyFile}" ${more} } }`;
    const midge = await startReloadable(t, block(server));
    const { port } = midge.server.registryAddress!;
    const provider = providerOf(
      parseDiscoveryUrl(
        `registry://localhost:${port}?${new URLSearchParams({
          tls: "true",
          ca_file: authority.certFile,
        })}`,
      ),
      platform,
      "client",
    );
    assert.deepEqual((await ask(provider)).endpoints, []);
    await midge.reload(block(stranger));
    assert.ok(midge.told.includes("Reloaded: registry tls"));
    assert.ok(await rejection(ask(provider)) instanceof DiscoveryError);
    const renewed = makeCertificate(authority, "renewed", {
      names: "DNS:localhost",
    });
    await midge.reload(block(renewed));
    assert.deepEqual((await ask(provider)).endpoints, []);
    const verifying = `, verify: true, ca_file: "${authority.certFile}"`;
    await midge.reload(block(renewed, verifying));
    assert.ok(await rejection(ask(provider)) instanceof DiscoveryError);
    await assert.rejects(
      midge.reload('registry { listen: "127.0.0.1:-1" }'),
      { message: /^config reload not supported for Registry\.Tls: / },
    );
  },
);
