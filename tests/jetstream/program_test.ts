/** The server as a program says where its streams are. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
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
