/** Each artefact alone in an empty folder: what it says, and a broker for real clients. */
import {
  AuthorizationError,
  connect,
  type NatsConnection,
} from "@nats-io/transport-node";
import { createUser } from "@nats-io/nkeys";
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MIDGE_VERSION } from "../../src/core/version.ts";
import { closeBcrypt, compareBcrypt } from "../../src/runtime/bcrypt/bcrypt.ts";
import { sendSignal } from "../../src/runtime/process/system.ts";
import type { TestProcess } from "../support/process.ts";
import { modelMissing, newestNatsServer } from "../support/nats_server.ts";
import { executableOf } from "../support/runtimes.ts";
import type { Cleanup } from "../support/temp.ts";
import { after, test } from "../support/test.ts";
import { artefacts, place } from "./artefacts.ts";

// TOML, whose reader is loaded on demand, and the article's hash of "ytb".
const CONFIG = `
listen = "127.0.0.1:-1"
[authorization]
token = "$2a$11$ToARKoxzTSTXxKCljOFe4eDmiPQ/EcaB0M7V8mGE1tfgOv97.iECe"
timeout = 20
`;
const TIMEOUT_MS = 20_000;

const ARTEFACTS = await artefacts();

after(closeBcrypt);

for (const artefact of ARTEFACTS) {
  const { name, skip } = artefact;

  test(`${name} says its version, and nothing else`, { skip }, async (t) => {
    const { run } = await place(t, artefact);
    const program = run("-v");
    assert.deepEqual(await program.exited, { code: 0, signal: null });
    assert.match(program.stdout, new RegExp(`^midge ${MIDGE_VERSION}\\b`));
    assert.equal(program.stderr, "");
  });

  test(`${name} refuses an unknown flag`, { skip }, async (t) => {
    const { run } = await place(t, artefact);
    assert.equal((await run("-zork").exited).code, 2);
  });

  test(`${name} makes a hash of a password`, { skip }, async (t) => {
    const { run } = await place(t, artefact);
    const maker = run("mkpasswd", "-p", "ytb", "-c", "4");
    const [, hash] = await maker.waitFor(/^bcrypt hash: (\S{60})\n$/);
    assert.deepEqual(await maker.exited, { code: 0, signal: null });
    assert.equal(await compareBcrypt("ytb", hash!), true);
  });

  test(`${name} logs in with a key`, { skip }, async (t) => {
    const { run, folder } = await place(t, artefact);
    const key = createUser();
    writeFileSync(join(folder, "user.nk"), key.getSeed());
    const users = `users: [{ nkey: ${key.getPublicKey()} }]`;
    writeFileSync(join(folder, "a.conf"), `authorization { ${users} }`);
    const server = run("-c", "a.conf", "-a", "127.0.0.1", "-p", "-1");
    const at = `nats://127.0.0.1:${await portOf(server)}`;
    const stranger = run("pub", "-s", at, "greet.joe", "hello");
    assert.equal((await stranger.exited).code, 1);
    const known = run("pub", "-s", at, "-nkey", "user.nk", "greet.joe", "hi");
    assert.deepEqual(await known.exited, { code: 0, signal: null });
  });

  test(`${name} starts itself to be compared`, {
    skip: skip || modelMissing,
  }, async (t) => {
    const { run } = await place(t, artefact);
    const bench = run(
      ...["bench", "--versus", newestNatsServer, "--cases", "pub"],
      ...["--rounds", "1", "--seconds", "0.05", "--json"],
    );
    assert.deepEqual(await bench.exited, { code: 0, signal: null });
    assert.equal(bench.stderr, "");
    assert.equal(JSON.parse(bench.stdout).results.length, 1);
  });

  test(`${name} is a broker for the official client`, { skip }, async (t) => {
    const { run, folder } = await place(t, artefact);
    writeFileSync(join(folder, "a.toml"), CONFIG);
    const before = readdirSync(folder).sort();
    const server = run("-c", "a.toml");
    const port = await portOf(server);

    const client = await clientOf(t, port, "ytb");
    const messages = client.subscribe("greet.*", { max: 1 });
    client.subscribe("double", {
      callback: (_error, message) => {
        message.respond(message.string().repeat(2));
      },
    });
    client.publish("greet.joe", "hello");
    for await (const message of messages) {
      assert.equal(message.string(), "hello");
    }
    const answer = await client.request("double", "ab", {
      timeout: TIMEOUT_MS,
    });
    assert.equal(answer.string(), "abab");
    await assert.rejects(clientOf(t, port, "wrong"), AuthorizationError);

    await client.close();
    sendSignal(server.pid, "SIGTERM");
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.equal(server.stdout, "");
    assert.doesNotMatch(server.stderr, /warning/i);
    // A runtime keeps a cache of what it runs; a binary has nothing to keep.
    const caches = artefact.command.length > 0 ? [".cache", ".bun"] : [];
    const left = readdirSync(folder).filter((name) => !caches.includes(name));
    assert.deepEqual(left.sort(), before);
  });
}

async function portOf(server: TestProcess): Promise<number> {
  const line = /client connections on \S+:(\d+)[^]*Server is ready/;
  const [, port] = await server.waitFor(line);
  return Number(port);
}

async function clientOf(
  t: Cleanup,
  port: number,
  token: string,
): Promise<NatsConnection> {
  const servers = `127.0.0.1:${port}`;
  const client = await connect({
    servers,
    token,
    reconnect: false,
    timeout: TIMEOUT_MS,
  });
  t.after(() => client.close());
  return client;
}

/** What a runtime, or a test of this kind, would stumble over. */
const STRAY_FILES: Readonly<Record<string, string>> = {
  ".env": "STRAY_PORT=4333\n",
  "bunfig.toml": 'preload = ["./stray.js"]\n',
  "stray.js": 'console.log("stray code ran");\n',
  "package.json": '{ "type": "commonjs", "main": "stray.js" }',
  "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./stray"] } } }',
};

for (const artefact of ARTEFACTS) {
  const { name } = artefact;
  // The single file on Bun has Bun's rules.
  const skip = artefact.command.includes(executableOf("bun") ?? "")
    ? "Bun itself reads them"
    : artefact.skip;
  test(`${name} takes no notice of stray files`, { skip }, async (t) => {
    const { run, folder } = await place(t, artefact);
    for (const [file, text] of Object.entries(STRAY_FILES)) {
      writeFileSync(join(folder, file), text);
    }
    writeFileSync(join(folder, "a.cfg"), "port: $STRAY_PORT\n");
    const server = run("-c", "a.cfg");
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    assert.match(server.stderr, /STRAY_PORT/);
    assert.doesNotMatch(server.stdout + server.stderr, /stray code/);
  });
}
