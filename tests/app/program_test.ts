/**
 * The server as a program: what it says and with which code it ends, the files
 * that it keeps, the signals that it answers, and that it keeps secrets.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import {
  sendSignal,
  type SignalName,
} from "../../src/runtime/process/system.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import {
  midgeCommand,
  spawnCommand,
  spawnMidge,
  spawnProgram,
  type TestProcess,
} from "../support/process.ts";
import { currentRuntime } from "../support/runtimes.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { until } from "../support/until.ts";

const LOOPBACK = ["-a", "127.0.0.1", "-p", "-1"];
const CLIENTS = /Listening for client connections on 127\.0\.0\.1:(\d+)/;
const MONITOR = /Starting http monitor on 127\.0\.0\.1:(\d+)/;
const ROUTES = /Listening for route connections on 127\.0\.0\.1:(\d+)/;

function run(t: Cleanup, args: readonly string[], cwd?: string): TestProcess {
  const server = spawnMidge(args, cwd === undefined ? {} : { cwd });
  t.after(() => server.stop());
  return server;
}

/** Starts a server on a free port of the loopback address and waits until it is ready. */
async function startServer(
  t: Cleanup,
  ...args: readonly string[]
): Promise<TestProcess> {
  const server = run(t, [...LOOPBACK, ...args]);
  await server.waitFor("Server is ready\n");
  return server;
}

async function portIn(server: TestProcess, line: RegExp): Promise<number> {
  const [, port] = await server.waitFor(line);
  return Number(port);
}

async function peerOf(t: Cleanup, port: number): Promise<Peer> {
  const peer = await connectPeer({ port });
  t.after(() => peer.close());
  return peer;
}

interface End {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The end of a run that is over by itself. */
async function ended(
  t: Cleanup,
  args: readonly string[],
  cwd?: string,
): Promise<End> {
  return await endOf(run(t, args, cwd));
}

async function endOf(program: TestProcess): Promise<End> {
  const { code } = await program.exited;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** `server.ts` itself, which speaks for no other program than the server. */
async function endedAlone(
  t: Cleanup,
  args: readonly string[],
): Promise<End> {
  const server = spawnProgram(currentRuntime(), "server.ts", args);
  t.after(() => server.stop());
  return await endOf(server);
}

test("the program tells its version and its flags", async (t) => {
  for (const word of ["-v", "--version", "version"]) {
    const version = await endedAlone(t, [word]);
    assert.deepEqual([version.code, version.stderr], [0, ""]);
    assert.match(version.stdout, /^midge \d+\.\d+\.\d+ [^\n]*\n$/);
  }
  for (const word of ["-h", "--help"]) {
    const help = await endedAlone(t, [word]);
    assert.equal(help.code, 0);
    assert.equal(help.stderr, "");
    assert.match(help.stdout, /^\nUsage: midge \[options\]\n/);
    for (const flag of ["-p", "-m", "-c", "-cluster", "-routes", "-DV"]) {
      assert.match(help.stdout, new RegExp(`^ +(-\\w+, )*${flag}\\b`, "m"));
    }
  }
});

test("a command line that makes no sense is refused in one line", async (t) => {
  const rows: readonly [number, string, ...string[]][] = [
    [2, "flag provided but not defined: -zork", "-zork"],
    [2, 'invalid value "x" for flag -p: parse error', "-p", "x"],
    [2, "flag needs an argument: -p", "-p"],
    [1, 'midge: unrecognized command: "zork"', "zork"],
    [
      1,
      'midge: invalid value "70000" for flag -p: value out of range',
      "-p",
      "70000",
    ],
    [
      1,
      "midge: solicited routes require cluster capabilities, e.g. --cluster",
      "-routes",
      "nats://127.0.0.1:1",
    ],
    [1, 'midge: unknown signal "zork"', "-sl", "zork=1"],
    [1, "midge: invalid pid: nowhere.pid", "-sl", "ldm=nowhere.pid"],
    [
      1,
      "midge: must specify [-c, --config] option to check configuration file syntax",
      "-t",
    ],
    [
      1,
      "midge: open missing.cfg: no such file or directory",
      "-c",
      "missing.cfg",
    ],
  ];
  for (const [code, line, ...args] of rows) {
    const result = await endedAlone(t, args);
    assert.deepEqual([result.code, result.stderr], [code, `${line}\n`]);
    assert.equal(result.stdout.includes("Usage: midge"), code === 2);
  }
});

const VALID =
  /^midge: configuration file good\.cfg is valid \(sha256:[0-9a-f]{64}\)\n/;

test("-t says whether a file is fit to be used", async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "good.cfg"), "port: 4222\n");
  writeFileSync(
    join(folder, "bad.cfg"),
    "port: 4222\nmonitoring: 8222\nmax_payload: many\n",
  );
  const good = await ended(t, ["-t", "-c", "good.cfg"], folder);
  assert.deepEqual(good, { ...good, code: 0, stdout: "" });
  assert.match(good.stderr, VALID);
  writeFileSync(
    join(folder, "odd.cfg"),
    "prof_port: 0\njetstream: off\ncluster { pool_size: 3 }\n",
  );
  const odd = await ended(t, ["-t", "-c", "odd.cfg"], folder);
  assert.equal(odd.code, 0);
  assert.match(odd.stderr, /^odd\.cfg:1:1: "prof_port" has no effect: /);
  assert.match(odd.stderr, /\nmidge: configuration file odd\.cfg is valid \(/);
  for (const args of [["-t", "-c", "bad.cfg"], ["-c", "bad.cfg"]]) {
    const bad = await ended(t, args, folder);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^bad\.cfg:2:1: unknown field "monitoring"\n/);
    assert.match(bad.stderr, /^bad\.cfg:3:1: max_payload must be /m);
  }
});

