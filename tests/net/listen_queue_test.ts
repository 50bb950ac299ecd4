/** Connections that a busy listener has not accepted yet. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { spawnProgram } from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { test } from "../support/test.ts";

const SYSTEM_LIMIT = "/proc/sys/net/core/somaxconn";
/** More than the 511 and 512 that runtimes ask for by themselves. */
const BURST = 1500;

function reasonToSkip(): string | false {
  if (!existsSync(SYSTEM_LIMIT)) return "the system does not tell its limit";
  const limit = Number(readFileSync(SYSTEM_LIMIT, "utf8"));
  return limit < BURST && `the system holds ${limit} connections`;
}

test("a burst of connections is held by the system while the server is busy", {
  skip: reasonToSkip(),
}, async (t) => {
  const script = "tests/net/listen_queue_sleeper.ts";
  const sleeper = spawnProgram(currentRuntime(), script);
  t.after(() => sleeper.stop());
  const [, port] = await sleeper.waitFor(/port (\d+)\n/);
  const burst: Socket[] = [];
  t.after(() => burst.forEach((socket) => socket.destroy()));
  for (let n = 0; n < BURST; n++) {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    burst.push(socket);
  }
  // The system says yes for the server, which sleeps.
  await Promise.all(burst.map((socket) => once(socket, "connect")));
  assert.equal(burst.filter(({ destroyed }) => destroyed).length, 0);
});
