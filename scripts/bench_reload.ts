/**
 * How long others wait while a server with many users, each connected, takes
 * another configuration: Midge beside nats-server, in one run. The file is the
 * same again; then every second password is another one, so that half of the
 * clients have to go. A client in a process of its own sends PINGs all the time;
 * how late that process was itself tells how busy the machine is.
 *
 *   deno run -A scripts/bench_reload.ts [-users 10000] [-accounts] [-runtime bun]
 *
 * Needs a nats-server: `.tools/go/nats-server`, or one on the PATH.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseFlags } from "../src/config/flags/flags.ts";
import { currentRuntime } from "../tests/support/runtimes.ts";
import { runBenchmark } from "./benchmark.ts";
import {
  type Contender,
  contendersOn,
  RunningContender,
} from "./contenders.ts";

const FLAGS = {
  users: {
    names: ["users"],
    type: "integer",
    doc: "Users, each with a connection (default 10000)",
  },
  accounts: {
    names: ["accounts"],
    type: "boolean",
    doc: "Each user in an account of its own, which imports a service",
  },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
  pinger: {
    names: ["pinger"],
    type: "integer",
    doc: "Send PINGs to this port; for the benchmark itself",
  },
} as const;

const HOST = "127.0.0.1";
const DONE = "Reloaded server configuration";
/** Logins under way at one time. */
const LOGINS_AT_ONCE = 50;
const PAUSE_MS = 2;

interface Figures {
  /** From the signal to the line of the log. */
  readonly tookMs: number;
  /** The longest that a PING waited for its PONG. */
  readonly pingMs: number;
  /** The longest that the process that sends them did not run at all: as much of a wait may be the machine's. */
  readonly lateMs: number;
}

type Waits = Pick<Figures, "pingMs" | "lateMs">;

interface Outcome {
  readonly same: Figures;
  readonly half: Figures;
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  if (values.pinger !== undefined) return await sendPings(values.pinger);
  const users = values.users ?? 10_000;
  const outcomes = new Map<string, Outcome>();
  for (const contender of contendersOn(values.runtime)) {
    const outcome = await measure(contender, users, values.accounts === true);
    outcomes.set(contender.name, outcome);
  }
  const who = values.accounts ? "users, each in an account," : "users,";
  printTable(`${users} ${who} each connected`, outcomes);
}

