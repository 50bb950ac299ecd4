/** The `tls` block: its keys, what is wrong in it, and its files. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Source } from "../../src/config/dialect/diagnostic.ts";
import { parseSource } from "../../src/config/dialect/parser.ts";
import { optionsFrom } from "../../src/config/keys/server_options.ts";
import type { TlsSettings } from "../../src/options/tls.ts";
import {
  defaultServerOptions,
  type ServerOptions,
} from "../../src/options/options.ts";
import { applyTlsFlags } from "../../src/config/tls_flags.ts";
import { parseServerArguments } from "../../src/config/argv.ts";
import { configWorld } from "../../src/runtime/config_world.ts";
import {
  type Certificates,
  makeCertificates,
  opensslMissing as skip,
} from "../support/certificates.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { errorsOf, optionsOf, warningsOf } from "./reading.ts";

const PIN = "0123456789abcdef".repeat(4);

const SET: readonly (readonly [text: string, set: Partial<TlsSettings>])[] = [
  ["", {}],
  ["verify: true", { verify: true }],
  ["verify: off", { verify: false }],
  ["verify: optional", { verify: "optional" }],
  ['verify: "Optional"', { verify: "optional" }],
  ["verify_and_map: true", { verify: true, verifyAndMap: true }],
  ["timeout: 5", { timeoutMs: 5000 }],
  ["timeout: 0.5", { timeoutMs: 500 }],
  ['timeout: "1m"', { timeoutMs: 60_000 }],
  ['timeout: "750ms"', { timeoutMs: 750 }],
  ["timeout: 0", { timeoutMs: 2000 }],
  ["timeout: -1", { timeoutMs: 2000 }],
  ['min_version: "1.2"', { minVersion: "TLSv1.2" }],
  ['min_version: "1.3"', { minVersion: "TLSv1.3" }],
  [
    'cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]',
    { cipherSuites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"] },
  ],
  [
    'cipher_suites: ["TLS_RSA_WITH_AES_128_CBC_SHA"], ' +
    "allow_insecure_cipher_suites: true",
    { cipherSuites: ["TLS_RSA_WITH_AES_128_CBC_SHA"] },
  ],
  [
    "curve_preferences: [X25519, CurveP256]",
    { curves: ["X25519", "CurveP256"] },
  ],
  ["handshake_first: true", { handshakeFirst: true }],
  ["first: on", { handshakeFirst: true }],
  ['immediate: "OFF"', { handshakeFirst: false }],
  ["first: auto", { handshakeFirst: true, fallbackDelayMs: 50 }],
  ["first: auto_fallback", { handshakeFirst: true, fallbackDelayMs: 50 }],
  ["first: 250ms", { handshakeFirst: true, fallbackDelayMs: 250 }],
  ["first: 0s", { handshakeFirst: true }],
  ["connection_rate_limit: 7", { connectionRateLimit: 7 }],
  ["connection_rate_limit: -1", { connectionRateLimit: 0 }],
  [`pinned_certs: ["${PIN.toUpperCase()}"]`, { pinnedCerts: [PIN] }],
  ["pinned_certs: []", { pinnedCerts: [] }],
  ["insecure: true", { insecure: true }],
  ["certs: []", {}],
];

const DEFAULTS: TlsSettings = {
  certificates: [],
  caFile: "",
  authorities: undefined,
  verify: false,
  verifyAndMap: false,
  checkKnownUrls: false,
  pinnedCerts: undefined,
  timeoutMs: 2000,
  minVersion: "TLSv1.2",
  cipherSuites: undefined,
  curves: undefined,
  handshakeFirst: false,
  fallbackDelayMs: 0,
  connectionRateLimit: 0,
  insecure: false,
};

for (const [text, set] of SET) {
  test(`"tls { ${text} }" is read`, () => {
    assert.deepEqual(optionsOf(`tls { ${text} }`).tls, { ...DEFAULTS, ...set });
  });
}

test("allow_non_tls stands beside the block", () => {
  assert.equal(optionsOf("").allowNonTls, false);
  assert.equal(optionsOf("tls {}, allow_non_tls: true").allowNonTls, true);
});

const PARSING = "error parsing tls config";

/** As nats-server 2.15.3 words and places them, but for lists that are none. */
const WRONG: readonly (readonly [text: string, error: string])[] = [
  ["foo: 1", `1:7: ${PARSING}, unknown field "foo"`],
  ["cert_file: 1", `1:7: ${PARSING}, expected 'cert_file' to be filename`],
  ["key_file: []", `1:7: ${PARSING}, expected 'key_file' to be filename`],
  ["ca_file: {}", `1:7: ${PARSING}, expected 'ca_file' to be filename`],
  ["insecure: 1", `1:7: ${PARSING}, expected 'insecure' to be a boolean`],
  [
    "verify: 1",
    `1:7: ${PARSING}, expected 'verify' to be a boolean or 'optional'`,
  ],
  [
    "verify: x",
    `1:7: ${PARSING}, expected 'verify' to be a boolean or 'optional'`,
  ],
  [
    "verify: optional, verify_and_map: true",
    `1:1: ${PARSING}, cannot combine 'verify: optional' with options ` +
    "requiring client certificates",
  ],
  [
    "verify_and_map: 1",
    `1:7: ${PARSING}, expected 'verify_and_map' to be a boolean`,
  ],
  [
    "verify_cert_and_check_known_urls: true",
    "1:7: verify_cert_and_check_known_urls not supported in this context",
  ],
  ["min_version: 1.3", `1:7: ${PARSING}: 'min_version' wrong type: 1.3`],
  [
    'min_version: "1.1"',
    `1:7: ${PARSING}: unsupported TLS version: TLS 1.1`,
  ],
  ["min_version: foo", `1:7: ${PARSING}: unknown version: foo`],
  ["cipher_suites: [FOO]", "1:23: unrecognized cipher FOO"],
  ["cipher_suites: []", `1:7: ${PARSING}, 'cipher_suites' cannot be empty`],
  [
    "cipher_suites: x",
    `1:7: ${PARSING}, expected 'cipher_suites' to be a list, got string`,
  ],
  [
    "cipher_suites: [TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_AES_256_CBC_SHA]",
    "1:1: insecure cipher suites configured without " +
    "'allow_insecure_cipher_suites' option set: " +
    "TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_AES_256_CBC_SHA",
  ],
  ["curve_preferences: [P256]", "1:27: unrecognized curve preference P256"],
  [
    "curve_preferences: []",
    `1:7: ${PARSING}, 'curve_preferences' cannot be empty`,
  ],
  [
    "timeout: zz",
    `1:7: ${PARSING}, 'timeout' time: invalid duration "zz"`,
  ],
  ["timeout: true", `1:7: ${PARSING}, 'timeout' wrong type`],
  [
    "connection_rate_limit: x",
    `1:7: ${PARSING}, 'connection_rate_limit' wrong type`,
  ],
  [
    "pinned_certs: [abc]",
    `1:22: ${PARSING}, 'pinned_certs' key abc does not look like ` +
    "hex-encoded sha256 of DER encoded SubjectPublicKeyInfo",
  ],
  [
    "pinned_certs: abc",
    `1:7: ${PARSING}, expected 'pinned_certs' to be a list of hex-encoded ` +
    "sha256 of DER encoded SubjectPublicKeyInfo",
  ],
  [
    "handshake_first: foo",
    `1:7: field "handshake_first"'s value "foo" is invalid`,
  ],
  [
    "first: 1",
    '1:7: field "first" should be a boolean or a string, got int64',
  ],
  [
    "certs: 1",
    "1:7: error parsing certificates config: unsupported type " +
    "map[string]interface {}",
  ],
  [
    "certs: [{ cert_file: x }]",
    "1:17: error parsing certificates config: both 'cert_file' and " +
    "'cert_key' options are required",
  ],
  [
    'certs: [{ cert_file: "x", foo: "1" }]',
    '1:33: error parsing tls certs config, unknown field "foo"',
  ],
  [
    "certs: [{ cert_file: 1 }]",
    "1:17: error parsing certificates config: unsupported type int64",
  ],
  [
    "certs: [{ cert_file: x, key_file: y }], cert_file: x, key_file: y",
    `1:1: ${PARSING}, cannot combine 'cert_file' option with 'certs' option`,
  ],
  ["cert_file: x", "1:1: missing 'key_file' in TLS configuration"],
  ["key_file: x", "1:1: missing 'cert_file' in TLS configuration"],
  ["cert_store: x", "1:7: cert store type not implemented"],
  [
    "cert_store: WindowsLocalMachine",
    "1:7: cert_store not compatible with current operating system",
  ],
  ["cert_match_by: x", "1:7: cert match by type not implemented"],
  [
    "cert_match_skip_invalid: x",
    "1:7: expected 'cert_match_skip_invalid' to be a boolean",
  ],
  [
    "ocsp_peer: 1",
    "1:7: error parsing ocsp peer config: unsupported type int64",
  ],
  [
    "ocsp_peer: true",
    "1:7: ocsp_peer is a nats-server option that Midge does not support yet",
  ],
  [
    "ocsp_peer: { verify: true }",
    "1:7: ocsp_peer is a nats-server option that Midge does not support yet",
  ],
];

