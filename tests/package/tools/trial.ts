/**
 * Tries the package with the tools of `rows.ts`. The tools are installed once
 * for each `tools.json`, below `.tools`; the package stands in a project inside
 * of that folder, as in a workspace. What came out is kept for a state of the
 * sources, so that the runs on all runtimes share one trial: the tools run on
 * Node, whichever runtime runs the tests.
 */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { startServer } from "../../../src/faces/server.ts";
import { esbuildExecutable } from "../../../scripts/build/bundle.ts";
import { madeOfSources } from "../../support/built.ts";
import { makeOnce } from "../../support/make_once.ts";
import { spawnCommand } from "../../support/process.ts";
import {
  executableOf,
  PROJECT_FOLDER,
  TOOLS_FOLDER,
} from "../../support/runtimes.ts";
import { installed, runIn } from "../installed.ts";
import { type Row, ROWS, TOOLS_FILE } from "./rows.ts";

/** Packages that came later are not taken: what lies below the tools stays as it was tried. */
const BEFORE = "2026-11-29";
/** Two processors are on most machines. */
const AT_ONCE = 2;

/** A tool that hangs is a failure of its row. */
const COMMAND_LIMIT_MS = 180_000;

/** No trial takes so long. */
const ABANDONED_MS = 60 * 60_000;

const OFFLINE =
  /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED)\b|network/;

/** The registry cannot be reached, or there is no Node. */
class NoToolsError extends Error {
  override readonly name = "NoToolsError";
}

/** Why the tools cannot be had; false when they can. For the `skip` option of tests. */
export async function toolsMissing(): Promise<string | false> {
  try {
    await installTools();
    return false;
  } catch (error) {
    if (error instanceof NoToolsError) return error.message;
    throw error;
  }
}

/** What became of each row, in their order: `works`, or what went wrong. */
export async function tryTools(): Promise<readonly string[]> {
  const tools = await installTools();
  const folder = await madeOfSources("tried", async (made) => {
    const outcomes = await withProject(tools, tryRows);
    writeFileSync(join(made, "outcomes.json"), JSON.stringify(outcomes));
  });
  return JSON.parse(readFileSync(join(folder, "outcomes.json"), "utf8"));
}

/** Where a server is, by the variables that programs read. */
type Urls = Readonly<Record<"MIDGE_URL" | "MIDGE_WEB_URL", string>>;

/** The folder in whose `node_modules` the tools are. */
async function installTools(): Promise<string> {
  if (executableOf("node") === undefined) {
    throw new NoToolsError("there is no Node 22.18 or newer");
  }
  const text = readFileSync(TOOLS_FILE, "utf8");
  const hash = createHash("sha256").update(text + BEFORE).digest("hex");
  mkdirSync(join(TOOLS_FOLDER, "tools"), { recursive: true });
  const folder = join(TOOLS_FOLDER, "tools", hash.slice(0, 16));
  return await makeOnce(folder, async (unfinished) => {
    writeFileSync(join(unfinished, "package.json"), text);
    const install = ["npm", "install", "--no-package-lock", "--ignore-scripts"];
    const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
    const source = [
      "--prefer-offline",
      `--before=${BEFORE}`,
      "--fetch-retries=1",
      "--fetch-retry-mintimeout=1000",
    ];
    try {
      await runIn(unfinished, [...install, ...quiet, ...source]);
    } catch (error) {
      if (!OFFLINE.test(String(error))) throw error;
      throw new NoToolsError("npm's registry cannot be reached");
    }
  });
}

