/** The `nats` command makes mirrors and sources, and shows them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { defaultJetStreamOptions } from "../../src/options/options.ts";
import { startMidge } from "../support/midge.ts";
import { spawnCommand } from "../support/process.ts";
import { TOOLS_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const COMMAND = process.env["MIDGE_NATS_CLI"] ??
  join(TOOLS_FOLDER, "go", "nats");
const skip = spawnSync(COMMAND, ["--version"]).status === 0
  ? false
  : `"${COMMAND}" does not run; set MIDGE_NATS_CLI`;

test(
  "nats stream add --mirror and --source, info and get show copies",
  { skip },
  async (t) => {
    const { port } = await startMidge(t, {
      jetstream: defaultJetStreamOptions(),
    });
    const home = temporaryFolder(t);
    const nats = async (...args: string[]): Promise<string> => {
      const url = `nats://127.0.0.1:${port}`;
      const command = [COMMAND, "-s", url, ...args];
      const run = spawnCommand(command, { env: { HOME: home } });
      t.after(() => run.stop());
      const { code } = await run.exited;
      assert.equal(code, 0, run.stderr);
      return run.stdout;
    };
    const plain = ["--storage=memory", "--defaults"];
    await nats("stream", "add", "ORDERS", "--subjects=orders.>", ...plain);
    await nats("request", "orders.new", "seven");
    await nats("stream", "add", "COPY", "--mirror=ORDERS", ...plain);
    await nats("stream", "add", "ALL", "--source=ORDERS", ...plain);
    let info = "";
    await until("a message in the copy", async () => {
      info = await nats("stream", "info", "COPY");
      return /Messages: 1$/m.test(info);
    });
    assert.match(info, /Mirror: ORDERS/);
    const sourced = JSON.parse(await nats("stream", "info", "ALL", "--json"));
    const [{ name, lag }] = sourced.sources;
    assert.deepEqual([name, lag], ["ORDERS", 0]);
    assert.match(
      await nats("stream", "get", "ALL", "1"),
      /Nats-Stream-Source: ORDERS 1 > > orders\.new \w{8}/,
    );
    assert.match(await nats("stream", "report"), /ORDERS/);
  },
);
