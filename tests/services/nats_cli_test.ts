/** The `nats` command finds Midge's services. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { connect } from "../../client.ts";
import { systemClock, systemRandom } from "../../src/runtime/process/system.ts";
import { Services } from "../../src/services/services.ts";
import { startMidge } from "../support/midge.ts";
import { spawnCommand } from "../support/process.ts";
import { TOOLS_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";

const COMMAND = process.env["MIDGE_NATS_CLI"] ??
  join(TOOLS_FOLDER, "go", "nats");
const skip = spawnSync(COMMAND, ["--version"]).status === 0
  ? false
  : `"${COMMAND}" does not run; set MIDGE_NATS_CLI`;

test(
  "nats micro lists, describes and counts a service",
  { skip },
  async (t) => {
    const { port } = await startMidge(t);
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    t.after(() => connection.close());
    const platform = { clock: systemClock, random: systemRandom };
    const service = await new Services(connection, platform).add({
      name: "minmax",
      version: "1.2.3",
      description: "the largest number",
    });
    service.addEndpoint("max", (_, request) => void request.respond("7"));
    await connection.flush();

    const home = temporaryFolder(t);
    const nats = async (...args: string[]): Promise<string> => {
      const command = [COMMAND, "-s", `nats://127.0.0.1:${port}`, ...args];
      const run = spawnCommand(command, { env: { HOME: home } });
      t.after(() => run.stop());
      const { code } = await run.exited;
      assert.equal(code, 0, run.stderr);
      return run.stdout;
    };
    assert.match(await nats("req", "max", "[1,7]"), /^7$/m);
    const { id } = service.ping();
    const [list, info, stats] = await Promise.all([
      nats("micro", "ls"),
      nats("micro", "info", "minmax"),
      nats("micro", "stats", "minmax"),
    ]);
    assert.match(list, new RegExp(`minmax .* 1\\.2\\.3 .* ${id} .*largest`));
    assert.match(info, /Subject: max\n\s+Queue Group: q/);
    assert.match(stats, new RegExp(`${id} .* max +. 1 `));
  },
);
