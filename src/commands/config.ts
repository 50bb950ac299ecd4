/**
 * `midge config`: says whether configuration files are valid, and prints them
 * as the server reads them. The program `cfgparse.ts` (`check.ts`) reads files
 * with the same functions.
 */
import {
  type ConfigDiagnostic,
  ConfigError,
  formatDiagnostic,
} from "../config/dialect/diagnostic.ts";
import { FlagError } from "../config/flags/flags.ts";
import { optionsFrom } from "../config/keys/server_options.ts";
import { type ConfigMap, toPlain } from "../config/dialect/tree.ts";
import { loadConfig } from "../faces/cfgparse.ts";
import { verifySignature } from "../runtime/process/signatures.ts";
import {
  environment,
  print,
  printError,
  readTextFile,
} from "../runtime/process/system.ts";
import {
  type Command,
  flagGroup,
  HELP_FLAG,
  taking,
  type Word,
} from "./command.ts";

const CHECK_FLAGS = {
  json: {
    names: ["json"],
    type: "boolean",
    doc: "Print a line of JSON for each file",
  },
  strict: {
    names: ["strict"],
    type: "boolean",
    doc: "Warnings are errors",
  },
  help: HELP_FLAG,
} as const;

const PRINT_FLAGS = {
  json: {
    names: ["json"],
    type: "boolean",
    doc: "Print on one line, not indented",
  },
  help: HELP_FLAG,
} as const;

const FILES: readonly Word[] = [
  { name: "FILE", kind: "file", repeated: true },
];

const CHECK: Command = {
  name: "check",
  summary: "Say whether configuration files are valid",
  about:
    "Says whether configuration files are valid, or lists all their errors:\n" +
    "file, line, column and the line itself, without its secrets.\n\n" +
    "Files that end in .toml are TOML, all others are nats-server's dialect.",
  words: FILES,
  flags: [flagGroup("Flags", CHECK_FLAGS)],
  examples: [
    {
      line: "midge config check nodea.cfg nodeb.cfg",
      doc: "Check two files",
    },
    {
      line: "midge config check --strict midge.toml && midge -c midge.toml",
      doc: "Start only if there is no error and no warning",
    },
    {
      line: "midge config check --json nodea.cfg | jq .errors",
      doc: "Errors and warnings for another program",
    },
  ],
  exits: { done: "All files are valid", failed: "One of them is not" },
  run: taking(CHECK_FLAGS, async ({ json, strict }, files) => {
    let code = 0;
    for (const file of files) {
      const verdict = await judge(file, strict === true);
      if (!verdict.valid) code = 1;
      if (json === true) print(`${verdictJson(file, verdict)}\n`);
      else tell(file, verdict);
    }
    return code;
  }),
};

const PRINT: Command = {
  name: "print",
  summary: "Print configuration files as JSON",
  about:
    "Prints configuration files as JSON: includes and variables in place,\n" +
    "sizes and durations as numbers, passwords and tokens left out.",
  words: FILES,
  flags: [flagGroup("Flags", PRINT_FLAGS)],
  examples: [
    { line: "midge config print nodea.cfg", doc: "For people" },
    {
      line: "midge config print --json nodea.cfg | jq .cluster",
      doc: "For programs",
    },
  ],
  exits: {
    done: "All files were printed",
    failed: "One of them is not valid; standard error tells why",
  },
  run: taking(PRINT_FLAGS, async ({ json }, files) => {
    let code = 0;
    for (const file of files) {
      if (!await printFile(file, json === true ? 0 : 2)) code = 1;
    }
    return code;
  }),
};

/** `midge config check` and `midge config print` */
export const CONFIG: Command = {
  name: "config",
  summary: "Check and print configuration files",
  about: "Checks configuration files, and prints them as JSON.",
  words: [],
  flags: [flagGroup("Flags", { help: HELP_FLAG })],
  commands: [CHECK, PRINT],
  examples: [
    { line: "midge config check nodea.cfg", doc: "Is it valid?" },
    { line: "midge config print nodea.cfg", doc: "What does it say?" },
  ],
  exits: { done: "All files are valid", failed: "One of them is not" },
  run: () => Promise.reject(new FlagError("COMMAND is missing")),
};

/** A configuration that can be used. */
export interface CheckedFile {
  readonly root: ConfigMap;
  readonly warnings: readonly ConfigDiagnostic[];
}

/** Reads a file and checks all its keys. Rejects with ConfigError. */
export async function checkedFile(file: string): Promise<CheckedFile> {
  const { root, warnings } = await loadConfig(file);
  const configured = optionsFrom(root, {
    readFile: readTextFile,
    env: environment,
    verifySignature,
  });
  return { root, warnings: [...warnings, ...configured.warnings] };
}

/** Warnings on standard error, the configuration on standard output. */
export function printChecked(
  { root, warnings }: CheckedFile,
  indent: number,
): void {
  warnings.forEach(printWarning);
  print(`${JSON.stringify(toPlain(root), undefined, indent)}\n`);
}

function printWarning(warning: ConfigDiagnostic): void {
  printError(`warning: ${formatDiagnostic(warning)}\n`);
}

async function printFile(file: string, indent: number): Promise<boolean> {
  try {
    printChecked(await checkedFile(file), indent);
    return true;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printError(`${error.message}\n`);
    return false;
  }
}

interface Verdict {
  readonly valid: boolean;
  readonly errors: readonly ConfigDiagnostic[];
  readonly warnings: readonly ConfigDiagnostic[];
  /** Why the file could not be read. */
  readonly unreadable?: string;
}

async function judge(file: string, strict: boolean): Promise<Verdict> {
  try {
    const { warnings } = await checkedFile(file);
    return { valid: !strict || warnings.length === 0, errors: [], warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { diagnostics: errors, message } = error;
    return {
      valid: false,
      errors,
      warnings: [],
      ...(errors.length === 0 && { unreadable: message }),
    };
  }
}

function tell(file: string, verdict: Verdict): void {
  const { valid, errors, warnings, unreadable } = verdict;
  if (unreadable !== undefined) printError(`${unreadable}\n`);
  for (const error of errors) printError(`${formatDiagnostic(error)}\n`);
  warnings.forEach(printWarning);
  if (valid) print(`${file}: valid\n`);
}

function verdictJson(file: string, verdict: Verdict): string {
  const { valid, errors, warnings, unreadable } = verdict;
  return JSON.stringify({
    file,
    valid,
    errors: unreadable === undefined
      ? errors.map(placed)
      : [{ file, message: unreadable }],
    warnings: warnings.map(placed),
  });
}

function placed(
  { file, line, column, message }: ConfigDiagnostic,
): Omit<ConfigDiagnostic, "sourceLine"> {
  return { file, line, column, message };
}
