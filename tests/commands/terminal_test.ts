/** What a terminal gets to see that a pipe does not: colours, and no control characters. */
import assert from "node:assert/strict";
import { connect } from "../../client.ts";
import { startMidge } from "../support/midge.ts";
import { midgeCommand, spawnCommand } from "../support/process.ts";
import { test } from "../support/test.ts";
import { missing } from "./run.ts";

const skip = missing("script", "-qec", "true", "/dev/null");

test(
  "on a terminal sub has colours, unless NO_COLOR says no",
  { skip },
  async (t) => {
    const { port } = await startMidge(t);
    const url = `nats://127.0.0.1:${port}`;
    const client = await connect({ servers: url });
    t.after(() => client.close());
    const words = [...midgeCommand(), "sub", "a"];
    const line = [...words, "--count", "1", "-s", url]
      .map((word) => `'${word}'`).join(" ");
    const screens = ["", "1"].map((NO_COLOR) => {
      const screen = spawnCommand(["script", "-qec", line, "/dev/null"], {
        env: { NO_COLOR },
      });
      t.after(() => screen.stop());
      return screen;
    });
    await Promise.all(screens.map((one) => one.waitFor("Listening to a")));
    client.publish("a", "\x1b[2Jhello");
    for (const screen of screens) {
      assert.deepEqual(await screen.exited, { code: 0, signal: null });
      assert.ok(screen.stdout.includes("\\x1b[2Jhello"), screen.stdout);
    }
    const [coloured, plain] = screens.map(({ stdout }) => stdout);
    assert.ok(coloured?.includes("\x1b[36ma\x1b[0m"), coloured);
    assert.ok(!plain?.includes("\x1b[36m"), plain);
  },
);

test(
  "on a terminal an absent text is an empty message",
  { skip },
  async (t) => {
    const { port } = await startMidge(t);
    const url = `nats://127.0.0.1:${port}`;
    const words = [...midgeCommand(), "pub", "a"];
    const line = [...words, "-s", url].map((word) => `'${word}'`).join(" ");
    const screen = spawnCommand(["script", "-qec", line, "/dev/null"]);
    t.after(() => screen.stop());
    await screen.waitFor('Published a message of 0 bytes to "a"');
    assert.deepEqual(await screen.exited, { code: 0, signal: null });
  },
);
