/**
 * Deno with exactly the flags that `docs/embedding.md` names, and what is said
 * where one of them is wanting: by each seam that Deno can refuse.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../support/free_port.ts";
import { spawnCommand, type TestProcess } from "../support/process.ts";
import { currentRuntime, executableOf } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const { name } = currentRuntime();
const skip = name !== "deno" && `${name} grants everything`;

/** Of "s3cret". */
const HASH = "$2a$04$vj67B.jH6sr0c.rYO/F/9ethbu7YgzqUUOapD3nX2kzc64fnfpP/K";

function denoRun(
  t: Cleanup,
  flags: readonly string[],
  words: readonly string[],
): TestProcess {
  // A Deno that starts itself without flags hands on all that it was given;
  // under another name it does not know itself.
  const deno = join(temporaryFolder(t), "deno");
  symlinkSync(executableOf("deno") ?? "deno", deno);
  const run = [deno, "run", "--no-prompt", "--no-check", "--quiet"];
  const program = spawnCommand(
    [...run, ...flags, ...words],
    { env: { NO_COLOR: "1" } },
  );
  t.after(() => program.stop());
  return program;
}

/** What the program says when it does a deed with no more than `flags`. */
async function said(
  t: Cleanup,
  flags: readonly string[],
  deed: string,
  word: string | object = "",
): Promise<string> {
  const text = typeof word === "string" ? word : JSON.stringify(word);
  const file = "tests/runtime/deno_permissions_program.ts";
  const program = denoRun(t, flags, [file, deed, text]);
  const { code } = await program.exited;
  assert.equal(code, 0, program.stdout + program.stderr);
  assert.equal(program.stderr, "");
  return program.stdout.trimEnd();
}

test("a broker without a port needs no flag at all", { skip }, async (t) => {
  assert.equal(await said(t, [], "serve", { dont_listen: true }), "yes");
});

test(
  "a broker and a client need their address, and nothing else",
  { skip },
  async (t) => {
    const port = await freePort();
    const flag = `--allow-net=127.0.0.1:${port}`;
    const config = { host: "127.0.0.1", port };
    assert.equal(await said(t, [flag], "serve", config), "yes");
    assert.equal(
      await said(t, [], "serve", config),
      `listen tcp 127.0.0.1:${port}: bind: Deno was not given ${flag}`,
    );
  },
);

test(
  "a broker on all addresses needs 0.0.0.0, and not [::]",
  { skip },
  async (t) => {
    const port = await freePort();
    const flag = `--allow-net=0.0.0.0:${port}`;
    const loopback = `127.0.0.1:${port}`;
    assert.equal(
      await said(t, [`${flag},${loopback}`], "serve", { port }),
      "yes",
    );
    assert.equal(
      await said(t, [], "serve", { port }),
      `listen tcp 0.0.0.0:${port}: bind: Deno was not given ${flag}`,
    );
  },
);

test(
  "monitoring and route ports are refused as ports of clients are",
  { skip },
  async (t) => {
    const port = await freePort();
    const other = await freePort();
    const flag = `--allow-net=127.0.0.1:${port}`;
    const wanting = `--allow-net=127.0.0.1:${other}`;
    const refused =
      `listen tcp 127.0.0.1:${other}: bind: Deno was not given ${wanting}`;
    const listen = `127.0.0.1:${other}`;
    for (
      const part of [
        { http: listen },
        { cluster: { name: "c", listen } },
        { registry: { listen } },
      ]
    ) {
      const config = { host: "127.0.0.1", port, ...part };
      assert.equal(await said(t, [flag], "serve", config), refused);
      assert.equal(
        await said(t, [`${flag},${listen}`], "serve", config),
        "yes",
      );
    }
    assert.equal(await said(t, [], "listen", String(other)), refused);
    assert.equal(await said(t, [wanting], "listen", String(other)), "listened");
  },
);

test(
  "a cluster on all addresses says which flag tells them",
  { skip },
  async (t) => {
    const port = await freePort();
    const route = await freePort();
    const net = `--allow-net=0.0.0.0:${port},127.0.0.1`;
    const config = {
      port,
      cluster: { name: "c", listen: `127.0.0.1:${route}` },
    };
    assert.match(
      await said(t, [net], "serve", config),
      /^The addresses of this machine are not known: Deno was not given --allow-sys=networkInterfaces,.*\nyes$/,
    );
    const sys = "--allow-sys=networkInterfaces";
    assert.equal(await said(t, [net, sys], "serve", config), "yes");
  },
);

test(
  "a unix socket needs its address, and its file to read and to write",
  { skip },
  async (t) => {
    const path = join(temporaryFolder(t), "a.sock");
    const flags = [`unix:${path}`, path, path]
      .map((what, at) => `--allow-${["net", "read", "write"][at]}=${what}`);
    const config = { listen: `unix://${path}` };
    for (const [at, flag] of flags.entries()) {
      const given = flags.slice(0, at);
      const why = `Deno was not given ${flag}`;
      assert.equal(
        await said(t, given, "serve", config),
        `listen unix ${path}: bind: ${why}`,
      );
      assert.equal(
        await said(t, given, "dial", config.listen),
        `Cannot connect to ${config.listen}: dial unix ${path}: connect: ${why}`,
      );
      const pages = { dont_listen: true, http: config.listen };
      assert.equal(
        await said(t, given, "serve", pages),
        `listen unix ${path}: bind: ${why}`,
      );
    }
    assert.equal(await said(t, flags, "serve", config), "yes");
    assert.equal(existsSync(path), false);
  },
);

