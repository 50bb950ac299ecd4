/**
 * The scripts of `midge completion`, as bash, zsh and fish run them: by the
 * functions that they define, and at a real prompt.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/commands/commands.ts";
import { flagsOf } from "../../src/commands/command.ts";
import { placesOf } from "../../src/commands/completion.ts";
import { bashCompletion } from "../../src/commands/completion_bash.ts";
import { fishCompletion } from "../../src/commands/completion_fish.ts";
import { zshCompletion } from "../../src/commands/completion_zsh.ts";
import { spawnCommand } from "../support/process.ts";
import { type Cleanup, temporaryFolder } from "../support/temp.ts";
import { test } from "../support/test.ts";
import { missing, runCommand } from "./run.ts";

const PLACES = placesOf(COMMANDS);
const NAMES = COMMANDS.map(({ name }) => name);

const noBash = missing("bash", "--version");
const noZsh = missing("zsh", "--version");
const noFish = missing("fish", "--version");
const noScript = missing("script", "-qec", "true", "/dev/null");

/** A folder with a script and a few things to complete. */
function folderWith(t: Cleanup, script: string): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "script"), script);
  writeFileSync(join(folder, "node a.cfg"), "");
  mkdirSync(join(folder, "nodes"));
  return folder;
}

/** Everything that a shell proposes for the last word. */
type Propose = (folder: string, words: readonly string[]) => string[];

function linesOf(folder: string, command: string, args: string[]): string[] {
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  assert.equal(status, 0);
  return stdout.split("\n").filter((line) => line !== "");
}

const proposeInBash: Propose = (folder, words) =>
  linesOf(folder, "bash", [
    "--norc",
    "-c",
    '. ./script; COMP_WORDS=(midge "$@"); COMP_CWORD=$#; _midge; ' +
    '[[ ${#COMPREPLY[@]} -eq 0 ]] || printf "%s\\n" "${COMPREPLY[@]}"',
    "bash",
    ...words,
  ]);

const proposeInFish: Propose = (folder, words) =>
  linesOf(folder, "fish", [
    "--no-config",
    "-c",
    `source script; complete -C '${["midge", ...words].join(" ")}'`,
  ]).map((line) => line.split("\t")[0]!);

/** The last of each row's words is completed. */
const ROWS: readonly (readonly [string[], readonly string[]])[] = [
  [[""], NAMES],
  [["pu"], ["pub", "publisher"]],
  [["config", ""], ["check", "print"]],
  [["config", "check", "--s"], ["--strict"]],
  [["config", "check", "nod"], ["node a.cfg", "nodes"]],
  [["completion", ""], ["bash", "zsh", "fish"]],
  [["bench", "pubs"], ["pubsub"]],
  [["bench", "pub", "--ra"], ["--rate"]],
  [["bench", "js", ""], ["pub", "fetch", "consume"]],
  [["bench", "js", "pub", "--cre"], ["--create", "--creds"]],
  [["bench", "js", "pub", "-storage", ""], ["file", "memory"]],
  [["help", "re"], ["request", "reply"]],
  [["pub", "--co"], ["--count"]],
  [["pub", "-rep"], ["-reply"]],
  [["pub", "subject", "-rep"], ["-reply"]],
  [["sub", "-creds", "nod"], ["node a.cfg", "nodes"]],
  [["sub", "-queue", ""], []],
  [["-c", "nod"], ["node a.cfg", "nodes"]],
  [["server", "-ports_file_dir", "nod"], ["nodes"]],
  [["-sl", "re"], ["reopen", "reload"]],
  [["server", "--no_adv"], ["--no_advertise"]],
  [["--syslo"], []],
];

/** fish marks folders; the order is the shell's own. */
function tidy(proposals: readonly string[]): string[] {
  return proposals.map((text) => text.replaceAll("\\ ", " ").replace(/\/$/, ""))
    .sort();
}

function testProposals(
  shell: string,
  skip: string | false,
  script: string,
  propose: Propose,
): void {
  test(`${shell} completes what can follow`, { skip }, (t) => {
    const folder = folderWith(t, script);
    for (const [words, expected] of ROWS) {
      const proposals = tidy(propose(folder, words));
      assert.deepEqual(proposals, tidy(expected), words.join(" "));
    }
  });
}

