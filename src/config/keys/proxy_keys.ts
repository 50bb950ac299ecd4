/** `proxies`: the proxies that clients may come through. */
import { isAnyPublicKey } from "../../core/key_text.ts";
import type { ProxiesOptions, ServerOptions } from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigValue } from "../dialect/tree.ts";
import { goType, quote } from "./complaints.ts";
import { applyEntries } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, ConfigKey } from "./schema.ts";

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
    if (key === undefined || isAnyPublicKey(key)) return key;
    report.error(entry.at, `invalid proxy key ${quote(key)}`);
    return undefined;
  },
};

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
    return draft;
  },
};

/** Which of them came and went; a block that is not there has none. */
function movedProxies(
  after: ProxiesOptions | undefined,
  before: ProxiesOptions | undefined,
): string[] {
  const tell = (
    from: ProxiesOptions | undefined,
    to: ProxiesOptions | undefined,
    what: string,
  ): string[] => {
    const kept = new Set(to?.trustedKeys);
    const moved = from?.trustedKeys.filter((key) => !kept.has(key)) ?? [];
    const list = moved.map(quote).join(" ");
    return moved.length === 0
      ? []
      : [`Reloaded: proxies trusted keys [${list}] were ${what}`];
  };
  return [...tell(before, after, "removed"), ...tell(after, before, "added")];
}

export const PROXIES_KEY: ConfigKey<ServerOptions> = rowsOf<ServerOptions>()
  .option({
    names: ["proxies"],
    field: "proxies",
    reader: proxies,
    inner: PROXIES_BLOCK,
    default: undefined,
    text: "Proxies that clients may come through.",
    reloaded: movedProxies,
    reload: "now",
  });
