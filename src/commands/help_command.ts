/** `midge help`: the list of commands, or the page of one. */
import { FlagError } from "../config/flags/flags.ts";
import { print } from "../runtime/process/system.ts";
import {
  type Command,
  findCommand,
  flagGroup,
  HELP_FLAG,
  taking,
  unknownWord,
} from "./command.ts";
import { commandHelp, overview } from "./help.ts";

const FLAGS = { help: HELP_FLAG } as const;

/** Makes the command; it asks for `all` when it runs. */
export function makeHelp(all: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "Tell what the commands do",
    about: "Lists the commands, or tells what one of them does.",
    words: [{
      name: "COMMAND",
      kind: "text",
      optional: true,
      repeated: true,
      proposed: () => all().map(({ name }) => name),
    }],
    flags: [flagGroup("Flags", FLAGS)],
    examples: [
      { line: "midge help", doc: "All commands" },
      { line: "midge help pub", doc: "One of them" },
      { line: "midge help config check", doc: "A command of a command" },
    ],
    exits: { done: "Always", failed: "Never" },
    run: taking(FLAGS, (_, words) => {
      print(words.length === 0 ? overview(all()) : pageOf(all(), words));
      return Promise.resolve(0);
    }),
  };
}

/** Throws FlagError for a command that there is not. */
function pageOf(all: readonly Command[], words: readonly string[]): string {
  let path = "midge";
  let commands = all;
  let page = "";
  for (const word of words) {
    const command = findCommand(commands, word);
    if (command === undefined) {
      const names = commands.map(({ name }) => name);
      throw new FlagError(unknownWord("command", word, names));
    }
    path += ` ${command.name}`;
    page = commandHelp(command, path);
    commands = command.commands ?? [];
  }
  return page;
}