/** Lends a project in which the package is installed and the programs lie. */
async function withProject<T>(
  tools: string,
  use: (project: string) => Promise<T>,
): Promise<T> {
  removeAbandoned(tools);
  const project = mkdtempSync(join(tools, "project-"));
  try {
    const { project: user } = await installed();
    cpSync(join(user, "node_modules"), join(project, "node_modules"), {
      recursive: true,
    });
    rmSync(join(project, "node_modules/.bin"), { recursive: true });
    writePrograms(project);
    await translate(project);
    return await use(project);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}

/** What a trial left that was ended from outside. */
function removeAbandoned(tools: string): void {
  for (const name of readdirSync(tools)) {
    const folder = join(tools, name);
    const ageMs = Date.now() - statSync(folder).mtimeMs;
    if (!name.startsWith("project-") || ageMs < ABANDONED_MS) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROGRAMS: Readonly<Record<string, string>> = {
  only: `import { CLIENT_SAID, tryClient } from "./tried";
tryClient(process.env["MIDGE_URL"] ?? "").then((said) => {
  if (said !== CLIENT_SAID) throw new Error(said);
});
`,
  page: `import * as browser from "midge/browser";
import { connect } from "midge/client";
// Bundlers for browsers put an empty one in the place of process.env.
const { env } = globalThis[["pro", "cess"].join("")];
const url = env["MIDGE_WEB_URL"] ?? "";
async function talk() {
  if (connect !== browser.connect) throw new Error("two clients");
  const connection = await connect({ servers: url });
  connection.subscribe("ask", {
    callback: (_error, message) => void message.respond("page"),
  });
  const answer = await connection.request("ask");
  if (answer.string() !== "page") throw new Error(answer.string());
  await connection.drain();
}
talk();
`,
  whole: `import { ALL_SAID, tryAll } from "./tried";
tryAll("midge.toml").then((said) => {
  if (said !== ALL_SAID) throw new Error(said);
});
`,
};

function writePrograms(project: string): void {
  const tried = join(PROJECT_FOLDER, "tests/package/tools/tried.ts");
  for (const extension of ["ts", "mts", "cts"]) {
    copyFileSync(tried, join(project, `tried.${extension}`));
  }
  for (const [name, text] of Object.entries(PROGRAMS)) {
    writeFileSync(join(project, `${name}.ts`), text);
  }
  writeFileSync(join(project, "package.json"), '{ "private": true }');
}

/** Makes `.mjs` and `.cjs` of the programs, for tools that take no TypeScript. */
async function translate(project: string): Promise<void> {
  const names = [...Object.keys(PROGRAMS), "tried"];
  for (const [format, extension] of [["esm", ".mjs"], ["cjs", ".cjs"]]) {
    await runIn(project, [
      esbuildExecutable(),
      ...names.map((name) => `${name}.ts`),
      `--format=${format}`,
      `--out-extension:.js=${extension}`,
      "--outdir=.",
      "--log-level=warning",
    ]);
    for (const name of names) {
      const file = join(project, `${name}${extension}`);
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace('"./tried"', `"./tried${extension}"`));
    }
  }
}

async function tryRows(project: string): Promise<string[]> {
  const host = "127.0.0.1";
  await using server = await startServer({
    host,
    port: 0,
    websocket: { host, port: 0, no_tls: true },
  });
  const urls = {
    MIDGE_URL: server.url,
    MIDGE_WEB_URL: server.websocketUrl!,
  };
  const outcomes: string[] = [];
  const waiting = [...ROWS.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [at, row] = next;
      outcomes[at] = await tryRow(row, join(project, `row${at}`), urls);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

async function tryRow(
  { files = {}, commands }: Row,
  folder: string,
  urls: Urls,
): Promise<string> {
  mkdirSync(folder);
  writeFileSync(join(folder, "midge.toml"), "max_payload = 65536\n");
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
  }
  for (const words of commands) {
    const failure = await failureOf(words.map(wordIn(folder)), folder, urls);
    if (failure !== undefined) return failure;
  }
  return "works";
}

async function failureOf(
  words: readonly string[],
  cwd: string,
  urls: Urls,
): Promise<string | undefined> {
  const program = spawnCommand(words, {
    cwd,
    env: { ...urls, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  const limit = setTimeout(() => program.kill("SIGKILL"), COMMAND_LIMIT_MS);
  const { code, signal } = await program.exited;
  clearTimeout(limit);
  if (code === 0) return undefined;
  const shown = words.slice(0, 4).map((word) => basename(word)).join(" ");
  return `${shown} ended with ${
    code ?? signal
  }: ${program.stdout}${program.stderr}`;
}

/** Programs of the tools are run by the Node of the tests, not by one in the path. */
function wordIn(folder: string): (word: string) => string {
  const bin = join(folder, "../../node_modules/.bin");
  return (word) =>
    word === "node" ? executableOf("node")! : word.replace(/^bin:/, `${bin}/`);
}
