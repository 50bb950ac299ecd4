/**
 * The tools that operators use, `nats server ...` and `nsc push`, at Midge alone
 * and at Midge in a mesh with nats-server.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { startMidge, type TestServer } from "../support/midge.ts";
import { modelMissing } from "../support/nats_server.ts";
import { spawnCommand } from "../support/process.ts";
import { TOOLS_FOLDER } from "../support/runtimes.ts";
import { temporaryFolder } from "../support/temp.ts";
import { test, type TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { connectAs, SYSTEM_OPTIONS } from "../system/system_client.ts";
import { natsPrograms, startNats } from "./mesh_servers.ts";

const COMMAND = process.env["MIDGE_NATS_CLI"] ??
  join(TOOLS_FOLDER, "go", "nats");
const skip = spawnSync(COMMAND, ["--version"]).status === 0
  ? false
  : `"${COMMAND}" does not run; set MIDGE_NATS_CLI`;

/** Runs `nats` with these words at a server, and gives what it prints. */
async function nats(
  t: TestContext,
  { port }: { readonly port: number },
  user: string,
  ...words: string[]
): Promise<string> {
  const at = `nats://${user}:pw@127.0.0.1:${port}`;
  const run = spawnCommand([COMMAND, "-s", at, ...words], {
    env: { HOME: temporaryFolder(t) },
  });
  t.after(() => run.stop());
  const { code } = await run.exited;
  assert.equal(code, 0, run.stdout + run.stderr);
  return run.stdout + run.stderr;
}

async function showsServers(
  t: TestContext,
  midge: TestServer,
  names: readonly string[],
): Promise<void> {
  const count = String(names.length);
  const ask = (...words: string[]) => nats(t, midge, "sys", ...words);
  const list = await ask("server", "ls", count);
  const pings = await ask("server", "ping", count);
  const pages = await Promise.all(
    ["variables", "connections", "subscriptions", "routes", "accounts"]
      .map((page) => ask("server", "request", page, count)),
  );
  for (const name of names) {
    assert.match(list, new RegExp(`${name} .*mesh `));
    assert.match(pings, new RegExp(`${name} +rtt=`));
    for (const page of pages) assert.match(page, new RegExp(`"${name}"`));
    const info = await ask("server", "info", name);
    assert.ok(info.includes(`Server information for ${name}`));
  }
}

test(
  "nats server shows a Midge server, its connections and accounts",
  { skip },
  async (t) => {
    const midge = await startMidge(t, {
      ...SYSTEM_OPTIONS,
      serverName: "midge-1",
      cluster: { name: "mesh" },
    });
    const a = await connectAs(t, midge, "a", "worker");
    a.subscribe("x");
    await a.flush();
    await showsServers(t, midge, ["midge-1"]);
    const ask = (...words: string[]) => nats(t, midge, "sys", ...words);
    const connections = await ask("server", "report", "connections");
    assert.match(connections, /worker .*midge-1 .* A /);
    assert.match(await ask("server", "report", "accounts"), / A +. 1 /);
    const account = await nats(t, midge, "a", "account", "info");
    assert.match(account, /Account: +A\b/);
  },
);

test(
  "nats server shows and rules three Midge servers, asked at any of them",
  { skip },
  async (t) => {
    const servers: TestServer[] = [];
    for (const serverName of ["midge-1", "midge-2", "midge-3"]) {
      const routes = servers.map(({ clusterPort: port }) => ({
        host: "127.0.0.1",
        port,
      }));
      const cluster = { name: "mesh", routes };
      servers.push(
        await startMidge(t, { ...SYSTEM_OPTIONS, serverName, cluster }),
      );
    }
    const names = ["midge-1", "midge-2", "midge-3"];
    for (const { server } of servers) {
      await until("there is a mesh", () => server.routez().num_routes >= 2);
    }
    const [first, second, third] = servers as [
      TestServer,
      TestServer,
      TestServer,
    ];
    for (const [at, server] of servers.entries()) {
      const worker = await connectAs(t, server, "a", `worker-${at + 1}`);
      worker.subscribe("x");
      await worker.flush();
    }
    await showsServers(t, first, names);
    const ask = (...words: string[]) => nats(t, third, "sys", ...words);
    const connections = await ask("server", "report", "connections");
    for (const [at, name] of names.entries()) {
      assert.match(connections, new RegExp(`worker-${at + 1} .*${name} .* A `));
    }
    assert.match(await ask("server", "report", "accounts"), / A +. 3 /);
    const routes = await ask("server", "report", "routes");
    const health = await ask("server", "report", "health");
    for (const name of names) {
      assert.match(health, new RegExp(`${name} .*ok \\(200\\)`));
      assert.match(routes, new RegExp(`${name} .*rid:`));
    }
    const [worker] = second.server.connz().connections
      .filter(({ name }) => name === "worker-2");
    const { server_id } = second.server.varz();
    await ask("server", "request", "kick", String(worker!.cid), server_id);
    await until(
      "it is cut off",
      () =>
        second.server.connz().connections.every(({ cid }) =>
          cid !== worker!.cid
        ),
    );
  },
);

const [, newest] = natsPrograms;

test(
  "nats server shows a mesh of Midge and nats-server, asked at either",
  { skip: skip || modelMissing || newest!.missing },
  async (t) => {
    const real = await startNats(t, newest!, {
      clusterName: "mesh",
      more: `
        server_name: real-1
        accounts { $SYS { users: [ { user: sys, password: pw } ] }
                   A { users: [ { user: a, password: pw } ] } }
      `,
    });
    const routes = [{ host: "127.0.0.1", port: real.clusterPort }];
    const midge = await startMidge(t, {
      ...SYSTEM_OPTIONS,
      serverName: "midge-1",
      cluster: { name: "mesh", routes },
    });
    await until("there is a route", () => midge.server.routez().num_routes > 0);
    await showsServers(t, midge, ["midge-1", "real-1"]);
    const list = await nats(t, real, "sys", "server", "ls", "2");
    assert.match(list, /midge-1[^]*real-1|real-1[^]*midge-1/);
    await connectAs(t, midge, "a");
    await connectAs(t, midge, "a");
    const remote = (): number | undefined =>
      midge.server.broker.host.accounts.awake("A")?.remoteClients;
    const far = await connectAs(t, { ...midge, port: real.port }, "a");
    await until("its connections are known here", () => remote() === 1);
    await far.close();
    await until("it has gone", () => remote() === 0);
  },
);