test("--test_reload says whether a running server may take a file over", async (t) => {
  const folder = temporaryFolder(t);
  const texts = {
    "good.cfg": "port: 4222\n",
    "same.cfg": "max_payload: 99\n",
    "odd.cfg": "prof_port: 0\n",
    "restart.cfg": "server_name: n\nmax_payload: 99\n",
    "bad.cfg": "monitoring: 8222\n",
  };
  for (const [name, text] of Object.entries(texts)) {
    writeFileSync(join(folder, name), text);
  }
  const tried = async (file: string, ...flags: readonly string[]) => {
    const wish = ["-t", "-c", "good.cfg", "--test_reload", file, ...flags];
    const { code, stderr } = await ended(t, wish, folder);
    assert.match(stderr, VALID);
    return { code, said: stderr.replace(VALID, "") };
  };
  for (const file of ["same.cfg", "odd.cfg"]) {
    assert.deepEqual(await tried(file), {
      code: 0,
      said: `midge: configuration file ${file} can be reloaded\n`,
    });
  }
  assert.deepEqual(await tried("restart.cfg"), {
    code: 3,
    said: "midge: config reload not supported for ServerName: old=, new=n\n",
  });
  // The flags hold over both files.
  assert.equal((await tried("restart.cfg", "-n", "m")).code, 0);
  const bad = await tried("bad.cfg");
  assert.equal(bad.code, 1);
  assert.match(bad.said, /^bad\.cfg:1:1: unknown field "monitoring"\n/);
});

test("a port that is taken ends the start with one line", async (t) => {
  const other = createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const rows = [
    ["-a", "127.0.0.1", "-p", `${port}`],
    [...LOOPBACK, "-m", `${port}`],
    [...LOOPBACK, "-cluster", `nats://127.0.0.1:${port}`],
  ];
  for (const args of rows) {
    const { code, stderr } = await ended(t, args);
    assert.equal(code, 1);
    const complaints = stderr.split("\n").filter((line) =>
      line !== "" && !/\[(INF|WRN)\]/.test(line)
    );
    assert.equal(complaints.length, 1, stderr);
    const what = `127\\.0\\.0\\.1:${port}: bind: address already in use$`;
    assert.match(complaints[0]!, new RegExp(`\\[FTL\\] .*${what}`));
    assert.doesNotMatch(stderr, /Server is ready/);
  }
});