for (const [text, error] of WRONG) {
  test(`"tls { ${text} }" is refused`, () => {
    assert.deepEqual(errorsOf(() => optionsOf(`tls { ${text} }`)), [error]);
  });
}

test("what is for Windows alone changes nothing", () => {
  for (
    const text of [
      "ca_certs_match: x",
      "cert_match: x",
      "cert_match_by: subject",
      "cert_match_skip_invalid: true",
      "ocsp_peer: false",
    ]
  ) {
    const [warning] = warningsOf(`tls { ${text} }`);
    assert.match(warning ?? "", /^1:7: "\w+" has no effect: it is /);
  }
});

/** Errors and warnings of a configuration whose files are those of the machine. */
function judged(text: string): readonly string[] {
  const root = parseSource(new Source("t.conf", text), configWorld).root;
  let warnings: readonly string[] = [];
  const errors = errorsOf(() => {
    const found = optionsFrom(root, configWorld).warnings;
    warnings = found.map(({ message }) => `warning: ${message}`);
  });
  return [...errors, ...warnings];
}

function fileOf(t: Cleanup, text: string): string {
  const path = join(temporaryFolder(t), "x.pem");
  writeFileSync(path, text);
  return path;
}

interface FileCase {
  readonly title: string;
  readonly text: (certificates: Certificates, t: Cleanup) => string;
  readonly says: readonly string[];
}