test(
  "a client that may not dial, or look a name up, names the flag",
  { skip },
  async (t) => {
    assert.equal(
      await said(t, [], "dial", "127.0.0.1:4999"),
      "Cannot connect to 127.0.0.1:4999: dial tcp 127.0.0.1:4999: connect: " +
        "Deno was not given --allow-net=127.0.0.1:4999",
    );
    assert.equal(
      await said(t, [], "dial", "localhost:4999"),
      "Cannot connect to localhost:4999: lookup localhost: " +
        "Deno was not given --allow-net=localhost",
    );
    assert.equal(
      await said(t, [], "look", "localhost"),
      "look up localhost: Deno was not given --allow-net=localhost",
    );
    assert.equal(
      await said(t, [], "fetch", "http://127.0.0.1:4999/?token=s3cret"),
      "Deno was not given --allow-net=127.0.0.1:4999",
    );
  },
);

test(
  "files, folders and variables are named with their flags",
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, "midge.conf");
    writeFileSync(path, "dont_listen: true\nmax_payload: $MIDGE_LIMIT\n");
    const read = `--allow-read=${path}`;
    const config = { include: path };
    assert.equal(
      await said(t, [], "serve", config),
      `open ${path}: Deno was not given ${read}`,
    );
    assert.match(
      await said(t, [read], "serve", config),
      /midge\.conf:2:\d+: read the variable MIDGE_LIMIT: Deno was not given --allow-env=MIDGE_LIMIT/,
    );
    assert.equal(
      await said(t, [], "read", path),
      `open ${path}: Deno was not given ${read}`,
    );
    assert.match(await said(t, [read], "read", path), /^dont_listen/);
    // Its folder is not, and is no reason to fail.
    assert.equal(await said(t, [read], "watch", path), "not watched");
    const write = `--allow-write=${path}`;
    assert.equal(
      await said(t, [], "remove", path),
      `remove ${path}: Deno was not given ${write}`,
    );
    assert.match(
      await said(t, [], "replace", path),
      /^write \S+: Deno was not given --allow-write=\S+$/,
    );
    assert.equal(await said(t, [write], "remove", path), "removed");
  },
);

test("a command of the shell is refused with its flag", { skip }, async (t) => {
  assert.match(
    await said(t, ["--allow-env"], "run", "echo hi"),
    /^run a command: Deno was not given --allow-run/,
  );
  assert.match(
    await said(t, ["--allow-run"], "run", "echo hi"),
    /^run a command: Deno was not given --allow-env/,
  );
  assert.equal(
    await said(t, ["--allow-env", "--allow-run"], "run", "echo hi"),
    "hi",
  );
});

test(
  "hashes are compared, and turns pass, without any flag",
  { skip },
  async (t) => {
    assert.equal(await said(t, [], "compare", HASH), "true");
    assert.equal(await said(t, [], "news"), "true");
  },
);

test(
  "the program needs its port and the files that it is told of",
  { skip },
  async (t) => {
    const folder = temporaryFolder(t);
    const port = await freePort();
    const [conf, pid, log] = ["m.conf", "m.pid", "m.log"]
      .map((name) => join(folder, name));
    writeFileSync(conf!, `listen: 127.0.0.1:${port}\n`);
    const midge = ["scripts/midge.ts", "-c", conf!, "-P", pid!, "-l", log!];
    const net = `--allow-net=127.0.0.1:${port}`;
    const read = `--allow-read=${conf}`;
    const given: string[] = [];
    // Each start without the next flag ends with an error that names it.
    for (const flag of [read, `--allow-write=${log}`, net]) {
      const refused = denoRun(t, given, midge);
      assert.equal((await refused.exited).code, 1);
      const text = refused.stderr +
        (existsSync(log!) ? readFileSync(log!, "utf8") : "");
      assert.ok(text.includes(`Deno was not given ${flag}`), text);
      given.push(flag);
    }
    const write = `--allow-write=${pid},${log}`;
    const program = denoRun(t, [read, write, net], midge);
    await until("the pid file", () => existsSync(pid!));
    program.kill("SIGTERM");
    assert.equal((await program.exited).code, 0);
    assert.match(readFileSync(log!, "utf8"), /Server is ready[^]*Exiting/);
  },
);

test(
  "a signal to another process is refused with its flag",
  { skip },
  async (t) => {
    const sleeper = spawnCommand(["sleep", "60"]);
    t.after(() => sleeper.stop());
    const words = ["scripts/midge.ts", "-sl", `reload=${sleeper.pid}`];
    const program = denoRun(t, [], words);
    assert.equal((await program.exited).code, 1);
    assert.match(program.stderr, /Deno was not given --allow-run/);
  },
);
