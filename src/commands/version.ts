/** `midge version`, and the line that the server prints for `-v`. */
import { MIDGE_VERSION, NATS_VERSION } from "../core/version.ts";
import { platform } from "../runtime/mod.ts";
import { print } from "../runtime/process/system.ts";
import { type Command, flagGroup, HELP_FLAG, taking } from "./command.ts";

const FLAGS = {
  json: { names: ["json"], type: "boolean", doc: "Print a line of JSON" },
  help: HELP_FLAG,
} as const;

/** `midge version` */
export const VERSION: Command = {
  name: "version",
  summary: "Tell the version",
  about: "Tells the version of Midge, and which nats-server it speaks as.",
  words: [],
  flags: [flagGroup("Flags", FLAGS)],
  examples: [
    { line: "midge version", doc: "For people; midge -v says the same" },
    {
      line: "midge version --json",
      doc: "For programs, with the runtime that it runs on",
    },
  ],
  exits: { done: "Always", failed: "Never" },
  run: taking(FLAGS, (flags) => {
    print(flags.json === true ? `${versionJson()}\n` : versionLine());
    return Promise.resolve(0);
  }),
};

/** With its line end. */
export function versionLine(): string {
  return `midge ${MIDGE_VERSION} (speaks as nats-server: v${NATS_VERSION})\n`;
}

function versionJson(): string {
  return JSON.stringify({
    version: MIDGE_VERSION,
    nats: NATS_VERSION,
    runtime: platform.runtimeName,
  });
}