async function measure(
  contender: Contender,
  users: number,
  hasAccounts: boolean,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "midge-reload-"));
  const [file, log] = [join(folder, "server.conf"), join(folder, "log")];
  const write = (changedFrom: number): void => {
    // At once, so that no half of it is read.
    const listed = list(users, changedFrom);
    const text = hasAccounts ? inAccounts(listed) : inOneAccount(listed);
    const head = `log_file: "${log}"\nmax_connections: 100000\n`;
    writeFileSync(`${file}.new`, head + text);
    renameSync(`${file}.new`, file);
  };
  write(users);
  const server = await startLogging(contender, file, log);
  const clients: Socket[] = [];
  const pinger = await startPinger(server.port);
  try {
    for (let at = 0; at < users; at += LOGINS_AT_ONCE) {
      const some = Array.from(
        { length: Math.min(LOGINS_AT_ONCE, users - at) },
        (_, offset) => login(server.port, at + offset),
      );
      clients.push(...await Promise.all(some));
    }
    // Each program does better when it has done so before.
    for (let time = 0; time < 2; time++) await reload(server, log, pinger);
    const same = await reload(server, log, pinger);
    write(0);
    const half = await reload(server, log, pinger);
    return { same, half };
  } finally {
    for (const client of clients) client.destroy();
    pinger.kill("SIGKILL");
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Every second user, from `changedFrom` on, has another password. The last one is the pinger. */
function list(users: number, changedFrom: number): string[] {
  const listed = Array.from({ length: users }, (_, at) => {
    const isChanged = at >= changedFrom && at % 2 === 0;
    const password = isChanged ? "other" : "secret";
    return `{ user: user${at}, password: ${password}${at} }`;
  });
  return [...listed, "{ user: pinger, password: pinger }"];
}

function inOneAccount(listed: readonly string[]): string {
  return `authorization { timeout: 60, users: [\n${listed.join("\n")}\n] }\n`;
}

function inAccounts(listed: readonly string[]): string {
  const accounts = listed.map((user, at) =>
    `A${at} { users: [${user}], ` +
    `imports: [{ service: { account: HUB, subject: q.${at} } }] }`
  );
  return "authorization { timeout: 60 }\naccounts {\n" +
    `HUB { exports: [{ service: "q.>" }] }\n${accounts.join("\n")}\n}\n`;
}

/** What a server says stands in its log, not on standard error. */
async function startLogging(
  contender: Contender,
  file: string,
  log: string,
): Promise<RunningContender> {
  const starting = RunningContender.start({
    name: contender.name,
    command: (port) => {
      const [program = "", ...args] = contender.command(port);
      const command = [program, ...args, "-c", file]
        .map((word) => `'${word}'`).join(" ");
      return [
        "sh",
        "-c",
        // `exec` keeps the process's number: `tail` ends with the server.
        `touch ${log}; tail --pid=$$ -n +1 -f ${log} >&2 & exec ${command}`,
      ];
    },
  });
  return await starting;
}

async function reload(
  server: RunningContender,
  log: string,
  pinger: ChildProcess,
): Promise<Figures> {
  const reloads = (): number => readFileSync(log, "utf8").split(DONE).length;
  const before = reloads();
  await longestPing(pinger);
  const startedAt = performance.now();
  server.signal("SIGHUP");
  while (reloads() === before) await delay(PAUSE_MS);
  const tookMs = performance.now() - startedAt;
  return { tookMs, ...await longestPing(pinger) };
}

function login(port: number, user: number): Promise<Socket> {
  const socket = connect({ port, host: HOST });
  socket.on("error", () => {});
  const fields = {
    verbose: false,
    user: `user${user}`,
    pass: `secret${user}`,
  };
  socket.write(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`);
  return new Promise((resolve, reject) => {
    let heard = "";
    socket.on("data", (chunk) => {
      heard += String(chunk);
      if (!heard.includes("PONG")) return;
      heard = "";
      resolve(socket);
    });
    socket.on("close", () => reject(new Error("A login was refused")));
  });
}

async function startPinger(port: number): Promise<ChildProcess> {
  const [program = "", ...args] = currentRuntime().command;
  const script = fileURLToPath(import.meta.url);
  const child = spawn(program, [...args, script, "-pinger", String(port)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await longestPing(child);
  return child;
}

/** The longest wait since it was asked for last. */
async function longestPing(pinger: ChildProcess): Promise<Waits> {
  // One that is under way counts.
  await delay(100);
  pinger.stdin!.write("?\n");
  const [text] = await once(pinger.stdout!, "data");
  const [pingMs = NaN, lateMs = NaN] = String(text).split(" ").map(Number);
  return { pingMs, lateMs };
}

/** The program of the process that sends PINGs. */
async function sendPings(port: number): Promise<void> {
  const socket = connect({ port, host: HOST, noDelay: true });
  let pong: () => void = () => {};
  socket.on("data", (chunk) => {
    if (String(chunk).includes("PONG")) pong();
  });
  socket.write('CONNECT {"verbose":false,"user":"pinger","pass":"pinger"}\r\n');
  let longest = 0;
  let late = 0;
  let ranAt = performance.now();
  setInterval(() => {
    const now = performance.now();
    late = Math.max(late, now - ranAt);
    ranAt = now;
  }, 1);
  process.stdin.on("data", () => {
    process.stdout.write(`${longest} ${late}\n`);
    longest = 0;
    late = 0;
  });
  for (;;) {
    const startedAt = performance.now();
    const answered = new Promise<void>((resolve) => pong = resolve);
    socket.write("PING\r\n");
    await answered;
    longest = Math.max(longest, performance.now() - startedAt);
    await delay(1);
  }
}

function printTable(
  who: string,
  outcomes: ReadonlyMap<string, Outcome>,
): void {
  const [reference] = outcomes.values();
  const scenes = [
    ["same", "the same file again"],
    ["half", "half of the passwords are others"],
  ] as const;
  for (const [scene, title] of scenes) {
    console.log(`\n${who}: ${title}`);
    for (const [server, outcome] of outcomes) {
      const { tookMs, pingMs, lateMs } = outcome[scene];
      const ratio = pingMs / (reference?.[scene].pingMs ?? NaN);
      console.log(
        `  ${server.padEnd(16)} done in ${tookMs.toFixed(0).padStart(5)} ms, ` +
          `longest PING ${pingMs.toFixed(1).padStart(6)} ms ` +
          `${ratio.toFixed(2).padStart(6)} x ` +
          `(the asking process was late by ${lateMs.toFixed(1)} ms)`,
      );
    }
  }
}

await runBenchmark(main);
