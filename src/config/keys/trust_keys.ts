/** Keys of the top level: whom the server trusts besides its own configuration. */
import { isPublicKey, type KeyKind } from "../../core/nkeys.ts";
import type {
  ProxiesOptions,
  ServerOptions,
  TrustOptions,
} from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigEntry, ConfigValue } from "../dialect/tree.ts";
import { goType, quote, reportMissing } from "./complaints.ts";
import { applyEntries } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { resolver, RESOLVER_BLOCK } from "./resolver_keys.ts";
import { TLS_SHAPE } from "./missing_shapes.ts";
import { refused, rowsOf } from "./rows.ts";
import type { Block, BlockFacts, ConfigKey, Names, Reload } from "./schema.ts";

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

/** A proxy's entry while it is read. */
interface ProxyDraft {
  key: string;
}

const proxyRows = rowsOf<ProxyDraft>();

const proxyKey: Reader<string> = {
  ...string,
  kind: "public key",
  read(entry, report) {
    const key = string.read(entry, report);
    if (key === undefined || isAnyKey(key)) return key;
    report.error(entry.at, `invalid proxy key ${quote(key)}`);
    return undefined;
  },
};

const KINDS: readonly KeyKind[] = ["O", "A", "U", "N", "C", "X"];

function isAnyKey(text: string): boolean {
  return KINDS.some((kind) => isPublicKey(text, kind));
}

/** One of the proxies. */
export const PROXY_BLOCK: Block<ProxyDraft> = {
  place: "an entry of `trusted` in `proxies`",
  types: {
    options: "string",
    optionsText: "",
    isByHand: true,
    config: "ProxyConfig",
    configText: "A proxy that clients may come through.",
  },
  keys: [
    proxyRows.option({
      names: ["key", "public_key"],
      field: "key",
      reader: proxyKey,
      default: "",
      isRequired: true,
      text: "The public key by which it signs.",
      reload: "now",
    }),
  ],
};

function readProxy(item: ConfigValue, report: Report): string[] {
  if (item.kind !== "map") {
    report.error(
      item.at,
      `expected proxies' trusted entry to be a map/struct, got ${goType(item)}`,
    );
    return [];
  }
  const before = report.errors.length;
  const draft: ProxyDraft = { key: "" };
  applyEntries(PROXY_BLOCK, item, draft, report);
  if (draft.key === "" && report.errors.length === before) {
    report.error(item.at, 'proxy trusted key "" is invalid');
  }
  return draft.key === "" ? [] : [draft.key];
}

const trustedProxies: Reader<readonly string[]> = {
  kind: "list of proxies",
  type: "string[]",
  written: "readonly ProxyConfig[]",
  read({ at, value }, report) {
    if (value.kind === "array") {
      return value.items.flatMap((item) => readProxy(item, report));
    }
    report.error(
      at,
      `expected proxies' trusted field to be an array, got ${goType(value)}`,
    );
    return undefined;
  },
};

interface ProxiesDraft {
  trustedKeys: readonly string[];
}

const proxiesRows = rowsOf<ProxiesDraft>();

/** `proxies`. */
export const PROXIES_BLOCK: Block<ProxiesDraft> = {
  place: "`proxies`",
  types: {
    options: "ProxiesOptions",
    optionsText: "",
    isByHand: true,
    config: "ProxiesConfig",
    configText: "Proxies that clients may come through.",
  },
  keys: [
    proxiesRows.option({
      names: ["trusted"],
      field: "trustedKeys",
      reader: trustedProxies,
      default: [],
      text: "Who they are.",
      reload: "now",
    }),
  ],
};

const proxies: Reader<ProxiesOptions> = {
  kind: "map",
  type: "ProxiesOptions",
  written: "ProxiesConfig",
  read(entry, report) {
    const { at, value } = entry;
    if (value.kind !== "map") {
      report.error(
        at,
        `expected proxies to be a map/struct, got ${goType(value)}`,
      );
      return undefined;
    }
    const draft: ProxiesDraft = { trustedKeys: [] };
    applyEntries(PROXIES_BLOCK, value, draft, report);
    if (draft.trustedKeys.length > 0) {
      reportMissing(entry, "login by way of a proxy", report);
    }
    return draft;
  },
};

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
  rows.option({
    names: ["proxies"],
    field: "proxies",
    reader: proxies,
    inner: PROXIES_BLOCK,
    default: undefined,
    text: "Proxies that clients may come through.",
    reloaded: "",
    reload: "now",
  }),
  refused(
    ["resolver_tls"],
    "JWTs would come from a server that nobody has checked.",
    "now",
    TLS_SHAPE,
  ),
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
