/**
 * Makes bcrypt hashes for the `password` and `token` of configuration files.
 *
 * `mkpasswd` makes up a password and prints it with its hash, `mkpasswd -p`
 * asks for one (or reads the first line of a pipe), and `mkpasswd -p T0pS3cr3t`
 * takes it from the command line.
 */
import type { Random } from "../platform/clock.ts";
import {
  describeFlags,
  FlagError,
  type FlagTable,
  parseFlags,
} from "../config/flags/flags.ts";
import { hashBcrypt } from "../runtime/bcrypt/bcrypt.ts";
import { readHiddenLine } from "../runtime/process/prompt.ts";
import {
  exit,
  print,
  printError,
  systemRandom,
} from "../runtime/process/system.ts";
import { isTerminal } from "../runtime/process/terminal.ts";
import { type Command, flagGroup, HELP_FLAG } from "./command.ts";

const COST = 11;
const COST_MIN = 4;
const COST_MAX = 31;
/** bcrypt ignores all bytes after these. */
const PASSWORD_MAX_BYTES = 72;
const GENERATED_CHARS = 22;
const ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const FLAGS = {
  ask: {
    names: ["p"],
    type: "boolean",
    doc: "Hash the password that follows, or ask for it",
  },
  cost: {
    names: ["c"],
    type: "integer",
    value: "cost",
    doc: `bcrypt's cost, ${COST_MIN} to ${COST_MAX} (default: ${COST})`,
  },
  help: HELP_FLAG,
} as const satisfies FlagTable;

const USAGE = "Usage: mkpasswd [-p [password]] [-c cost]\n\n" +
  describeFlags(Object.values(FLAGS));

interface Wish {
  readonly help: boolean;
  readonly cost: number;
  /** Undefined: make one up. Empty: ask. */
  readonly password: string | undefined;
}

/** `midge mkpasswd` */
export const MKPASSWD: Command = {
  name: "mkpasswd",
  summary: "Make a bcrypt hash for a configuration file",
  about: "Makes a bcrypt hash of a password, for the password or token of a\n" +
    "configuration file.\n\n" +
    "Without -p it makes up a password. With -p it takes the word that follows;\n" +
    "without one it asks on a terminal, or reads the first line of a pipe.",
  words: [{ name: "PASSWORD", kind: "secret", optional: true }],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    { line: "midge mkpasswd", doc: "Make up a password, and its hash" },
    { line: "midge mkpasswd -p", doc: "Ask for the password, twice" },
    {
      line: "midge mkpasswd -p -c 12 < secret.txt",
      doc: "The first line of a file, at a higher cost",
    },
  ],
  exits: {
    done: "The hash was printed",
    failed: "The password is empty, too long, or was repeated wrongly",
  },
  run: async (args) => {
    print(await hashLines(readArguments(args)));
    return 0;
  },
};

/** Runs the program to its end. */
export async function runMkpasswd(args: readonly string[]): Promise<never> {
  try {
    const wish = readArguments(args);
    print(wish.help ? USAGE : await hashLines(wish));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    printError(`mkpasswd: ${text}\n`);
    exit(error instanceof FlagError ? 2 : 1);
  }
  exit(0);
}

// `-p` is a flag without a value, so the password is the first other word, and
// flags may follow it.
function readArguments(args: readonly string[]): Wish {
  const before = parseFlags(FLAGS, args);
  const [password = "", ...words] = before.rest;
  const behind = parseFlags(FLAGS, words);
  const values = { ...before.values, ...behind.values };
  const stray = behind.rest[0] ?? (values.ask === true ? undefined : password);
  if (stray !== undefined && stray !== "") {
    throw new FlagError("unexpected argument");
  }
  const cost = values.cost ?? COST;
  if (cost < COST_MIN || cost > COST_MAX) {
    throw new FlagError(`cost must be ${COST_MIN} to ${COST_MAX}: ${cost}`);
  }
  return {
    help: values.help === true,
    cost,
    password: values.ask === true ? password : undefined,
  };
}

async function hashLines(wish: Wish): Promise<string> {
  if (wish.password === undefined) {
    const made = makePassword(systemRandom);
    return `pass: ${made}\nbcrypt hash: ${await hashBcrypt(made, wish.cost)}\n`;
  }
  const password = wish.password === "" ? await askPassword() : wish.password;
  if (password === "") throw new Error("the password is empty");
  if (new TextEncoder().encode(password).length > PASSWORD_MAX_BYTES) {
    throw new Error(`the password is longer than ${PASSWORD_MAX_BYTES} bytes`);
  }
  return `bcrypt hash: ${await hashBcrypt(password, wish.cost)}\n`;
}

/** Evenly random letters and digits. */
function makePassword(random: Random): string {
  const fair = 256 - 256 % ALPHABET.length;
  const byte = new Uint8Array(1);
  let password = "";
  while (password.length < GENERATED_CHARS) {
    random.fill(byte);
    if (byte[0]! < fair) password += ALPHABET[byte[0]! % ALPHABET.length];
  }
  return password;
}

/** Asks twice on a terminal; otherwise reads the first line of standard input. */
async function askPassword(): Promise<string> {
  if (!isTerminal("stdin")) return await readHiddenLine();
  printError("Enter Password: ");
  const password = await readHiddenLine();
  printError("\nReenter Password: ");
  const again = await readHiddenLine();
  printError("\n");
  if (password !== again) throw new Error("the passwords do not match");
  return password;
}
