/** The table of commands: what help and completion are made of is true and complete. */
import assert from "node:assert/strict";
import {
  checkWords,
  type Command,
  flagsOf,
  HELP_FLAG,
} from "../../src/commands/command.ts";
import { COMMANDS } from "../../src/commands/commands.ts";
import { commandHelp, overview } from "../../src/commands/help.ts";
import { SERVER } from "../../src/commands/server.ts";
import { FlagError, scanFlags } from "../../src/config/flags/flags.ts";
import { test } from "../support/test.ts";

interface Named {
  readonly path: string;
  readonly command: Command;
}

function named(commands: readonly Command[], before: string): Named[] {
  return commands.flatMap((command) => {
    const path = `${before} ${command.name}`;
    return [{ path, command }, ...named(command.commands ?? [], path)];
  });
}

const ALL = named(COMMANDS, "midge");

/** The words of an example up to a pipe, a redirection or a `&&`, as a shell divides them. */
function wordsOf(line: string): string[] {
  const [own = ""] = line.split(/ (?:[|<>]|&&) /);
  return [...own.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
    .map(([, single, double, bare]) => single ?? double ?? bare ?? "");
}

/** The command that words begin with, and the rest of them. */
function commandOf(words: readonly string[]): [Command, readonly string[]] {
  const path = (count: number): string => words.slice(0, count).join(" ");
  for (const count of [4, 3, 2]) {
    const found = ALL.find((one) => one.path === path(count));
    if (found !== undefined) return [found.command, words.slice(count)];
  }
  return [SERVER, words.slice(1)];
}

test("every command is named and summed up once", () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const list = overview(COMMANDS);
  for (const { name, summary } of COMMANDS) {
    assert.match(name, /^[a-z]+$/);
    assert.match(summary, /^[A-Z].*[^.]$/);
    assert.ok(list.includes(`  ${name.padEnd(15)}${summary}\n`), name);
  }
});

test("flags leave it to the help where their lines end", () => {
  const broken = ALL.flatMap(({ path, command }) =>
    flagsOf(command).filter(({ doc }) => doc.includes("\n"))
      .map(({ names }) => `${path} -${names[0]}`)
  );
  assert.deepEqual(broken, []);
});

for (const { path, command } of ALL) {
  test(`the help of ${path} is whole`, () => {
    const help = commandHelp(command, path);
    assert.match(help, new RegExp(`^Usage: ${path}`, "m"));
    for (const flag of flagsOf(command)) {
      for (const name of flag.names) {
        assert.match(help, new RegExp(`^  (-\\w+, )*-${name}\\b`, "m"));
      }
    }
    for (const code of [0, 1, 2]) {
      assert.match(help, new RegExp(`^  ${code}   [A-Z]`, "m"));
    }
    const wide = help.split("\n").filter((line) => line.length > 80);
    assert.deepEqual(wide, []);
  });

  test(`no flag of ${path} is given twice`, () => {
    const names = flagsOf(command).flatMap((flag) => flag.names);
    assert.deepEqual(names, [...new Set(names)]);
    if (command.readsItself !== true) {
      assert.ok(flagsOf(command).includes(HELP_FLAG));
    }
  });

  test(`the examples of ${path} are command lines that it takes`, () => {
    const { examples } = command;
    assert.ok(examples.length >= 2 && examples.length <= 4, path);
    for (const { line } of examples) {
      const lines = line.split(" && ").map((part) =>
        part.replace(/^source <\((.*)\)$/, "$1")
      );
      for (const words of lines.map(wordsOf)) {
        assert.equal(words[0], "midge", line);
        const [called, args] = commandOf(words);
        const isOwn = called === command ||
          command.commands?.includes(called) ||
          command.name === "completion";
        assert.ok(isOwn || words.includes("-c"), line);
        const place = called.readsItself === true ? "first" : "anywhere";
        const { rest } = scanFlags(flagsOf(called), args, place);
        checkWords(called, rest);
      }
    }
  });
}

test("too few, too many and unknown words are refused by name", () => {
  const find = (path: string): Command =>
    ALL.find((one) => one.path === path)!.command;
  const refused: readonly [string, readonly string[], string][] = [
    ["midge pub", [], "SUBJECT is missing"],
    ["midge pub", ["a", "b", "c"], 'unexpected argument: "c"'],
    ["midge sub", [], "SUBJECT is missing"],
    ["midge config check", [], "FILE is missing"],
    ["midge worker", ["x"], 'unexpected argument: "x"'],
    ["midge mkpasswd", ["T0pS3cr3t", "0ther"], "unexpected argument"],
    [
      "midge completion",
      ["fihs"],
      'unknown shell "fihs"; did you mean "fish"?',
    ],
    ["midge completion", ["powershell"], 'unknown shell "powershell"'],
  ];
  for (const [path, words, message] of refused) {
    assert.throws(() => checkWords(find(path), words), (error) => {
      assert.ok(error instanceof FlagError);
      assert.equal(error.message, message);
      return true;
    });
  }
  checkWords(find("midge sub"), ["a", "b", "c"]);
  checkWords(find("midge pub"), ["a"]);
});
