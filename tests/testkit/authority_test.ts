/** The certificates of the kit, before those who decide whether one is good. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect as dial, type ConnectionOptions } from "node:tls";
import { systemClock, systemRandom } from "../../src/runtime/process/system.ts";
import { makeKeyPair } from "../../src/runtime/process/key_pairs.ts";
import { TestAuthority } from "../../src/testkit/tls/authority.ts";
import { opensslMissing } from "../support/certificates.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { startTlsFront } from "../support/tls_front.ts";

const HOSTS = ["localhost", "127.0.0.1", "::1", "node.test"];

function authority(): Promise<TestAuthority> {
  return TestAuthority.create("Midge test", {
    clock: systemClock,
    random: systemRandom,
    makeKeyPair,
  });
}

test("a certificate says what it is for", async () => {
  const { certificate: ca } = await authority();
  const vouching = new X509Certificate(ca);
  assert.equal(vouching.ca, true);
  assert.equal(vouching.subject, "CN=Midge test");
  const issuer = await authority();
  const { certificate } = await issuer.issue("node-a", HOSTS);
  const own = new X509Certificate(certificate);
  assert.equal(own.ca, false);
  assert.equal(own.subject, "CN=node-a");
  assert.equal(own.issuer, "CN=Midge test");
  for (const name of ["localhost", "node.test"]) {
    assert.match(own.subjectAltName ?? "", new RegExp(`DNS:${name}`));
  }
  assert.match(own.subjectAltName ?? "", /IP Address:127\.0\.0\.1/);
  const now = Date.now();
  assert.ok(Date.parse(own.validFrom) < now && now < Date.parse(own.validTo));
});

test(
  "openssl takes many of them, and none of another authority",
  { skip: opensslMissing },
  async (t) => {
    const folder = temporaryFolder(t);
    const file = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    const [ours, theirs] = [await authority(), await authority()];
    const ca = file("ca.pem", ours.certificate);
    const stranger = file("stranger.pem", theirs.certificate);
    // Numbers whose first bit is set, or whose first byte is 0, are written in other ways.
    for (let count = 0; count < 100; count++) {
      const { certificate } = await ours.issue(`node ${count}`, HOSTS);
      const path = file("node.pem", certificate);
      const verify = (authorities: string): number | null =>
        spawnSync("openssl", [
          "verify",
          "-x509_strict",
          "-CAfile",
          authorities,
          path,
        ]).status;
      assert.equal(verify(ca), 0, certificate);
      if (count === 0) assert.notEqual(verify(stranger), 0);
    }
  },
);

test("both sides of a connection can show one", async (t) => {
  const [ours, theirs] = [await authority(), await authority()];
  const node = await ours.issue("node-a", HOSTS);
  const client = await ours.issue("client", ["client.test"]);
  const stranger = await theirs.issue("client", ["client.test"]);
  const port = await startTlsFront(
    t,
    { server: { cert: node.certificate, key: node.key } },
    { ca: ours.certificate, requestCert: true, rejectUnauthorized: true },
  );
  const echo = (options: ConnectionOptions): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = dial({ port, host: "127.0.0.1", ...options });
      socket.setEncoding("utf8").once("data", (text: string) => {
        socket.destroy();
        resolve(text);
      });
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
      socket.write("hello");
    });
  const shown = (
    { certificate: cert, key }: { certificate: string; key: string },
  ): ConnectionOptions => ({ cert, key, ca: ours.certificate });
  for (const servername of ["localhost", "node.test"]) {
    assert.equal(await echo({ ...shown(client), servername }), "hello");
  }
  assert.equal(await echo(shown(client)), "hello");
  await assert.rejects(echo({ ...shown(client), servername: "other.test" }));
  await assert.rejects(echo({ ...shown(client), ca: theirs.certificate }));
  await assert.rejects(echo(shown(stranger)));
});
