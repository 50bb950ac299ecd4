/**
 * The flags of the server: those of the keys, made of their rows, and those
 * that set no option. They are applied in the order in which they stand here,
 * whatever their order on the command line.
 */
import { shownDefault } from "./keys/defaults.ts";
import type {
  BlockFacts,
  FlagSection,
  KeyFacts,
  KeyFlag,
  Names,
  ServerFlag,
} from "./keys/schema.ts";
import { SERVER_BLOCK } from "./keys/server_keys.ts";

/** The flags of a block's keys and of the blocks in it, each block once. */
export function serverFlagsOf(block: BlockFacts): ServerFlag[] {
  return flagsWithin(block, block, new Set());
}

function flagsWithin(
  block: BlockFacts,
  top: BlockFacts,
  seen: Set<BlockFacts>,
): ServerFlag[] {
  if (seen.has(block)) return [];
  seen.add(block);
  return block.keys.flatMap((key) => [
    ...key.flags.map((flag) => {
      const shown = block === top ? shownDefault(key, block) : "";
      return explained(flag, key, shown);
    }),
    ...(key.block === undefined ? [] : flagsWithin(key.block, top, seen)),
  ]);
}

/** The text of the key explains its flag, unless the flag does more, or less. */
function explained(flag: KeyFlag, key: KeyFacts, shown: string): ServerFlag {
  return { ...flag, doc: flag.doc ?? helpText(key.text, shown) };
}

// That a switch is off, or a number zero, is what everyone expects.
function helpText(text: string, shown: string): string {
  const plain = text.replaceAll("`", "").replace(/\.$/, "");
  return ["", "0", "false"].includes(shown) ? plain : `${plain} (${shown})`;
}

type PlainFlag = Omit<ServerFlag, "section" | "apply">;

function plain(section: FlagSection, flag: PlainFlag): ServerFlag {
  return { ...flag, section, apply: () => {} };
}

function word(
  section: FlagSection,
  names: Names,
  value: string,
  doc: string,
): ServerFlag {
  return plain(section, { names, type: "string", value, doc });
}

function toggle(
  section: FlagSection,
  names: Names,
  doc: string,
): ServerFlag {
  return plain(section, { names, type: "boolean", doc });
}

function number(
  section: FlagSection,
  names: Names,
  doc: string,
): ServerFlag {
  return plain(section, { names, type: "integer", value: "port", doc });
}

/** What `-signal` can tell a running server. */
export const SIGNAL_COMMANDS = [
  "stop",
  "quit",
  "term",
  "reopen",
  "reload",
  "ldm",
] as const;

const COMMAND_FLAGS: readonly ServerFlag[] = [
  word("Server", ["c", "config"], "file", "Configuration file"),
  toggle("Server", ["t"], "Check the configuration file and stop"),
  word(
    "Server",
    ["test_reload"],
    "file",
    "With -t: may a server that runs with the " +
      "configuration file take this one over?",
  ),
  {
    ...word(
      "Server",
      ["sl", "signal"],
      "command[=pid]",
      "Tell a running server to stop, quit, term, " +
        "reopen, reload or ldm; pid: number or file",
    ),
    choices: SIGNAL_COMMANDS,
  },
  toggle("Common", ["h", "help"], "Show this text"),
  toggle("Common", ["v", "version"], "Show the version"),
  toggle("Common", ["help_tls"], "Show how TLS is configured"),
];

const MISSING = "Not supported yet";

/** The flags of nats-server that Midge knows only to say that it lacks them. */
const MISSING_FLAGS: readonly ServerFlag[] = [
  toggle(MISSING, ["s", "syslog"], "Log to syslog"),
  word(MISSING, ["r", "remote_syslog"], "url", "Log to another machine"),
  number(MISSING, ["profile"], "Profiler"),
];

const KEY_FLAGS: readonly ServerFlag[] = serverFlagsOf(SERVER_BLOCK);

// Help shows the commands below the ports and above the process's files.
const FILES_AT = KEY_FLAGS.findIndex(({ names }) => names.includes("pid"));

/** TLS for clients; `tls_flags.ts` says what they do together. */
export const TLS_FLAGS: readonly ServerFlag[] = [
  toggle("TLS", ["tls"], "TLS for clients, without their certificates"),
  word("TLS", ["tlscert"], "file", "Certificate"),
  word("TLS", ["tlskey"], "file", "Key of the certificate"),
  {
    ...toggle(
      "TLS",
      ["tlsverify"],
      "TLS with client certificates; =optional: those that are shown must be good",
    ),
    word: "optional",
  },
  word("TLS", ["tlscacert"], "file", "Authorities of client certificates"),
];

/** Every flag that the server knows; help shows those of a section in this order. */
export const SERVER_FLAGS: readonly ServerFlag[] = [
  ...KEY_FLAGS.toSpliced(FILES_AT, 0, ...COMMAND_FLAGS),
  ...TLS_FLAGS,
  ...MISSING_FLAGS,
];
