/**
 * What examples/deploy/ holds, as far as it can be tried without an engine for
 * containers and without systemd as the first process: its configurations, its
 * command lines, its health check, its signals.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { startServer } from "../../server.ts";
import { connect } from "../../client.ts";
import { freePort } from "../support/free_port.ts";
import {
  spawnCommand,
  spawnMidge,
  type TestProcess,
} from "../support/process.ts";
import { executableOf, PROJECT_FOLDER } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const FOLDER = join(PROJECT_FOLDER, "examples", "deploy");
const skip = process.platform === "win32" && "These are files for Linux";

/** What the files take from their environment. */
const ENVIRONMENT = {
  HOSTNAME: "box",
  NODE: "n1",
  NATS_USER: "app",
  NATS_PASSWORD: "s3cret",
  ROUTE_PASSWORD: "r0ute",
};

function textOf(name: string): string {
  return readFileSync(join(FOLDER, name), "utf8");
}

/** Starts the program of the image and of the service with `args`. */
function run(t: Cleanup, args: readonly string[]): TestProcess {
  const options = { env: ENVIRONMENT };
  const midge = spawnMidge(args, options);
  t.after(() => midge.stop());
  return midge;
}

/** A file of the folder with other words in it, as a file of its own. */
function changed(
  t: Cleanup,
  name: string,
  changes: Readonly<Record<string, string>>,
): string {
  let text = textOf(name);
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), `${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  const file = join(temporaryFolder(t), name);
  writeFileSync(file, text);
  return file;
}

interface Service {
  readonly build: { readonly context: string; readonly dockerfile: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly stop_grace_period: string;
}

const bun = executableOf("bun");
const noYaml = skip || bun === undefined && "Bun, which reads YAML, is missing";

/** Bun reads YAML, and no other runtime does. */
function services(): Readonly<Record<string, Service>> {
  const read =
    "console.log(JSON.stringify(Bun.YAML.parse(await Bun.stdin.text())))";
  const { status, stdout, stderr } = spawnSync(bun!, ["-e", read], {
    input: textOf("compose.yaml"),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout).services;
}

const CONFIGURATIONS = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".conf"));

for (const name of CONFIGURATIONS) {
  test(`the server takes examples/deploy/${name}`, { skip }, async (t) => {
    const midge = run(t, ["-t", "-c", join(FOLDER, name)]);
    const { code } = await midge.exited;
    assert.equal(code, 0, midge.stderr);
    const [line, ...rest] = midge.stderr.trimEnd().split("\n");
    assert.match(line!, /is valid/);
    assert.deepEqual(rest, [], "there is a warning");
  });
}

interface Instruction {
  readonly word: string;
  readonly value: string;
}

/** Comments stand on lines of their own, and a backslash goes on. */
function instructions(): Instruction[] {
  return textOf("Containerfile").replace(/^#.*\n/gm, "")
    .replaceAll(/\\\n\s*/g, "").split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, word = "", value = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
      return { word, value };
    });
}

test("the image has what its instructions name", { skip }, async (t) => {
  const all = instructions();
  const known = "FROM WORKDIR COPY RUN USER EXPOSE STOPSIGNAL ENTRYPOINT CMD";
  for (const { word, value } of all) {
    assert.ok(known.split(" ").includes(word), `${word} ${value}`);
  }
  const valueOf = (word: string): string =>
    all.find((one) => one.word === word)?.value ?? "";
  const copied = all.filter(({ word }) => word === "COPY")
    .map(({ value }) => value.split(" ").filter((part) => !/^--/.test(part)));
  assert.deepEqual(copied[1], ["/src/dist/midge", "/usr/local/bin/midge"]);
  const [from, to] = copied[2]!;
  assert.ok(existsSync(from!.replace("/src", PROJECT_FOLDER)), from);
  assert.deepEqual(JSON.parse(valueOf("ENTRYPOINT")), [copied[1]![1]]);
  assert.equal(valueOf("STOPSIGNAL"), "SIGUSR2");
  const words: string[] = JSON.parse(valueOf("CMD"));
  assert.ok(words.includes(to!));
  const args = words.map((word) =>
    word === to ? from!.replace("/src", PROJECT_FOLDER) : word
  );
  const { code } = await run(t, ["-t", ...args]).exited;
  assert.equal(code, 0);
  const scripts = JSON.parse(
    readFileSync(join(PROJECT_FOLDER, "package.json"), "utf8"),
  ).scripts;
  assert.match(scripts.build, /scripts\/build\.ts/);
});

test("compose.yaml names files, variables and ports that there are", {
  skip: noYaml,
}, () => {
  const all = services();
  assert.deepEqual(Object.keys(all), ["n1", "n2", "n3"]);
  const wanted = new Set(
    [...textOf("cluster.conf").matchAll(/\$([A-Z_]+)/g)].map(([, name]) =>
      name!
    ),
  );
  const published = new Set<string>();
  for (const [name, service] of Object.entries(all)) {
    const { build, environment, ports, volumes } = service;
    assert.deepEqual(new Set(Object.keys(environment)), wanted);
    assert.equal(environment["NODE"], name);
    assert.ok(existsSync(join(FOLDER, build.context, build.dockerfile)));
    for (const volume of volumes) {
      assert.ok(existsSync(join(FOLDER, volume.split(":")[0]!)), volume);
    }
    for (const port of ports) {
      const outside = port.split(":").slice(0, 2).join(":");
      assert.ok(!published.has(outside), `${outside} is published twice`);
      published.add(outside);
      const inside = port.split(":").at(-1);
      assert.match(textOf("cluster.conf"), new RegExp(`:${inside}"`));
    }
    assert.match(textOf("cluster.conf"), new RegExp(`@${name}:6222`));
    assert.ok(
      Number.parseInt(service.stop_grace_period) >
        leavingSeconds("cluster.conf"),
    );
  }
});