const PAIR = "error parsing X509 certificate/key pair";

const FILES: readonly FileCase[] = [
  {
    title: "a certificate with its key",
    text: ({ server: { certFile, keyFile }, authority }) =>
      `cert_file: "${certFile}", key_file: "${keyFile}", ` +
      `ca_file: "${authority.certFile}"`,
    says: [],
  },
  {
    title: "a file that is not there",
    text: ({ server: { keyFile } }) =>
      `cert_file: "/nope", key_file: "${keyFile}"`,
    says: [`1:1: ${PAIR}: open /nope: no such file or directory`],
  },
  {
    title: "a key that is not there",
    text: ({ server: { certFile } }) =>
      `cert_file: "${certFile}", key_file: "/nope"`,
    says: [`1:1: ${PAIR}: open /nope: no such file or directory`],
  },
  {
    title: "the key of another",
    text: ({ server, client }) =>
      `cert_file: "${server.certFile}", key_file: "${client.keyFile}"`,
    says: [`1:1: ${PAIR}: tls: private key does not match public key`],
  },
  {
    title: "files that are the wrong way round",
    text: ({ server: { certFile, keyFile } }) =>
      `cert_file: "${keyFile}", key_file: "${certFile}"`,
    says: [
      `1:1: ${PAIR}: tls: failed to find certificate PEM data in certificate ` +
      "input, but did find a private key; PEM inputs may have been switched",
    ],
  },
  {
    title: "a certificate for a key",
    text: ({ server: { certFile } }) =>
      `cert_file: "${certFile}", key_file: "${certFile}"`,
    says: [
      `1:1: ${PAIR}: tls: found a certificate rather than a key in the PEM ` +
      "for the private key",
    ],
  },
  {
    title: "a text that is no PEM",
    text: ({ server: { keyFile } }, t) =>
      `cert_file: "${fileOf(t, "x")}", key_file: "${keyFile}"`,
    says: [
      `1:1: ${PAIR}: tls: failed to find any PEM data in certificate input`,
    ],
  },
  {
    title: "a certificate that is broken",
    text: ({ server: { keyFile } }, t) => {
      const kind = "CERTIFICATE-----\n";
      const text = `-----BEGIN ${kind}AAAA\n-----END ${kind}`;
      const file = fileOf(t, text);
      return `cert_file: "${file}", key_file: "${keyFile}"`;
    },
    says: [`1:1: ${PAIR}: x509: malformed certificate`],
  },
  {
    title: "the second of two that is not there",
    text: ({ server: { certFile, keyFile } }) =>
      `certs: [{ cert_file: "${certFile}", key_file: "${keyFile}" }, ` +
      '{ cert_file: "/nope", key_file: "/none" }]',
    says: [`1:1: ${PAIR} 2/2: open /nope: no such file or directory`],
  },
  {
    title: "the second of two with another's key",
    text: ({ server, client }) =>
      `certs: [{ cert_file: "${server.certFile}", key_file: "${server.keyFile}" }, ` +
      `{ cert_file: "${server.certFile}", key_file: "${client.keyFile}" }]`,
    says: [`1:1: ${PAIR} 2/2: tls: private key does not match public key`],
  },
  {
    title: "authorities that are not there",
    text: () => 'ca_file: "/nope"',
    says: ["1:1: open /nope: no such file or directory"],
  },
  {
    title: "authorities that are none",
    text: ({ server: { keyFile } }) => `ca_file: "${keyFile}"`,
    says: ["1:1: failed to parse root ca certificate"],
  },
];

