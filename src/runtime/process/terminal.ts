/** Whether a person looks at a stream, and whether that person wants colours. */
import process from "node:process";
import { isatty } from "node:tty";

const NUMBERS = { stdin: 0, stdout: 1, stderr: 2 } as const;

/** One of the three streams that a program starts with. */
export type StandardStream = keyof typeof NUMBERS;

/**
 * True when the stream is a terminal. Asked of the system: to touch
 * `process.stdin` would open it, and to touch `process.stdout` would make a
 * pipe refuse what it has no room for.
 */
export function isTerminal(stream: StandardStream): boolean {
  return isatty(NUMBERS[stream]);
}

/** True for a terminal, unless the variable NO_COLOR says something. */
export function takesColours(stream: "stdout" | "stderr"): boolean {
  return isTerminal(stream) && (process.env["NO_COLOR"] ?? "") === "";
}