test("files that cannot be written are named", async (t) => {
  const log = ["-l", "/nowhere/midge.log"];
  const unlogged = await ended(t, [...LOOPBACK, ...log]);
  assert.equal(unlogged.code, 1);
  assert.match(unlogged.stderr, /^midge: open \/nowhere\/\S+: no such file/m);
  for (
    const [flag, path] of [["-P", "/nowhere/pid"], [
      "-ports_file_dir",
      "/nowhere",
    ]]
  ) {
    const logFile = join(temporaryFolder(t), "midge.log");
    const args = [...LOOPBACK, "-l", logFile, flag!, path!];
    assert.deepEqual(await ended(t, args), { code: 1, stdout: "", stderr: "" });
    assert.match(
      readFileSync(logFile, "utf8"),
      /\[FTL\] Could not write pid or ports file: open \/nowhere\/\S+: no such file[^\n]*\n$/,
    );
  }
});

test("the PID file stays, and the ports file goes with the server", async (t) => {
  const folder = temporaryFolder(t);
  const pidFile = join(folder, "midge.pid");
  const server = await startServer(
    t,
    ...["-m", "-1", "-cluster", "nats://127.0.0.1:-1"],
    ...["-P", pidFile, "-ports_file_dir", folder],
  );
  const portsFile = join(folder, `midge_${server.pid}.ports`);
  await until("the ports file", () => existsSync(portsFile));
  assert.deepEqual(JSON.parse(readFileSync(portsFile, "utf8")), {
    nats: [`nats://127.0.0.1:${await portIn(server, CLIENTS)}`],
    monitoring: [`http://127.0.0.1:${await portIn(server, MONITOR)}`],
    cluster: [`nats://127.0.0.1:${await portIn(server, ROUTES)}`],
  });
  const otherName = join(folder, `nats-server_${server.pid}.ports`);
  const text = readFileSync(portsFile, "utf8");
  await until(
    "the file by its other name",
    () => existsSync(otherName) && readFileSync(otherName, "utf8") === text,
  );
  assert.equal(readFileSync(pidFile, "utf8"), `${server.pid}`);
  sendSignal(server.pid, "SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(readdirSync(folder), ["midge.pid"]);
});

test("a log file that was moved away is opened anew", async (t) => {
  const folder = temporaryFolder(t);
  const [log, moved] = [join(folder, "midge.log"), join(folder, "moved.log")];
  const server = run(t, [...LOOPBACK, "-l", log]);
  const textOf = (path: string): string =>
    existsSync(path) ? readFileSync(path, "utf8") : "";
  await until("the start", () => textOf(log).includes("Server is ready\n"));
  renameSync(log, moved);
  sendSignal(server.pid, "SIGUSR1");
  await until("a new log", () => textOf(log).includes("File log re-opened\n"));
  sendSignal(server.pid, "SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.match(textOf(moved), /Server is ready\n$/);
  assert.match(textOf(log), /Server Exiting\.\.\n$/);
  assert.equal(server.stdout + server.stderr, "");
});

test("a log file that cannot be opened anew is kept, and the server runs on", async (t) => {
  const folder = temporaryFolder(t);
  const inner = join(folder, "logs");
  mkdirSync(inner);
  const server = run(t, [...LOOPBACK, "-l", join(inner, "midge.log")]);
  const moved = join(folder, "moved");
  const log = (name: string): string => {
    const path = join(name, "midge.log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  };
  await until("the start", () => log(inner).includes("Server is ready\n"));
  renameSync(inner, moved);
  sendSignal(server.pid, "SIGUSR1");
  await until(
    "the complaint",
    () =>
      /\[ERR\] Unable to re-open the log: open .*: no such/.test(log(moved)),
  );
  sendSignal(server.pid, "SIGTERM");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.match(log(moved), /Server Exiting\.\.\n$/);
});

test(
  "a server whose standard error takes nothing runs on, and ends well",
  { skip: existsSync("/dev/full") ? false : "there is no full device" },
  async (t) => {
    const folder = temporaryFolder(t);
    const server = spawnCommand([
      ...["sh", "-c", 'exec "$@" 2> /dev/full', "sh"],
      ...[...midgeCommand(), ...LOOPBACK],
      ...["--ports_file_dir", folder],
    ]);
    t.after(() => server.stop());
    const portsFile = join(folder, `midge_${server.pid}.ports`);
    await until("the ports file", () => existsSync(portsFile));
    sendSignal(server.pid, "SIGTERM");
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.deepEqual(readdirSync(folder), []);
  },
);

test("a server that is told to end does so with success", async (t) => {
  const rows: readonly [SignalName, string][] = [
    ["SIGINT", 'Trapped "interrupt" signal'],
    ["SIGTERM", 'Trapped "terminated" signal'],
    ["SIGUSR2", 'Trapped "user defined signal 2" signal'],
  ];
  for (const [signal, line] of rows) {
    const server = await startServer(t, "-D");
    sendSignal(server.pid, signal);
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    assert.ok(server.stderr.includes(line), server.stderr);
    assert.match(
      server.stderr,
      /Initiating Shutdown\.\.\.\n.*Server Exiting\.\.\n$/,
    );
  }
});

test("without files HUP and USR1 are answered in the log, and change nothing", async (t) => {
  const server = await startServer(t);
  sendSignal(server.pid, "SIGHUP");
  await server.waitFor(
    "[ERR] Failed to reload server configuration: " +
      "can only reload config when a file is provided using -c or --config\n",
  );
  sendSignal(server.pid, "SIGUSR1");
  await server.waitFor("File log re-open ignored, not a file logger\n");
  const peer = await peerOf(t, await portIn(server, CLIENTS));
  await peer.handshake();
});

test("HUP has the server read its file again, with the flags over it", async (t) => {
  const folder = temporaryFolder(t);
  const config = join(folder, "midge.cfg");
  const [log, ports] = [join(folder, "midge.log"), join(folder, "ports")];
  mkdirSync(ports);
  writeFileSync(config, "max_payload: 1000\n");
  const server = await startServer(t, "-c", config, "-n", "kept");
  const peer = await peerOf(t, await portIn(server, CLIENTS));
  await peer.handshake();
  const before = server.stderr.length;
  writeFileSync(
    config,
    `max_payload: 2000\nserver_name: n\nlogtime: false\nlog_file: "${log}"\n` +
      `pid_file: "${folder}/new.pid"\nports_file_dir: "${ports}"\n`,
  );
  sendSignal(server.pid, "SIGHUP");
  await until(
    "the new log",
    () => existsSync(log) && readFileSync(log, "utf8").includes("\n"),
  );
  const told = server.stderr.slice(before).trimEnd().split("\n");
  assert.match(told[0]!, /\[INF\] Trapped "hangup" signal$/);
  assert.match(told.at(-1)!, /\[INF\] Reloaded: .*/);
  assert.match(
    readFileSync(log, "utf8"),
    /^\[\d+\] \[INF\] Reloaded server configuration \(sha256:\w+\)\n$/,
  );
  assert.equal(
    readFileSync(join(folder, "new.pid"), "utf8"),
    String(server.pid),
  );
  assert.equal(readdirSync(ports).length, 2);
  const next = await peerOf(t, await portIn(server, CLIENTS));
  await next.handshake();
  assert.equal(next.info.max_payload, 2000);
  assert.equal(next.info.server_name, "kept");
  await peer.silence();

  writeFileSync(config, `log_file: "${log}"\nmax_pending: 2000000\nfoo: 1\n`);
  sendSignal(server.pid, "SIGHUP");
  await until("the refusal", () =>
    readFileSync(log, "utf8").includes(
      `[ERR] Failed to reload server configuration: ${config}:3:1: unknown field "foo"\n`,
    ));
});

test("-sl finds the server by its number or its PID file", async (t) => {
  const folder = temporaryFolder(t);
  const pidFile = join(folder, "midge.pid");
  const byNumber = await startServer(t, "-P", pidFile);
  await until("the PID file", () => existsSync(pidFile));
  const told = await ended(t, ["-sl", `reopen=${byNumber.pid}`]);
  assert.deepEqual(told, { code: 0, stdout: "", stderr: "" });
  await byNumber.waitFor("File log re-open ignored");
  assert.equal((await ended(t, ["-signal", `ldm=${pidFile}`])).code, 0);
  assert.deepEqual(await byNumber.exited, { code: 0, signal: null });
  assert.match(byNumber.stderr, /Entering lame duck mode/);

  const gone = await ended(t, ["-sl", `ldm=${byNumber.pid}`]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /^midge: signal "ldm" \d+: no such process\n$/);
});

test("a client is told of lame duck mode before the server ends", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "ldm.cfg");
  writeFileSync(file, 'lame_duck_grace_period: "10ms"\n');
  const server = await startServer(t, "-c", file);
  const peer = await peerOf(t, await portIn(server, CLIENTS));
  await peer.handshake({ protocol: 1 });
  sendSignal(server.pid, "SIGUSR2");
  await peer.expect(/INFO \{.*"ldm":true.*\}/);
  await peer.expectClosed();
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("no secret is in the log or on a page of monitoring", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "secrets.cfg");
  writeFileSync(
    file,
    `listen: "127.0.0.1:-1", http: "127.0.0.1:-1"
     authorization { users: [
       { user: ann, password: SECRET-ann }
       { user: bob, password: SECRET-bob }
     ] }
     cluster {
       listen: "127.0.0.1:-1"
       authorization { user: ruth, password: SECRET-ruth }
       routes: [ "nats-route://ruth:SECRET-dial@127.0.0.1:1" ]
     }`,
  );
  const server = run(t, ["-c", file, "-DV"]);
  await server.waitFor("Server is ready\n");
  const port = await portIn(server, CLIENTS);
  const routePort = await portIn(server, ROUTES);

  const ann = await peerOf(t, port);
  await ann.handshake({
    user: "ann",
    pass: "SECRET-ann",
    auth_token: "SECRET-x",
  });
  for (
    const [at, credentials] of [
      [port, { user: "bob", pass: "SECRET-wrong" }],
      [port, { auth_token: "SECRET-token" }],
      [routePort, { user: "ruth", pass: "SECRET-wrong" }],
      [routePort, { user: "SECRET-token" }],
    ] as const
  ) {
    const stranger = await peerOf(t, at);
    await stranger.expectLine();
    stranger.send(`CONNECT ${JSON.stringify(credentials)}\r\n`);
    await stranger.expect("-ERR 'Authorization Violation'\r\n");
    await stranger.expectClosed();
  }
  const route = ["nats://127.0.0.1:-1", "-routes"];
  const friend = await startServer(
    t,
    ...["-DV", "-cluster", ...route],
    `nats-route://ruth:SECRET-ruth@127.0.0.1:${routePort}`,
  );
  await friend.waitFor("->> [PONG]");
  await server.waitFor("Error trying to connect to route (attempt 1)");

  const monitor = await portIn(server, MONITOR);
  const pages = ["varz", "connz?auth=1&subs=1&state=all", "routez", "subsz"];
  for (const page of pages) {
    const answer = await fetch(`http://127.0.0.1:${monitor}/${page}`);
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    assert.doesNotMatch(text, /SECRET/, page);
  }
  for (const { stdout, stderr } of [server, friend]) {
    assert.match(stderr, /\[REDACTED\]|"auth_required":true/);
    assert.doesNotMatch(stdout + stderr, /SECRET/);
  }
});

test("secrets of the command line are in no log and on no page", async (t) => {
  const server = await startServer(
    t,
    ...["-DV", "-m", "-1", "-user", "ann", "-pass", "SECRET-ann"],
    ...["-cluster", "nats://ruth:SECRET-ruth@127.0.0.1:-1"],
    ...["-routes", "nats-route://SECRET-token@127.0.0.1:1"],
  );
  await server.waitFor("Error trying to connect to route (attempt 1)");
  const monitor = await portIn(server, MONITOR);
  const answer = await fetch(`http://127.0.0.1:${monitor}/varz`);
  assert.doesNotMatch(await answer.text(), /SECRET/);
  assert.doesNotMatch(server.stdout + server.stderr, /SECRET/);
});

test("a secret that a flag finds in a file is on no list of processes", {
  skip: existsSync("/proc/self/cmdline") ? false : "there is no /proc",
}, async (t) => {
  const file = join(temporaryFolder(t), "token.txt");
  writeFileSync(file, "SECRET-token\n");
  const server = await startServer(t, "-auth", `file:${file}`);
  const peer = await peerOf(t, await portIn(server, CLIENTS));
  peer.send('CONNECT {"auth_token":"SECRET-token"}\r\nPING\r\n');
  await peer.expect("PONG\r\n");
  const listed = readFileSync(`/proc/${server.pid}/cmdline`, "utf8");
  assert.match(listed, /-auth\0file:/);
  assert.doesNotMatch(listed, /SECRET/);
});
