/** The `accounts` block: subject spaces of their own, and who is in them. */
import { isPublicKey } from "../../core/key_text.ts";
import type {
  AccountLimits,
  AccountOptions,
  AccountStreamLimits,
  AccountTrace,
  ImportOptions,
  MappingOptions,
  PermissionsOptions,
  UserOptions,
} from "../../options/options.ts";
import { GLOBAL_ACCOUNT } from "../../core/account_names.ts";
import { UNLIMITED_ACCOUNT } from "../../options/options.ts";
import { importProblems } from "../../options/import_check.ts";
import { NO_ACTIVATION } from "../../options/import_rules.ts";
import { finishSteps, forEachInSteps, type Steps } from "../../core/steps.ts";
import type { Position, Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { described, goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries, applyInSteps } from "./entries.ts";
import {
  exportsOfAccount,
  type PlacedExport,
  reportLatencies,
} from "./export_keys.ts";
import { importsOfAccount } from "./import_keys.ts";
import { mappings } from "./mapping_keys.ts";
import { permissions, PERMISSIONS_BLOCK } from "./permission_keys.ts";
import { integer, type Reader, string } from "./readers.ts";
import {
  ACCOUNT_JETSTREAM_BLOCK,
  accountJetStream,
} from "./account_jetstream_keys.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Placed, Writable } from "./schema.ts";
import { trace } from "./trace_keys.ts";
import { users, withPermissions } from "./user_keys.ts";

type LimitsDraft = Writable<AccountLimits>;

const limitRows = rowsOf<LimitsDraft>();

/** An account's `limits`. */
export const ACCOUNT_LIMITS_BLOCK: Block<LimitsDraft> = {
  place: "`limits` of an account",
  unknownField: (name) => `Unknown field ${name} parsing account limits`,
  types: {
    options: "AccountLimits",
    optionsText: "",
    isByHand: true,
    config: "AccountLimitsConfig",
    configText: "Limits of an account; -1 is none, and 0 is zero.",
  },
  keys: [
    limitRows.option({
      names: ["max_connections", "max_conn"],
      field: "maxConnections",
      reader: integer(),
      default: -1,
      text: "Most connections at one time.",
      reload: "now",
    }),
    limitRows.option({
      names: ["max_subscriptions", "max_subs"],
      field: "maxSubscriptions",
      reader: integer(),
      default: -1,
      text: "Most subscriptions of each connection.",
      reload: "now",
    }),
    limitRows.option({
      names: ["max_payload", "max_pay"],
      field: "maxPayloadBytes",
      reader: integer(),
      default: -1,
      text: "Longest message with its headers, in bytes.",
      reload: "now",
    }),
    limitRows.option({
      names: ["max_leafnodes", "max_leafs"],
      field: "maxLeafnodes",
      reader: integer(),
      default: -1,
      text: "Most leaf nodes.",
      reload: "now",
    }),
  ],
};

const limits: Reader<AccountLimits> = {
  kind: "map",
  type: "AccountLimits",
  written: "AccountLimitsConfig",
  read({ at, value }, report) {
    if (value.kind !== "map") {
      const got = described(value);
      report.error(
        at,
        `Expected account limits to be a map/struct, got ${got}`,
      );
      return undefined;
    }
    const draft = defaultsOf(ACCOUNT_LIMITS_BLOCK);
    applyEntries(ACCOUNT_LIMITS_BLOCK, value, draft, report);
    return draft;
  },
};

const accountKey: Reader<string> = {
  ...string,
  kind: "public key",
  read(entry, report) {
    const key = string.read(entry, report);
    if (key === undefined || isPublicKey(key, "A")) return key;
    report.error(
      entry.at,
      `Not a valid public nkey for an account: ${quote(key)}`,
    );
    return undefined;
  },
};

/** An account whose imports are not yet held against the exports of others. */
interface AccountDraft {
  nkey: string;
  users: UserOptions[];
  exports: PlacedExport[];
  imports: Placed<ImportOptions>[];
  mappings: MappingOptions[];
  limits: AccountLimits;
  defaultPermissions?: PermissionsOptions;
  trace?: AccountTrace;
  jetstream?: AccountStreamLimits;
}

const rows = rowsOf<AccountDraft>();

/** One of the `accounts`. */
export const ACCOUNT_BLOCK: Block<AccountDraft> = {
  place: "an account",
  types: {
    options: "AccountOptions",
    optionsText: "",
    isByHand: true,
    config: "AccountConfig",
    configText: "One of the `accounts`.",
  },
  keys: [
    rows.option({
      names: ["users"],
      field: "users",
      reader: users,
      default: [],
      text: "Who logs in to this account.",
      reload: "now",
    }),
    rows.option({
      names: ["default_permissions"],
      field: "defaultPermissions",
      inner: PERMISSIONS_BLOCK,
      reader: permissions,
      text: "For its users that have none of their own.",
      reload: "now",
    }),
    rows.option({
      names: ["exports"],
      field: "exports",
      reader: exportsOfAccount,
      default: [],
      text: "What other accounts may hear and ask.",
      reload: "now",
    }),
    rows.option({
      names: ["imports"],
      field: "imports",
      reader: importsOfAccount,
      default: [],
      text: "What it hears of other accounts, and asks there.",
      reload: "now",
    }),
    rows.option({
      names: ["mappings", "maps"],
      field: "mappings",
      reader: mappings,
      default: [],
      text: "Subjects, each with what its messages are published on instead.",
      reload: "now",
    }),
    rows.option({
      names: ["limits"],
      field: "limits",
      inner: ACCOUNT_LIMITS_BLOCK,
      reader: limits,
      default: UNLIMITED_ACCOUNT,
      text: "Most of what it may have.",
      reload: "now",
    }),
    rows.option({
      names: ["msg_trace", "trace_dest"],
      field: "trace",
      reader: trace,
      text: "Where traces of messages with a `traceparent` header go.",
      reload: "now",
    }),
    rows.option({
      names: ["nkey"],
      field: "nkey",
      reader: accountKey,
      default: "",
      text: "Its public key, beside its name.",
      reload: "now",
    }),
    rows.option({
      names: ["jetstream"],
      field: "jetstream",
      reader: accountJetStream,
      inner: ACCOUNT_JETSTREAM_BLOCK,
      text: "That it has streams, and what they may be.",
      reload: "now",
    }),
  ],
};

/** All accounts, each by its name, or a list of names alone. */
export const accounts: Reader<AccountOptions[]> = {
  kind: "map of accounts, or list of names",
  type: "AccountOptions[]",
  written: "Readonly<Record<string, AccountConfig>> | readonly string[]",
  read: (entry, report) => finishSteps(accountsInSteps(entry, report)),
  readInSteps: accountsInSteps,
};

function* accountsInSteps(
  { at, value }: ConfigEntry,
  report: Report,
): Steps<AccountOptions[] | undefined> {
  if (value.kind === "array") return readNames(value.items, report);
  if (value.kind !== "map") {
    const got = goType(value);
    report.error(at, `Expected map to define accounts, got ${got}`);
    return undefined;
  }
  return yield* readAccounts(value, report);
}

function readNames(
  items: readonly ConfigValue[],
  report: Report,
): AccountOptions[] {
  const list: AccountOptions[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    if (item.kind !== "string") {
      const got = goType(item);
      report.error(item.at, `An account must be a string, got ${got}`);
    } else if (seen.has(item.value)) {
      report.error(item.at, `Duplicate Account Entry: ${item.value}`);
    } else if (!isReserved(item.value, item.at, report)) {
      seen.add(item.value);
      list.push(accountOf(item.value, defaultsOf(ACCOUNT_BLOCK)));
    }
  }
  return list;
}

/** Accounts that take as long to read as a step. */
const ACCOUNTS_PER_STEP = 64;

function* readAccounts(
  map: ConfigMap,
  report: Report,
): Steps<AccountOptions[]> {
  const placed = new Map<string, PlacedLinks>();
  const list: AccountOptions[] = [];
  for (const entry of map.entries.values()) {
    const { key, at, isVariable } = entry;
    if (isVariable || isReserved(key, at, report)) continue;
    const draft = yield* readAccount(entry, report);
    const { exports, imports } = draft;
    if (exports.length + imports.length > 0) {
      placed.set(key, { exports, imports });
    }
    list.push(accountOf(key, draft));
    if (list.length % ACCOUNTS_PER_STEP === 0) yield;
  }
  yield* reportImports(list, placed, report);
  return list;
}

/** What an account has to do with others, and where it stands. */
type PlacedLinks = Pick<AccountDraft, "exports" | "imports">;

/** What is wrong with exports and imports, seen beside those of the other accounts. */
function* reportImports(
  list: readonly AccountOptions[],
  placed: ReadonlyMap<string, PlacedLinks>,
  report: Report,
): Steps<void> {
  for (const problem of yield* importProblems(list, NO_ACTIVATION)) {
    const { account, list: name, index, text } = problem;
    const at = placed.get(account)?.[name][index]?.at;
    if (at !== undefined) report.error(at, text);
  }
  yield* forEachInSteps(
    placed.values(),
    ACCOUNTS_PER_STEP,
    ({ exports }) => reportLatencies(exports, report),
  );
}

function isReserved(name: string, at: Position, report: Report): boolean {
  const isGlobal = name === GLOBAL_ACCOUNT;
  if (isGlobal) report.error(at, `${quote(name)} is a Reserved Account`);
  return isGlobal;
}

function* readAccount(
  { at, value }: ConfigEntry,
  report: Report,
): Steps<AccountDraft> {
  const draft = defaultsOf(ACCOUNT_BLOCK);
  if (value.kind === "map") {
    yield* applyInSteps(ACCOUNT_BLOCK, value, draft, report);
  } else report.error(at, "Expected map entries for accounts");
  return draft;
}

function accountOf(name: string, draft: AccountDraft): AccountOptions {
  const { nkey, mappings, limits, defaultPermissions, trace, jetstream } =
    draft;
  // Ten thousand accounts have little each: what says nothing is shared.
  return {
    name,
    nkey,
    users: withPermissions(draft.users, defaultPermissions),
    exports: valuesOf(draft.exports),
    imports: valuesOf(draft.imports),
    mappings: mappings.length === 0 ? NONE : mappings,
    limits: isUnlimited(limits) ? UNLIMITED_ACCOUNT : limits,
    ...(defaultPermissions !== undefined && { defaultPermissions }),
    ...(trace !== undefined && { trace }),
    ...(jetstream !== undefined && { jetstream }),
  };
}

const NONE: readonly never[] = [];

function valuesOf<Value>(list: readonly Placed<Value>[]): readonly Value[] {
  return list.length === 0 ? NONE : list.map(({ value }) => value);
}

function isUnlimited(limits: AccountLimits): boolean {
  return Object.values(limits).every((limit) => limit === -1);
}
