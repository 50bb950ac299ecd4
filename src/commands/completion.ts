/**
 * `midge completion`: a script for the shell that completes commands, flags and
 * files. It is made from the descriptions of the commands, so it is never out of
 * date.
 */
import { print } from "../runtime/process/system.ts";
import {
  type Command,
  flagGroup,
  flagsOf,
  HELP_FLAG,
  taking,
} from "./command.ts";
import { bashCompletion } from "./completion_bash.ts";
import { fishCompletion } from "./completion_fish.ts";
import {
  type CompletionPlace,
  type FlagHint,
  hintOf,
} from "./completion_place.ts";
import { zshCompletion } from "./completion_zsh.ts";

const FLAGS = { help: HELP_FLAG } as const;

const SHELLS: Readonly<
  Record<string, (places: readonly CompletionPlace[]) => string>
> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Makes the command; it asks for `all` when it runs. */
export function makeCompletion(all: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "Print a script that completes command lines",
    about:
      "Prints a script for the shell, which completes the command lines of\n" +
      "midge: commands, flags, and files where they are wanted.",
    words: [{
      name: "SHELL",
      kind: "text",
      choices: Object.keys(SHELLS),
    }],
    flags: [flagGroup("Flags", FLAGS)],
    examples: [
      {
        line: "source <(midge completion bash)",
        doc: "For bash: in ~/.bashrc",
      },
      {
        line: 'midge completion zsh > "${fpath[1]}/_midge"',
        doc: "For zsh: once, before compinit",
      },
      {
        line: "midge completion fish > ~/.config/fish/completions/midge.fish",
        doc: "For fish: once",
      },
    ],
    exits: { done: "The script was printed", failed: "Never" },
    run: taking(FLAGS, (_, [shell = ""]) => {
      print(SHELLS[shell]!(placesOf(all())));
      return Promise.resolve(0);
    }),
  };
}

/** Every place in a command line where something can be completed. */
export function placesOf(
  commands: readonly Command[],
  before: string = "",
): CompletionPlace[] {
  return commands.flatMap((command) => {
    const path = `${before}${command.name}`;
    const inner = command.commands ?? [];
    return [placeOf(command, path), ...placesOf(inner, `${path} `)];
  });
}

function placeOf(command: Command, path: string): CompletionPlace {
  const [word] = command.words;
  const missing = command.flags.filter(({ isMissing }) => isMissing)
    .flatMap(({ flags }) => flags);
  return {
    path,
    summary: command.summary,
    flags: flagsOf(command).filter((flag) => !missing.includes(flag))
      .map((flag): FlagHint => hintOf(flag)),
    words: command.commands?.map(({ name }) => name) ??
      word?.choices ?? word?.proposed?.() ?? [],
    takesFiles: word?.kind === "file",
  };
}
