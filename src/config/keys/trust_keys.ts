/** Keys of the top level: whom the server trusts besides its own configuration. */
import { isPublicKey, type KeyKind } from "../../core/key_text.ts";
import type { ServerOptions, TrustOptions } from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry } from "../dialect/tree.ts";
import { goType, quote } from "./complaints.ts";
import { PROXIES_KEY } from "./proxy_keys.ts";
import { type Reader, string } from "./readers.ts";
import { resolver, RESOLVER_BLOCK } from "./resolver_keys.ts";
import { rowsOf } from "./rows.ts";
import type { BlockFacts, ConfigKey, Names, Reload } from "./schema.ts";

const LIST = {
  type: "string[]",
  written: "string | readonly string[]",
};

/** A text, or a list of texts; an empty text is none. */
function texts(
  { key, at, value }: ConfigEntry,
  unsupported: string,
  report: Report,
): string[] {
  const items = value.kind === "array" ? value.items : [value];
  return items.flatMap((item) => {
    if (item.kind === "string") return item.value === "" ? [] : [item.value];
    const where = item === value ? "" : "in array ";
    const type = goType(item);
    report.error(
      item === value ? at : item.at,
      `error parsing ${unsupported || key}: unsupported type ${where}${type}`,
    );
    return [];
  });
}

/** Public keys of one kind; `wrong` is the error for one that is none. */
function publicKeys(
  kind: KeyKind,
  name: string,
  wrong: (key: string) => string,
): Reader<string[]> {
  return {
    ...LIST,
    kind: "public key or list of them",
    read(entry, report) {
      const keys = texts(entry, name, report);
      const bad = keys.filter((key) => !isPublicKey(key, kind));
      for (const key of bad) report.error(entry.at, wrong(key));
      return keys;
    },
  };
}

const operators: Reader<string[]> = {
  ...LIST,
  kind: "JWT or file, or list of them",
  read: (entry, report) => texts(entry, "operator", report),
};

/** JWTs of accounts, by the accounts' keys. */
const preload: Reader<ReadonlyMap<string, string>> = {
  kind: "map of JWTs",
  type: "ReadonlyMap<string, string>",
  written: "Readonly<Record<string, string>>",
  read({ at, value }, report) {
    if (value.kind !== "map") {
      report.error(
        at,
        "preload should be a map of account_public_key:account_jwt",
      );
      return undefined;
    }
    const jwts = new Map<string, string>();
    for (const { key, at, value: jwt, isVariable } of value.entries.values()) {
      if (isVariable) continue;
      if (jwt.kind === "string" && isPublicKey(key, "A")) {
        jwts.set(key, jwt.value);
      } else report.error(at, "invalid account JWT");
    }
    return jwts;
  },
};

const rows = rowsOf<ServerOptions>();

const NOBODY: TrustOptions = {
  operators: [],
  trustedKeys: [],
  resolver: undefined,
  preload: new Map(),
  pinnedAccounts: undefined,
  defaultSentinel: "",
};

interface TrustRow<Value> {
  readonly names: Names;
  readonly reader: Reader<Value>;
  readonly inner?: BlockFacts;
  readonly text: string;
  readonly reload: Reload;
  /** What the value says of trust. */
  part(value: Value): Partial<TrustOptions>;
}

function trustRow<Value>(
  { part, ...row }: TrustRow<Value>,
): ConfigKey<ServerOptions> {
  return rows.key({
    ...row,
    sets: ["trust"],
    set(options, value) {
      options.trust = { ...NOBODY, ...options.trust, ...part(value) };
    },
  });
}

/** Whom the server trusts. */
export const TRUST_KEYS: readonly ConfigKey<ServerOptions>[] = [
  trustRow({
    names: [
      "operator",
      "operators",
      "root",
      "roots",
      "root_operator",
      "root_operators",
    ],
    reader: operators,
    part: (operators) => ({ operators }),
    text: "Operators whose accounts are trusted: JWTs, or files with one.",
    reload: "restart",
  }),
  trustRow({
    names: ["trusted_keys", "trusted"],
    reader: publicKeys(
      "O",
      "trusted",
      (key) =>
        `trust key ${quote(key)} required to be a valid public operator nkey`,
    ),
    part: (trustedKeys) => ({ trustedKeys }),
    text: "Public keys of operators, without their JWTs.",
    reload: "restart",
  }),
  trustRow({
    names: ["resolver", "account_resolver", "accounts_resolver"],
    reader: resolver,
    inner: RESOLVER_BLOCK,
    part: (resolver) => ({ resolver }),
    text: "Where the JWTs of accounts come from.",
    reload: "restart",
  }),
  trustRow({
    names: ["resolver_preload"],
    reader: preload,
    part: (preload) => ({ preload }),
    text: "JWTs of accounts, by the accounts' public keys.",
    reload: "now",
  }),
  trustRow({
    names: ["resolver_pinned_accounts"],
    reader: publicKeys(
      "A",
      "resolver_pinned_accounts",
      (key) =>
        `pinned account key ${quote(key)} is not a valid public account nkey`,
    ),
    part: (keys) => ({
      pinnedAccounts: keys.length === 0 ? undefined : keys,
    }),
    text: "The only accounts that may be logged in to; all unless set.",
    reload: "restart",
  }),
  trustRow({
    names: ["default_sentinel"],
    reader: string,
    part: (defaultSentinel) => ({ defaultSentinel }),
    text: "The bearer JWT of clients that bring none.",
    reload: "new connections",
  }),
  PROXIES_KEY,
];

/** JWTs are long, and nobody compares them by eye. */
const unshown = (name: string) => (): Readonly<Record<string, unknown>> => ({
  [name]: "[...]",
});

/** What a reload compares in operator mode. */
export const TRUST_FACTS: BlockFacts = {
  place: "operator mode",
  types: {
    options: "TrustOptions",
    optionsText: "Whom a server trusts.",
    config: "never",
    configText: "",
  },
  keys: [],
  others: [
    {
      field: "operators",
      type: "string[]",
      text: "The JWTs of operators.",
      goField: unshown("TrustedOperators"),
      default: [],
      reload: "restart",
    },
    {
      field: "trustedKeys",
      type: "string[]",
      text: "Public keys that are trusted as those of operators.",
      goField: "TrustedKeys",
      default: [],
      reload: "restart",
    },
    {
      field: "resolver",
      type: "ResolverOptions",
      text: "Where the JWTs of accounts are found.",
      refusal: "moving to or from an account resolver",
      reload: "restart",
    },
    {
      field: "preload",
      type: "Map<string, string>",
      text: "JWTs of accounts.",
      reloaded: "",
      reload: "now",
    },
    {
      field: "pinnedAccounts",
      type: "string[]",
      text: "Users of no other accounts come in.",
      goField: "ResolverPinnedAccounts",
      reload: "restart",
    },
    {
      field: "defaultSentinel",
      type: "string",
      text: "The JWT of a client that brings none.",
      goField: unshown("DefaultSentinel"),
      default: "",
      reload: "restart",
    },
  ],
};