testProposals("bash", noBash, bashCompletion(PLACES), proposeInBash);
testProposals("fish", noFish, fishCompletion(PLACES), proposeInFish);

test("bash completes every flag of every command", { skip: noBash }, (t) => {
  const folder = folderWith(t, bashCompletion(PLACES));
  for (
    const { path, flags } of PLACES.filter(({ path }) => path !== "server")
  ) {
    const names = flags.flatMap((flag) => flag.names.map((name) => `-${name}`));
    const proposals = proposeInBash(folder, [...path.split(" "), "-"]);
    assert.deepEqual(tidy(proposals), tidy(names), path);
  }
  const server = COMMANDS[0]!;
  const offered = proposeInBash(folder, ["-"]);
  assert.ok(offered.includes("-cluster") && !offered.includes("-syslog"));
  assert.ok(flagsOf(server).some(({ names }) => names.includes("syslog")));
});

test("bash takes -flag=value for three words", { skip: noBash }, (t) => {
  const folder = folderWith(t, bashCompletion(PLACES));
  const files = ["node a.cfg", "nodes"];
  assert.deepEqual(tidy(proposeInBash(folder, ["-c", "=", "nod"])), files);
  assert.deepEqual(
    tidy(proposeInBash(folder, ["server", "-sl", "="])),
    ["ldm", "quit", "reload", "reopen", "stop", "term"],
  );
});

/** A prompt on a pseudo-terminal, and what it becomes by a TAB. */
interface Prompt {
  readonly shell: string;
  readonly skip: string | false;
  readonly command: string;
  readonly script: string;
  /** Makes `midge` say what it was called with. */
  readonly preparation: string;
}

const SAY = 'midge() { echo "<$*>"; }';

const PROMPTS: readonly Prompt[] = [
  {
    shell: "bash",
    skip: noBash || noScript,
    command: "bash --norc --noprofile -i",
    script: bashCompletion(PLACES),
    preparation: `${SAY}; . ./script; echo rea''dy`,
  },
  {
    shell: "zsh",
    skip: noZsh || noScript,
    command: "zsh -f -i",
    script: zshCompletion(PLACES),
    preparation:
      `${SAY}; autoload -Uz compinit; compinit -u -D; . ./script; echo rea''dy`,
  },
];

for (const { shell, skip, command, script, preparation } of PROMPTS) {
  test(`at the prompt of ${shell} a TAB completes`, { skip }, async (t) => {
    const cwd = folderWith(t, script);
    const terminal = spawnCommand(["script", "-qec", command, "/dev/null"], {
      cwd,
      env: { TERM: "dumb", PS1: "> " },
    });
    t.after(() => terminal.stop());
    terminal.input(`${preparation}\n`);
    await terminal.waitFor("ready");
    const rows: readonly (readonly [string, string])[] = [
      ["midge clu\t", "<cluster>"],
      ["midge config pr\tnode\\ \t", "<config print node a.cfg>"],
      ["midge -c=node\\ \t", "<-c=node a.cfg>"],
      ["midge server -sl reo\t", "<server -sl reopen>"],
      ["midge pub --cou\t", "<pub --count>"],
    ];
    for (const [keys, said] of rows) {
      terminal.input(`${keys}\n`);
      await terminal.waitFor(said);
    }
    terminal.input("exit\n");
    await terminal.exited;
  });
}

test("descriptions hold what the shells would take for their own", () => {
  const place = {
    path: "it",
    summary: "What's \\here",
    flags: [{
      names: ["x"],
      doc: "Joe's: $HOME \\ `x`",
      value: "anything",
      choices: [],
    }],
    words: [],
    takesFiles: false,
  } as const;
  const places = [...PLACES, place];
  assert.ok(zshCompletion(places).includes("'x:Joe'\\''s: $HOME \\ `x`'"));
  assert.ok(fishCompletion(places).includes("'Joe\\'s: $HOME \\\\ `x`'"));
});

test("the command prints the script of a shell", async (t) => {
  const { code, stdout } = await runCommand(t, ["completion", "bash"]);
  assert.equal(code, 0);
  assert.equal(stdout, bashCompletion(PLACES));
});
