/** Where and as whom to connect: flags, and the variables that stand for them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { createUser } from "@nats-io/nkeys";
import type { ConnectOptions } from "../../client.ts";
import {
  CLIENT_FLAGS,
  clientConnectOptions,
} from "../../src/commands/connection_flags.ts";
import { FlagError, parseFlags } from "../../src/config/flags/flags.ts";
import { makeJwtChain } from "../support/jwt.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";

/** What the flags of a command line come to, with these variables set and no others. */
function optionsFor(
  t: TestContext,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): ConnectOptions {
  const before = { ...process.env };
  const restore = (): void => {
    for (const name of Object.keys(process.env)) {
      if (name.startsWith("NATS_")) delete process.env[name];
    }
    Object.assign(process.env, before);
  };
  t.after(restore);
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("NATS_")) delete process.env[name];
  }
  Object.assign(process.env, variables);
  try {
    const { values } = parseFlags(CLIENT_FLAGS, args);
    return clientConnectOptions(values, () => {});
  } finally {
    restore();
  }
}

const DEFAULTS = { timeout: 5000, noRandomize: true };

const READ: readonly (readonly [
  readonly string[],
  Readonly<Record<string, string>>,
  ConnectOptions,
])[] = [
  [[], {}, {}],
  [["-s", "a,b"], {}, { servers: "a,b" }],
  [["--server=a"], { NATS_URL: "b" }, { servers: "a" }],
  [[], { NATS_URL: "b" }, { servers: "b" }],
  [[], { NATS_URL: "" }, {}],
  [["-user", "u", "-pass", "p"], {}, { user: "u", pass: "p" }],
  [["-user", "u", "--password", "p"], {}, { user: "u", pass: "p" }],
  [["-user", "u"], {}, { user: "u" }],
  [["-user", "u"], { NATS_PASSWORD: "p" }, { user: "u", pass: "p" }],
  [["-user", "u"], { NATS_USER: "v", NATS_TOKEN: "t" }, { user: "u" }],
  [[], { NATS_USER: "u", NATS_PASSWORD: "p" }, { user: "u", pass: "p" }],
  [[], { NATS_USER: "t0p" }, { token: "t0p" }],
  [[], { NATS_PASSWORD: "p" }, {}],
  [["-pass", "p"], { NATS_USER: "u" }, { user: "u", pass: "p" }],
  [["-token", "t"], { NATS_USER: "u", NATS_PASSWORD: "p" }, { token: "t" }],
  [[], { NATS_TOKEN: "t" }, { token: "t" }],
  [["-name", "n", "-timeout", "1.5s"], {}, { name: "n", timeout: 1500 }],
];

for (const [args, variables, expected] of READ) {
  const title = JSON.stringify([args, variables]);
  test(`flags and variables ${title} are understood`, (t) => {
    const options = optionsFor(t, args, variables);
    assert.deepEqual(options, { ...DEFAULTS, ...expected });
  });
}

test("credentials and seeds come from files", (t) => {
  const folder = temporaryFolder(t);
  const creds = join(folder, "user.creds");
  writeFileSync(creds, makeJwtChain().user().creds);
  const seed = join(folder, "user.nk");
  const user = createUser();
  const text = new TextDecoder().decode(user.getSeed());
  writeFileSync(seed, `# the user\n${text}\n`);
  const logins = [
    optionsFor(t, ["-creds", creds]),
    optionsFor(t, [], { NATS_CREDS: creds, NATS_USER: "u" }),
    optionsFor(t, ["-nkey", seed], { NATS_CREDS: creds }),
    optionsFor(t, [], { NATS_NKEY: seed }),
  ].map(({ authenticator }) => {
    assert.ok(typeof authenticator === "function");
    return authenticator("nonce");
  });
  assert.equal(logins[0]?.jwt, logins[1]?.jwt);
  assert.ok(logins[0]?.jwt?.startsWith("ey"));
  assert.equal(logins[2]?.nkey, user.getPublicKey());
  assert.equal(logins[3]?.nkey, user.getPublicKey());
  assert.equal(logins[3]?.jwt, undefined);
});

test("certificates come from files", (t) => {
  const folder = temporaryFolder(t);
  const [ca, cert, key] = ["ca", "cert", "key"].map((name) => {
    const file = join(folder, name);
    writeFileSync(file, `${name} text`);
    return file;
  });
  assert.deepEqual(
    optionsFor(t, ["-tlsca", ca!, "-tlscert", cert!, "-tlskey", key!]).tls,
    { ca: "ca text", cert: "cert text", key: "key text" },
  );
  const variables = { NATS_CA: ca!, NATS_CERT: cert!, NATS_KEY: key! };
  assert.deepEqual(
    optionsFor(t, [], variables).tls,
    { ca: "ca text", cert: "cert text", key: "key text" },
  );
});

test("discovery waits without an end, unless a time is given", (t) => {
  const url = "registry://127.0.0.1:4280";
  const patient = optionsFor(t, ["-discover", url]);
  assert.equal(patient.discovery, url);
  assert.equal(patient.discoveryPolicy, undefined);
  const hasty = optionsFor(t, ["-discover", url, "-timeout", "2s"]);
  assert.equal(hasty.discoveryPolicy?.giveUpAfterMs, 2000);
});

const MISTAKES: readonly (readonly [readonly string[], RegExp])[] = [
  [["-timeout", "0"], /-timeout must be above 0/],
  [["-timeout", "-1s"], /-timeout must be above 0/],
  [["-timeout", "5"], /missing unit in duration "5"/],
  [["-user", "u", "-token", "t"], /-token and -user exclude each other/],
  [["-creds", "c", "-nkey", "n"], /-creds and -nkey exclude each other/],
  [["-pass", "s3cr3t"], /^-pass needs -user$/],
  [["-tlscert", "c"], /-tlscert and -tlskey need each other/],
  [["-discover", "gopher://x"], /gopher/],
];

for (const [args, message] of MISTAKES) {
  test(`the flags ${JSON.stringify(args)} are refused`, (t) => {
    assert.throws(() => optionsFor(t, args), (error) => {
      assert.ok(error instanceof FlagError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test("a file that cannot be used is named, and what it holds is not", (t) => {
  const file = join(temporaryFolder(t), "secret.txt");
  writeFileSync(file, "T0pS3cr3t");
  const rows: readonly (readonly [string, string, string])[] = [
    ["-creds", file, `${file} holds no credentials`],
    ["-nkey", file, `${file} holds no seed of an nkey`],
    ["-creds", "/no.creds", "open /no.creds: no such file or directory"],
    ["-nkey", "/no.nk", "open /no.nk: no such file or directory"],
    ["-tlsca", "/no.pem", "open /no.pem: no such file or directory"],
  ];
  for (const [flag, path, message] of rows) {
    assert.throws(() => optionsFor(t, [flag, path]), { message });
  }
});
