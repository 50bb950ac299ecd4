/**
 * Asking a person: a line of standard input, of which a terminal shows nothing.
 */
import process from "node:process";
import { Writable } from "node:stream";
import { builtInModule } from "./built_in.ts";
import { isTerminal } from "./terminal.ts";

/** The next line; empty when there is none. */
export async function readHiddenLine(): Promise<string> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = isTerminal("stdin");
  const { createInterface } = builtInModule<
    typeof import("node:readline/promises")
  >("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output, terminal });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
  }
}
