/** The server as a program says where its streams are. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../../src/faces/client.ts";
import { spawnMidge, type TestProcess } from "../support/process.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

function start(
  t: Cleanup,
  temporary: string,
  ...flags: readonly string[]
): TestProcess {
  const args = ["-a", "127.0.0.1", "-p", "-1", ...flags];
  const env = { TMPDIR: temporary };
  const program = spawnMidge(args, { env });
  t.after(() => program.stop());
  return program;
}

test("streams are where the flag says", async (t) => {
  const folder = temporaryFolder(t);
  const store = join(folder, "store");
  const program = start(t, folder, "-js", "-sd", store);
  await program.waitFor("Server is ready");
  const log = program.stderr;
  assert.ok(log.includes(`JetStream keeps streams in files under "${store}"`));
  assert.ok(!log.includes("which a restart of the machine may empty"));
});

test("streams without a place are in a temporary one, with a warning", async (t) => {
  const folder = temporaryFolder(t);
  const program = start(t, folder, "-js");
  await program.waitFor("Server is ready");
  const place = join(folder, "midge/jetstream");
  const log = program.stderr;
  assert.ok(log.includes(`JetStream keeps streams in files under "${place}"`));
  const warning = `midge: streams are kept in "${place}", which a restart of`;
  assert.ok(log.includes(warning), log);
});

test("a server that syncs late says what may be lost", async (t) => {
  const folder = temporaryFolder(t);
  const config = join(folder, "lazy.conf");
  const store = join(folder, "store");
  writeFileSync(config, `jetstream { store_dir: "${store}", sync: lazy }`);
  const program = start(t, folder, "-c", config);
  await program.waitFor("Server is ready");
  assert.match(
    program.stderr,
    /\[WRN\] JetStream acknowledges before it syncs \(sync: "lazy"\): a machine that fails/,
  );
});

/** What a program that cannot start with `store` says last, in its log and nowhere else. */
async function lastWords(
  t: Cleanup,
  folder: string,
  store: string,
): Promise<string> {
  const path = join(folder, "midge.log");
  const program = start(t, folder, "-js", "-sd", store, "-l", path);
  assert.deepEqual(await program.exited, { code: 1, signal: null });
  assert.equal(program.stderr, "");
  return readFileSync(path, "utf8").trimEnd().split("\n").at(-1)!;
}

test("a folder that cannot be made for streams ends the program", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "file");
  writeFileSync(file, "");
  const words = await lastWords(t, folder, join(file, "store"));
  assert.match(words, /\[FTL\] Can't start JetStream: E[A-Z]+: .*store'$/);
});

test("streams that another process has end the program", async (t) => {
  const folder = temporaryFolder(t);
  const store = join(folder, "store");
  const first = start(t, folder, "-js", "-sd", store);
  const [, port] = await first.waitFor(/client connections on 127.*:(\d+)\n/);
  await first.waitFor("Server is ready");
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  t.after(() => connection.close());
  await connection.request("$JS.API.STREAM.CREATE.S", '{"name":"S"}');
  const words = await lastWords(t, folder, store);
  assert.match(
    words,
    /\[FTL\] Can't start JetStream: .*stream\.db: is in use by another process$/,
  );
});
