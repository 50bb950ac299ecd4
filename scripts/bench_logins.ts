/**
 * How long a good login waits behind bad ones, all with bcrypt hashes: Midge
 * beside nats-server, in one run. The bad ones bring a wrong password each; they
 * are gone by then, or wait for their answer, from the address of the good one
 * or from another.
 *
 *   deno run -A scripts/bench_logins.ts [-logins 200] [-cost 10] [-runtime bun]
 *
 * Needs a nats-server: `.tools/go/nats-server`, or one on the PATH.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseFlags } from "../src/config/flags/flags.ts";
import { closeBcrypt, hashBcrypt } from "../src/runtime/bcrypt/bcrypt.ts";
import { freePort } from "../tests/support/free_port.ts";
import {
  PROJECT_FOLDER,
  runtimes,
  TOOLS_FOLDER,
} from "../tests/support/runtimes.ts";
import { runBenchmark } from "./benchmark.ts";

const FLAGS = {
  logins: {
    names: ["logins"],
    type: "integer",
    doc: "Bad logins (default 200)",
  },
  cost: { names: ["cost"], type: "integer", doc: "Of the hash (default 10)" },
  runtime: { names: ["runtime"], type: "string", doc: "Only this runtime" },
} as const;

const PASSWORD = "s3cret";
const NEAR = "127.0.0.1";
const FAR = "127.0.0.2";

interface Scene {
  readonly name: string;
  readonly count: number;
  readonly from: string;
  readonly user: string;
  readonly isGone: boolean;
}

function scenesFor(count: number): Scene[] {
  const bad = { count, from: NEAR, user: "ann", isGone: false };
  return [
    { ...bad, name: "alone", count: 0 },
    { ...bad, name: `${count} dead`, isGone: true },
    { ...bad, name: `${count} live, another address`, from: FAR },
    { ...bad, name: `${count} live, another user`, user: "bob" },
    { ...bad, name: `${count} live, the same user` },
  ];
}

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
}

async function main(): Promise<void> {
  const { values } = parseFlags(FLAGS, process.argv.slice(2));
  const folder = mkdtempSync(join(tmpdir(), "midge-logins-"));
  const file = join(folder, "logins.conf");
  const hash = await hashBcrypt(PASSWORD, values.cost ?? 10);
  await closeBcrypt();
  writeFileSync(file, configuration(hash));
  const scenes = scenesFor(values.logins ?? 200);
  const figures = new Map<string, number[]>();
  for (const { name, command } of contenders(values.runtime)) {
    const waits: number[] = [];
    for (const scene of scenes) {
      waits.push(await measure([...command, "-c", file], scene));
    }
    figures.set(name, waits);
  }
  rmSync(folder, { recursive: true });
  printTable(scenes, figures);
}

/** The time for a login is long, so that the waits are seen. */
function configuration(hash: string): string {
  return `authorization { timeout: 120, users: [
    { user: ann, password: "${hash}" }
    { user: bob, password: "${hash}" }
  ] }`;
}

function contenders(only: string | undefined): Contender[] {
  const newer = join(TOOLS_FOLDER, "go", "nats-server");
  const script = join(PROJECT_FOLDER, "server.ts");
  return [
    {
      name: "nats-server",
      command: [existsSync(newer) ? newer : "nats-server"],
    },
    ...runtimes().filter(({ name }) => only === undefined || name === only)
      .map(({ name, command }) => ({
        name: `midge on ${name}`,
        command: [...command, script],
      })),
  ];
}

/** Milliseconds from a good CONNECT to its PONG. */
async function measure(
  command: readonly string[],
  scene: Scene,
): Promise<number> {
  const port = await freePort();
  const [program, ...args] = command;
  const server = spawn(
    program!,
    [...args, "-a", NEAR, "-p", String(port)],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  try {
    await said(server.stderr!, "Server is ready");
    // The first comparison also starts the thread.
    await login(port, PASSWORD);
    const bad = await Promise.all(
      Array.from({ length: scene.count }, () => greeted(port, scene.from)),
    );
    bad.forEach((socket, at) => {
      socket.write(connectLine(scene.user, `wrong ${at}`));
      if (scene.isGone) socket.end();
    });
    // What was sent is there before the good one comes.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const wait = await login(port, PASSWORD);
    for (const socket of bad) socket.destroy();
    return wait;
  } finally {
    server.kill("SIGKILL");
    await once(server, "exit");
  }
}

function connectLine(user: string, pass: string): string {
  const fields = { verbose: false, user, pass };
  return `CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`;
}

/** A connection that has its INFO. */
async function greeted(port: number, from: string): Promise<Socket> {
  const socket = connect({ port, host: NEAR, localAddress: from });
  socket.on("error", () => {});
  await said(socket, "\r\n");
  return socket;
}

async function login(port: number, pass: string): Promise<number> {
  const socket = await greeted(port, NEAR);
  const startedAt = performance.now();
  socket.write(connectLine("ann", pass));
  await said(socket, "PONG");
  socket.destroy();
  return performance.now() - startedAt;
}

/** Resolves when `stream` has said `text`, and rejects when it ends before. */
function said(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const listen = (chunk: unknown): void => {
      heard += String(chunk);
      if (heard.includes(text)) done();
    };
    const end = (): void =>
      reject(new Error(`ended before "${text}": ${heard}`));
    const done = (): void => {
      stream.off("data", listen);
      stream.off("close", end);
      stream.resume();
      resolve();
    };
    stream.on("data", listen);
    stream.on("close", end);
  });
}

function printTable(
  scenes: readonly Scene[],
  figures: ReadonlyMap<string, readonly number[]>,
): void {
  const [reference = []] = figures.values();
  for (const [at, { name }] of scenes.entries()) {
    console.log(`\nA good login behind bad ones: ${name}`);
    for (const [server, waits] of figures) {
      const ms = waits[at] ?? NaN;
      const ratio = ms / (reference[at] ?? NaN);
      console.log(
        `  ${server.padEnd(16)} ${ms.toFixed(0).padStart(7)} ms  ` +
          `${ratio.toFixed(2).padStart(6)} x`,
      );
    }
  }
}

await runBenchmark(main);
