/**
 * Help, made from the descriptions of the commands: one page for each, and the
 * list of all.
 */
import { describeFlags } from "../config/flags/flags.ts";
import type { Command, Word } from "./command.ts";

/** From the margin to a second column. */
const COLUMN = 15;

/** The page of one command; `path` is how it is called, such as `midge config check`. */
export function commandHelp(command: Command, path: string): string {
  const { about, commands, environment = [], examples, exits } = command;
  const parts = [
    `${about}\n`,
    usage(command, path),
    ...(commands === undefined ? [] : [commandList(commands)]),
    ...command.flags.map(({ title, flags }) =>
      `${title}:\n${describeFlags(flags)}`
    ),
    ...(environment.length === 0 ? [] : [
      "Environment, where the flag is not given:\n" + rows(environment),
    ]),
    "Examples:\n" +
    examples.map(({ line, doc }) => `  ${line}\n      ${doc}\n`).join(""),
    `Exit codes:\n${
      rows([
        ["0", exits.done],
        ["1", exits.failed],
        ["2", "The command line was not understood"],
      ], 4)
    }`,
  ];
  return parts.join("\n");
}

/** `See "midge pub --help"`, for the end of an error. */
export function seeHelp(path: string): string {
  return `See "${path} --help"`;
}

/** The list of commands, with a line for each. */
export function commandList(commands: readonly Command[]): string {
  return "Commands:\n" +
    rows(commands.map(({ name, summary }) => [name, summary]));
}

/** What `midge help` says. */
export function overview(commands: readonly Command[]): string {
  return `Midge is a message broker that speaks NATS, and the programs around it.

Usage: midge COMMAND [flags] [words]
       midge [flags of the server]

${commandList(commands)}
"midge help COMMAND" and "midge COMMAND --help" tell more of one command.
Without a command, midge is the server: "midge --help" tells its flags.
`;
}

function usage({ words, flags, commands }: Command, path: string): string {
  const parts = [
    path,
    ...(commands === undefined ? [] : ["COMMAND"]),
    ...(flags.length === 0 ? [] : ["[flags]"]),
    ...words.map(usageWord),
  ];
  return `Usage: ${parts.join(" ")}\n`;
}

function usageWord({ name, optional, repeated }: Word): string {
  const text = repeated ? `${name}...` : name;
  return optional ? `[${text}]` : text;
}

function rows(
  lines: readonly (readonly [string, string])[],
  width: number = COLUMN,
): string {
  return lines.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`)
    .join("");
}
