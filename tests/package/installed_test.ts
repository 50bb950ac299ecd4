/**
 * The installed package at work, on the runtime that runs the tests: the
 * library in the hands of small programs, and the command `midge`.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { MIDGE_VERSION } from "../../src/core/version.ts";
import { natsPrograms } from "../compat/mesh_servers.ts";
import { spawnCommand } from "../support/process.ts";
import { startNatsServer } from "../support/nats_server.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { installed, runIn } from "./installed.ts";

const { command } = currentRuntime();

const USED = `\
heard: greet.joe hello, warm
answered: how?
across: there and back
parsed: {"port":4222,"cluster":{"name":"east"}}
refused: line 2
one package: true
`;

test("a program uses every face of the package", async () => {
  const { project } = await installed();
  assert.equal(await runIn(project, [...command, "user.js"]), USED);
});

test("a token that is a hash is compared on a thread of its own", async () => {
  const { project } = await installed();
  assert.equal(
    await runIn(project, [...command, "login.js"]),
    "a thread was started\nthe right token is let in\nanother is not: true\n",
  );
});

test("the official client talks to the command midge", async () => {
  const { folder, project } = await installed();
  const midge = join(folder, "bin/midge.js");
  await using server = spawnCommand(
    [...command, midge, "-a", "127.0.0.1", "-p", "-1"],
    { cwd: project },
  );
  const listening = /Listening for client connections on \S+:(\d+)/;
  const [, port] = await server.waitFor(listening);
  const client = await connect({ servers: `127.0.0.1:${port}` });
  client.subscribe("ask", {
    callback: (_error, message) => void message.respond("yes"),
  });
  assert.equal((await client.request("ask")).string(), "yes");
  await client.close();
  server.kill();
  assert.equal((await server.exited).code, 0);
});

const [, newest] = natsPrograms;

test(
  "the official add-on packages work on its connection",
  { skip: newest!.missing },
  async (t) => {
    const { project } = await installed();
    const server = await startNatsServer({
      command: newest!.command,
      flags: ["-js", "-sd", temporaryFolder(t)],
    });
    try {
      const said = await runIn(project, [
        ...command,
        "add_ons.js",
        String(server.port),
      ]);
      assert.equal(
        said,
        "consumed: stored, red\nvalue: put\nobject: 300000 bytes\n" +
          "service: yes\nrefused: JetStreamNotEnabled\n",
      );
    } finally {
      await server.stop();
    }
  },
);

// It may be older than the Node that runs the tests.
const { stdout } = spawnSync("node", ["--version"], { encoding: "utf8" });
const major = Number(/^v(\d+)/.exec(stdout ?? "")?.[1] ?? 0);

test(
  "npm's link to midge, and the library, run on the Node in the PATH",
  { skip: major < 20 && `that is "${stdout ?? ""}"` },
  async () => {
    const { project } = await installed();
    const said = await runIn(project, ["node_modules/.bin/midge", "-v"]);
    assert.ok(said.startsWith(`midge ${MIDGE_VERSION} `), said);
    assert.equal(await runIn(project, ["node", "user.js"]), USED);
  },
);
