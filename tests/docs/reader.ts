/**
 * Reads a page from top to bottom and does what it says, in one folder and one
 * terminal:
 *
 * - `sh`: each command is typed. It has to succeed, and one that stays ends with
 *   `&`. A block of `text` or `json` behind it is what one sees then.
 * - `ts`: runs, and prints what the comments behind `console.log` say, or what a
 *   `text` block behind it shows.
 * - `conf` and `toml`: makes sense to the server, or is refused as the `text`
 *   block behind it says.
 * - `json`: is JSON.
 *
 * A block whose paragraph ends with a file name is that file; a program in a
 * file has to be run by a later command of the page.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  ConfigError,
  formatDiagnostic,
  loadConfig,
  optionsFrom,
  parseConfig,
  type ParsedConfig,
} from "../../cfgparse.ts";
import type { Cleanup } from "../support/temp.ts";
import {
  areLike,
  haveLike,
  keepsPromises,
  promisedOutput,
} from "./expected.ts";
import {
  type Block,
  blocksOf,
  commandsOf,
  fileOf,
  indentedCode,
} from "./markdown.ts";
import { runProgram } from "./run_program.ts";
import { Terminal } from "./terminal.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

/** Commands that are typed again when what they look at is not there yet. */
const LOOK = /^(?:curl|cat|grep)\b/;
// Far beyond what any page makes its reader wait.
const SIGHT_MS = 30_000;
const PAUSE_MS = 20;
/** Looks at the last output once no program runs any more. */
const IDLE_LOOKS_MAX = 10;

const LANGUAGES = ["ts", "sh", "text", "json", "conf", "toml"];

/** What is not done although a page says so. */
export interface Omissions {
  /** Commands, as they stand in the page. */
  readonly commands: readonly string[];
  /** Chapters, by their headings. */
  readonly chapters: readonly string[];
}

/** Does all that a page says. Fails, naming the line, where that does not hold. */
export async function follow(
  t: Cleanup,
  page: string,
  omissions: Omissions = { commands: [], chapters: [] },
): Promise<void> {
  assert.deepEqual(indentedCode(page), [], "Code stands in fenced blocks");
  const blocks = blocksOf(page);
  checkFiles(blocks);
  const reader = new Reader(t, await openWorkshop(t), omissions.commands);
  for (const [at, block] of blocks.entries()) {
    if (omissions.chapters.includes(block.chapter)) continue;
    try {
      await reader.read(block, blocks[at + 1]);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Line ${block.line}: ${why}`, { cause: error });
    }
  }
}

/** Every program that the reader writes into a file is run later. */
function checkFiles(blocks: readonly Block[]): void {
  for (const [at, block] of blocks.entries()) {
    const file = fileOf(block);
    if (block.language !== "ts" || file === undefined) continue;
    const isRun = blocks.slice(at).some(({ language, text }) =>
      language === "sh" && text.includes(file)
    );
    assert.ok(isRun, `No command runs ${file}`);
  }
}

class Reader {
  readonly #workshop: Workshop;
  readonly #terminal: Terminal;
  readonly #omitted: readonly string[];
  #programs = 0;
  /** The last block was shown by a command. */
  #wasShown = false;

  constructor(t: Cleanup, workshop: Workshop, omitted: readonly string[]) {
    this.#workshop = workshop;
    this.#terminal = new Terminal(workshop.folder, workshop.env);
    this.#omitted = omitted;
    t.after(() => this.#terminal.close());
  }

  async read(block: Block, next: Block | undefined): Promise<void> {
    const { language, text } = block;
    const isOutput = this.#wasShown;
    this.#wasShown = language === "sh";
    const file = fileOf(block);
    if (file !== undefined) this.#write(file, text);
    const shown = next?.language === "text" ? next.text : undefined;
    switch (language) {
      case "sh":
        return await this.#type(
          block,
          next?.language === "json" ? next.text : shown,
        );
      case "ts":
        return file === undefined ? await this.#run(text, shown) : undefined;
      case "conf":
      case "toml":
        return await this.#configure(block, file, shown ?? "");
      case "json":
        if (!isOutput) JSON.parse(text);
        return;
      default:
        assert.equal(language, "text", `A block is ${LANGUAGES.join(", ")}`);
    }
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#workshop.folder, file), text);
  }

  async #type(block: Block, shown: string | undefined): Promise<void> {
    const terminal = this.#terminal;
    const commands = commandsOf(block)
      .filter((command) => !this.#omitted.includes(command));
    const wasBusy = terminal.isBusy;
    await terminal.catchUp();
    let before = terminal.position;
    const seen = (): string => terminal.since(before);
    for (const command of commands) {
      const code = await terminal.run(command);
      assert.equal(code, 0, `"${command}" ends with ${code}:\n${seen()}`);
    }
    const isLook = commands.every((command) => LOOK.test(command));
    if (terminal.isBusy && !isLook) await terminal.rest();
    if (shown === undefined) return;
    // Programs that stay print when they like; a command alone is held to the letter.
    const isSeen = wasBusy || terminal.isBusy ? haveLike : areLike;
    let idleLooks = 0;
    const isThere = await comesTrue(async () => {
      if (isSeen(seen(), shown)) return "yes";
      idleLooks = terminal.isBusy ? 0 : idleLooks + 1;
      if (idleLooks > IDLE_LOOKS_MAX) return "never";
      if (!isLook) return "not yet";
      before = terminal.position;
      for (const command of commands) await terminal.run(command);
      return "not yet";
    });
    if (!isThere) assert.equal(seen(), shown, "One sees something else");
  }

  async #run(text: string, shown: string | undefined): Promise<void> {
    const name = `block-${++this.#programs}.ts`;
    const { stdout } = await runProgram(this.#workshop, name, text);
    const promises = promisedOutput(text);
    const isKept = shown === undefined
      ? keepsPromises(stdout, promises)
      : areLike(stdout, shown);
    if (isKept) return;
    assert.equal(
      stdout,
      shown ?? promises.join("\n"),
      "It prints another thing",
    );
  }

  async #configure(
    { language, text }: Block,
    file: string | undefined,
    shown: string,
  ): Promise<void> {
    const name = file ?? "config";
    const path = join(this.#workshop.folder, "sample.toml");
    if (language === "toml") writeFileSync(path, text);
    const read = language === "toml"
      ? () => loadConfig(path)
      : () => parseConfig(text, { file: name });
    assert.equal(await complaints(read), shown);
  }
}

/** Waits for what a page says that one will see; false when it does not come. */
async function comesTrue(
  look: () => Promise<"yes" | "not yet" | "never">,
): Promise<boolean> {
  const deadline = Date.now() + SIGHT_MS;
  let answer = await look();
  while (answer === "not yet" && Date.now() < deadline) {
    await delay(PAUSE_MS);
    answer = await look();
  }
  return answer === "yes";
}

/** Everything that is wrong or odd with a configuration. */
async function complaints(
  read: () => ParsedConfig | Promise<ParsedConfig>,
): Promise<string> {
  try {
    const { root, warnings } = await read();
    const all = [...warnings, ...optionsFrom(root).warnings];
    return all.map((warning) => `${formatDiagnostic(warning)}\n`).join("");
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `${error.message}\n`;
  }
}
