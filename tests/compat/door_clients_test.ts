/**
 * The official clients for Go, C and JavaScript at the doors of Midge and of
 * nats-server: TLS in each of its orders, client certificates, WebSockets with
 * and without TLS. The programs are in `door_clients/`.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Certificates,
  makeCertificates,
  opensslMissing,
} from "../support/certificates.ts";
import { modelMissing } from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import {
  currentRuntime,
  PROJECT_FOLDER,
  sameEverywhere,
  TOOLS_FOLDER,
} from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { startMidgeWith, startNatsServerWith } from "./door_servers.ts";

const FOLDER = join(PROJECT_FOLDER, "tests/compat/door_clients");

interface Client {
  readonly name: string;
  /** Why it cannot be used; false when it can. */
  readonly missing: string | false;
  /** The fewest cases that it goes through: one that goes through none shows nothing. */
  readonly cases: number;
  /** Gives the words that run it. */
  make(t: Cleanup): Promise<readonly string[]>;
}

function whyNot(command: string, ...args: readonly string[]): string | false {
  return spawnSync(command, args).status === 0
    ? false
    : `${[command, ...args].join(" ")} does not work`;
}

/** Made by `.ci/run`, or by the first test that wants it. */
const GO_CLIENT = join(TOOLS_FOLDER, "go", "door-client");

async function built(words: readonly string[], cwd: string): Promise<void> {
  const compiler = spawnCommand(words, { cwd });
  const { code } = await compiler.exited;
  assert.equal(code, 0, compiler.stdout + compiler.stderr);
}

const CLIENTS: readonly Client[] = [
  {
    name: "nats.go",
    missing: existsSync(GO_CLIENT) ? false : whyNot("go", "version"),
    cases: 21,
    async make() {
      if (!existsSync(GO_CLIENT)) {
        await built(["go", "build", "-o", GO_CLIENT, "."], join(FOLDER, "go"));
      }
      return [GO_CLIENT];
    },
  },
  {
    name: "nats.c",
    missing: whyNot("gcc", "--version") ||
      !existsSync("/usr/include/nats/nats.h") && "There is no libnats-dev",
    cases: 6,
    async make(t) {
      const program = join(temporaryFolder(t), "client");
      const words = ["gcc", "client.c", "-lnats", "-o", program];
      await built(words, FOLDER);
      return [program];
    },
  },
  {
    name: "nats.js",
    missing: false,
    cases: 10,
    make: () =>
      Promise.resolve([
        ...currentRuntime().command,
        join(FOLDER, "official.ts"),
      ]),
  },
];

type Start = (t: Cleanup, file: string) => ReturnType<typeof startMidgeWith>;

const SERVERS: readonly (readonly [name: string, start: Start])[] = [
  ["Midge", startMidgeWith],
  ["nats-server", startNatsServerWith],
];

/** A configuration for each door. */
function configurations(
  { server, authority }: Certificates,
): Readonly<Record<string, string>> {
  const pair = `cert_file: "${server.certFile}", key_file: "${server.keyFile}"`;
  const web = 'websocket { listen: "127.0.0.1:-1", compression: true';
  return {
    TLS: `tls { ${pair} }`,
    VERIFY: `tls { ${pair}, ca_file: "${authority.certFile}", verify: true }`,
    FIRST: `tls { ${pair}, handshake_first: true }`,
    AUTO: `tls { ${pair}, handshake_first: auto }`,
    WS: `${web}, no_tls: true }`,
    WSS: `${web}, tls { ${pair} } }`,
  };
}

/** Where each of the doors is, and what comes through it shows and trusts. */
async function environment(
  t: TestContext,
  start: Start,
): Promise<Record<string, string>> {
  const certificates = makeCertificates(t);
  const folder = temporaryFolder(t);
  const doors = await Promise.all(
    Object.entries(configurations(certificates)).map(async ([name, text]) => {
      const file = join(folder, `${name}.conf`);
      writeFileSync(file, `listen: "127.0.0.1:-1"\n${text}\n`);
      const { client, websocket } = await start(t, file);
      const url = name.startsWith("WS")
        ? `${name.toLowerCase()}://localhost:${websocket}`
        : `nats://localhost:${client}`;
      return [name, url] as const;
    }),
  );
  const { authority, stranger, client } = certificates;
  return {
    ...Object.fromEntries(doors),
    CA: authority.certFile,
    STRANGER: stranger.certFile,
    CERT: client.certFile,
    KEY: client.keyFile,
    // The WebSocket of a runtime trusts what its process is told to.
    NODE_EXTRA_CA_CERTS: authority.certFile,
    DENO_CERT: authority.certFile,
  };
}

for (const [name, start] of SERVERS) {
  for (const { name: client, missing, cases, make } of CLIENTS) {
    const skip = opensslMissing || missing ||
      name !== "Midge" && (modelMissing || sameEverywhere);
    test(
      `${client} comes through the doors of ${name}`,
      { skip },
      async (t) => {
        const words = await make(t);
        const env = await environment(t, start);
        const run = spawnCommand(words, { env });
        t.after(() => run.stop());
        const { code } = await run.exited;
        const lines = run.stdout.trimEnd().split("\n");
        const failed = lines.filter((line) => !line.startsWith("ok "));
        assert.deepEqual(failed, [], run.stderr);
        assert.equal(code, 0, run.stderr);
        assert.equal(lines.length, cases);
      },
    );
  }
}