for (const { title, text, says } of FILES) {
  test(`the files of tls: ${title}`, { skip }, (t) => {
    const certificates = makeCertificates(t);
    assert.deepEqual(judged(`tls { ${text(certificates, t)} }`), says);
  });
}

test("the texts of the files are in the options, the first in front", {
  skip,
}, (t) => {
  const { server, client, authority } = makeCertificates(t);
  const pairs = [server, client].map(({ certFile, keyFile }) =>
    `{ cert_file: "${certFile}", key_file: "${keyFile}" }`
  );
  const text = `tls { certs: [${pairs}], ca_file: "${authority.certFile}" }`;
  const { root } = parseSource(new Source("t.conf", text), configWorld);
  const { tls } = optionsFrom(root, configWorld).options;
  assert.deepEqual(
    tls?.certificates,
    [server, client].map(({ certFile, keyFile, cert, key }) => ({
      certFile,
      keyFile,
      certificate: cert,
      key,
    })),
  );
  assert.deepEqual(tls?.authorities, [authority.cert]);
});

const isDeno = "Deno" in globalThis;

test("a runtime that does not keep to a list says so", () => {
  const one = (name: string) => judged(`tls { ${name} }`);
  const suites = one(
    'cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]',
  );
  const curves = one("curve_preferences: [X25519]");
  if (!isDeno) return assert.deepEqual([...suites, ...curves], []);
  assert.match(
    suites.join(),
    /^1:1: 'cipher_suites' cannot be limited on deno .*: it also uses TLS_ECDHE_ECDSA/,
  );
  assert.match(
    curves.join(),
    /^1:1: 'curve_preferences' cannot be limited on deno .*: it also uses .*CurveP256/,
  );
  // There is nothing of TLS 1.2 to choose among.
  const newest = one(
    'min_version: "1.3", ' +
      'cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]',
  );
  assert.deepEqual(newest, []);
});

test("a suite that the runtimes have given up is named", () => {
  const old = "TLS_RSA_WITH_RC4_128_SHA";
  const says = judged(
    `tls { allow_insecure_cipher_suites: true, cipher_suites: ["${old}"] }`,
  );
  assert.ok(says.some((text) => text.endsWith(`has no ${old}`)), says.join());
});

/** Options of a file, and what the flags make of them. */
function flagged(
  args: readonly string[],
  options: ServerOptions = defaultServerOptions(),
): ServerOptions {
  const command = parseServerArguments(args);
  assert.ok(command.do === "run");
  applyTlsFlags(options, command.flags, configWorld);
  return options;
}

test(
  "flags name the files anew, and keep what else the block says",
  { skip },
  (t) => {
    const { server, authority } = makeCertificates(t);
    const { certFile, keyFile } = server;
    const files = ["--tlscert", certFile, "--tlskey", keyFile];
    const file = optionsOf(
      "tls { timeout: 7, handshake_first: true, verify: true }",
    );
    const { tls } = flagged(["--tls", ...files], file);
    assert.equal(tls?.certificates[0]?.certificate, server.cert);
    assert.equal(tls?.timeoutMs, 7000);
    assert.equal(tls?.handshakeFirst, true);
    assert.equal(tls?.verify, false);
    const verified = ["--tlscacert", authority.certFile, "--tlsverify"];
    const other = flagged([...files, ...verified]).tls;
    assert.deepEqual(other?.authorities, [authority.cert]);
    assert.equal(other?.verify, true);
    assert.equal(
      flagged([...files, "--tlsverify=optional"]).tls?.verify,
      "optional",
    );
    assert.equal(flagged(["-tls=false"], file).tls, undefined);
    assert.equal(flagged(["-D"]).tls, undefined);
  },
);

test("flags that make no sense together are refused", { skip }, (t) => {
  const { server, client } = makeCertificates(t);
  const rows: readonly (readonly [readonly string[], string])[] = [
    [["--tls"], "TLS Server certificate must be present and valid"],
    [["--tlsverify"], "TLS Server certificate must be present and valid"],
    [
      ["--tls", "--tlscert", server.certFile],
      "TLS Server private key must be present and valid",
    ],
    [
      ["--tlscert", server.certFile, "--tlskey", client.keyFile],
      `${PAIR}: tls: private key does not match public key`,
    ],
    [
      ["--tlscert", "/nope", "--tlskey", "/nope"],
      `${PAIR}: open /nope: no such file or directory`,
    ],
  ];
  for (const [args, message] of rows) {
    assert.throws(() => flagged(args), { name: "FlagError", message });
  }
  const wrong = parseServerArguments(["--tlsverify=foo"]);
  assert.ok(wrong.do === "refuse");
});