function leavingSeconds(name: string): number {
  return Number(/lame_duck_duration: "(\d+)s"/.exec(textOf(name))?.[1]);
}

test("the health check of compose.yaml tells whether clients can connect", {
  skip: noYaml,
}, async (t) => {
  const [kind, ...command] = services()["n1"]!.healthcheck.test;
  assert.equal(kind, "CMD");
  const port = await freePort();
  const check = async (): Promise<number | null> => {
    const words = command.map((word) => word.replace("8222", String(port)));
    const { code } = await spawnCommand(words).exited;
    return code;
  };
  assert.notEqual(await check(), 0);
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    http: `127.0.0.1:${port}`,
  });
  t.after(() => server.stop());
  assert.equal(await check(), 0);
  const client = await connect({ servers: server.url, reconnect: false });
  t.after(() => client.close());
  const left = server.lameDuck();
  assert.notEqual(await check(), 0);
  await server.stop();
  await left;
});

test("three nodes with cluster.conf are one cluster", { skip }, async (t) => {
  const ports = [await freePort(), await freePort(), await freePort()];
  const servers = ports.map((port, at) => {
    const file = changed(t, "cluster.conf", {
      "server_name: $NODE": `server_name: n${at + 1}`,
      '"0.0.0.0:4222"': '"127.0.0.1:-1"',
      '"0.0.0.0:8222"': '"127.0.0.1:-1"',
      '"0.0.0.0:6222"': `"127.0.0.1:${port}"`,
      ...Object.fromEntries(
        ports.map((port, at) => [`@n${at + 1}:6222`, `@127.0.0.1:${port}`]),
      ),
    });
    return run(t, ["-c", file]);
  });
  const urls = await Promise.all(servers.map(async (server) => {
    const [, port] = await server.waitFor(
      /client connections on 127\.0\.0\.1:(\d+)\n/,
    );
    await server.waitFor("Server is ready\n");
    return `nats://127.0.0.1:${port}`;
  }));
  const login = { user: "app", pass: "s3cret" };
  const client = await connect({ servers: urls[0]!, ...login });
  t.after(() => client.close());
  await until("all are known", () => client.servers().length === 3);
  await assert.rejects(connect({ servers: urls[1]!, reconnect: false }), {
    code: "AUTHORIZATION",
  });
});

/** The values of one key of the unit, in order. */
function unit(key: string): string[] {
  return [
    ...textOf("midge.service").matchAll(new RegExp(`^${key}=(.*)$`, "gm")),
  ]
    .map(([, value]) => value!);
}

const noSystemd = skip ||
  spawnSync("systemd-analyze", ["--version"]).status !== 0 &&
    "There is no systemd-analyze";

test(
  "systemd has nothing to say against midge.service",
  { skip: noSystemd },
  (t) => {
    // The binary is not there, which is all that could be complained of.
    const file = changed(t, "midge.service", {
      "/usr/local/bin/midge": "/bin/true",
    });
    const { status, stdout, stderr } = spawnSync(
      "systemd-analyze",
      ["verify", file],
      { encoding: "utf8" },
    );
    assert.deepEqual({ status, said: stdout + stderr }, {
      status: 0,
      said: "",
    });
  },
);

test("the service reloads and leaves as its unit says", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const [runtimeFolder] = unit("RuntimeDirectory");
  const file = changed(t, "service.conf", {
    '"0.0.0.0:4222"': '"127.0.0.1:-1"',
    [`/run/${runtimeFolder}/`]: `${folder}/`,
  });
  const argumentsOf = (line: string): string[] =>
    line.replace("/etc/midge/midge.conf", file).split(" ").slice(1);
  const [start] = unit("ExecStart");
  const midge = run(t, argumentsOf(start!));
  await midge.waitFor("Server is ready\n");
  const client = await connect({
    servers: `unix://app:s3cret@${folder}/midge.sock`,
    reconnect: false,
  });
  t.after(() => client.close());
  const [check, hup] = unit("ExecReload");
  const checked = run(t, argumentsOf(check!));
  assert.equal((await checked.exited).code, 0);
  assert.equal(hup, "/bin/kill -HUP $MAINPID");
  midge.kill("SIGHUP");
  await midge.waitFor("Reloaded server configuration");
  assert.deepEqual(unit("KillSignal"), ["SIGUSR2"]);
  assert.ok(
    Number.parseInt(unit("TimeoutStopSec")[0]!) >
      leavingSeconds("service.conf"),
  );
  midge.kill("SIGUSR2");
  await midge.waitFor("Entering lame duck mode");
  await client.close();
  const { code, signal } = await midge.exited;
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  assert.deepEqual(readdirSync(folder), []);
});

test("examples/deploy/README.md lists all of its files", () => {
  const listed = [...textOf("README.md").matchAll(/\[([\w.]+)\]\(\1\)/g)]
    .map(([, name]) => name!);
  const files = readdirSync(FOLDER).filter((name) => name !== "README.md");
  assert.deepEqual(listed.toSorted(), files.toSorted());
});
