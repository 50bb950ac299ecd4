/**
 * Certificates for tests of TLS, made by `openssl`: an authority, a server
 * for `localhost`, `127.0.0.1` and `nats.test`, a client, and another authority
 * that nobody trusts. Tests that need them are skipped, with `opensslMissing`
 * as the reason, where there is no `openssl`. To make them takes longer than
 * most tests: those of one process have copies of the same.
 */
import { spawnSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Cleanup, temporaryFolder } from "./temp.ts";

/** For the `skip` option of tests. */
export const opensslMissing: string | false =
  spawnSync("openssl", ["version"]).status === 0
    ? false
    : '"openssl" does not run';

/** One certificate with its key: PEM text, and the files that hold it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificates {
  readonly authority: Certificate;
  readonly stranger: Certificate;
  readonly server: Certificate;
  readonly client: Certificate;
}

const SERVER_NAMES = "DNS:localhost,DNS:nats.test,IP:127.0.0.1";

/** What a test gets when it asks for the first time, for the second time and so on. */
const masters: Certificates[] = [];
const timesAsked = new WeakMap<Cleanup, number>();

/**
 * All of them in a folder that goes away with the test. A test that asks again
 * gets others, which the first ones do not vouch for.
 */
export function makeCertificates(t: Cleanup): Certificates {
  const times = timesAsked.get(t) ?? 0;
  timesAsked.set(t, times + 1);
  const { authority, stranger, server, client } = masters[times] ??=
    makeMaster();
  const folder = temporaryFolder(t);
  return {
    authority: copied(authority, folder, "authority"),
    stranger: copied(stranger, folder, "stranger"),
    server: copied(server, folder, "server"),
    client: copied(client, folder, "client"),
  };
}

/** Its files are gone already. */
function makeMaster(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "midge-certificates-"));
  try {
    const authority = makeAuthority(folder, "authority");
    return {
      authority,
      stranger: makeAuthority(folder, "stranger"),
      server: makeLeaf(folder, "server", authority, { names: SERVER_NAMES }),
      client: makeLeaf(folder, "client", authority, {
        names: "DNS:client.test",
      }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function copied(
  { cert, key }: Certificate,
  folder: string,
  name: string,
): Certificate {
  const files = filesFor(folder, name);
  writeFileSync(files.certFile, cert);
  writeFileSync(files.keyFile, key, { mode: 0o600 });
  return { cert, key, ...files };
}

/** What `pinned_certs` calls its key. */
export function pinOf({ cert }: Certificate): string {
  const key = new X509Certificate(cert).publicKey
    .export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("hex");
}

function makeAuthority(folder: string, name: string): Certificate {
  const files = filesFor(folder, name);
  openssl([
    ...["req", "-x509", "-days", "2", "-nodes", ...NEW_KEY],
    ...["-keyout", files.keyFile, "-out", files.certFile],
    ...["-subj", `/CN=Midge test ${name}`],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ]);
  return read(files);
}

/** Whose a certificate is, as `openssl` takes it. */
export interface Owner {
  /** `/O=Acme/OU=dev+CN=alice`; a part may have several attributes. */
  readonly subject?: string;
  /** `DNS:localhost,email:a@b.c`; empty for none. */
  readonly names?: string;
  /** What its key is for; for servers and clients unless set. */
  readonly usage?: string;
}

/** Makes one more, which `authority` vouches for, beside the files of that. */
export function makeCertificate(
  authority: Certificate,
  name: string,
  owner: Owner,
): Certificate {
  return makeLeaf(dirname(authority.certFile), name, authority, owner);
}

function makeLeaf(
  folder: string,
  name: string,
  authority: Certificate,
  {
    subject = `/CN=${name}`,
    names = "",
    usage = "serverAuth,clientAuth",
  }: Owner,
): Certificate {
  const files = filesFor(folder, name);
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(
    extensions,
    (names === "" ? "" : `subjectAltName=${names}\n`) +
      "basicConstraints=CA:FALSE\n" +
      `extendedKeyUsage=${usage}\n`,
  );
  openssl([
    ...["req", "-utf8", "-nodes", ...NEW_KEY],
    ...["-keyout", files.keyFile, "-out", request, "-subj", subject],
  ]);
  openssl([
    ...["x509", "-req", "-days", "2", "-in", request],
    ...["-CA", authority.certFile, "-CAkey", authority.keyFile],
    ...["-CAcreateserial", "-extfile", extensions, "-out", files.certFile],
  ]);
  return read(files);
}

/** Elliptic curves: keys of RSA take a while to make. */
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

interface Files {
  readonly certFile: string;
  readonly keyFile: string;
}

function filesFor(folder: string, name: string): Files {
  return {
    certFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}.key`),
  };
}

function read(files: Files): Certificate {
  return {
    ...files,
    cert: readFileSync(files.certFile, "utf8"),
    key: readFileSync(files.keyFile, "utf8"),
  };
}

function openssl(args: readonly string[]): void {
  const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`openssl ${args.join(" ")}: ${stderr}`);
}
