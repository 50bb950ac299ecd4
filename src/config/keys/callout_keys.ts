/** `auth_callout`: a service that decides who may log in. */
import { GLOBAL_ACCOUNT } from "../../core/account_names.ts";
import { isPublicKey } from "../../core/key_text.ts";
import type { AuthCalloutOptions } from "../../options/options.ts";
import { described, goType, quote } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyEntries } from "./entries.ts";
import { type Reader, string } from "./readers.ts";
import { rowsOf } from "./rows.ts";
import type { Block, Writable } from "./schema.ts";

/** Names of users or accounts; `name` is what errors call the key. */
function namesOf(name: string): Reader<readonly string[]> {
  return {
    kind: "list of names",
    type: "string[]",
    written: "readonly string[]",
    read({ at, value }, report) {
      if (value.kind !== "array") {
        const got = goType(value);
        report.error(at, `Expected ${name} field to be an array, got ${got}`);
        return undefined;
      }
      return value.items.flatMap((item) => {
        if (item.kind === "string") return [item.value];
        report.error(item.at, `A name must be a string, got ${goType(item)}`);
        return [];
      });
    },
  };
}

const issuer: Reader<string> = {
  ...string,
  kind: "public key",
  read(entry, report) {
    const key = string.read(entry, report);
    if (!key || isPublicKey(key, "A")) return key;
    report.error(
      entry.at,
      "Expected callout user to be a valid public account nkey, got " +
        quote(key),
    );
    return undefined;
  },
};

const curveKey: Reader<string> = {
  ...string,
  kind: "public key",
  read(entry, report) {
    const key = string.read(entry, report);
    if (!key || isPublicKey(key, "X")) return key;
    report.error(
      entry.at,
      `Expected callout xkey to be a valid public xkey, got ${quote(key)}`,
    );
    return undefined;
  },
};

type CalloutDraft = Writable<AuthCalloutOptions>;

const rows = rowsOf<CalloutDraft>();

/** `auth_callout`. */
export const CALLOUT_BLOCK: Block<CalloutDraft> = {
  place: "`auth_callout`",
  unknownField: (name) => `Unknown field ${name} parsing authorization callout`,
  types: {
    options: "AuthCalloutOptions",
    optionsText: "",
    isByHand: true,
    config: "AuthCalloutConfig",
    configText: "A service inside the server that decides who may log in.",
  },
  keys: [
    rows.option({
      names: ["issuer"],
      field: "issuer",
      reader: issuer,
      default: "",
      isRequired: true,
      text: "The public account key that signs its answers.",
      reload: "restart",
    }),
    rows.option({
      names: ["account", "acc"],
      field: "account",
      reader: string,
      default: GLOBAL_ACCOUNT,
      text: "The account that the service is in.",
      reload: "restart",
    }),
    rows.option({
      names: ["auth_users", "users"],
      field: "authUsers",
      reader: namesOf("auth_users"),
      default: [],
      isRequired: true,
      text:
        "Users, by name or key, that log in without it: the service itself.",
      reload: "restart",
    }),
    rows.option({
      names: ["xkey", "key"],
      field: "xkey",
      reader: curveKey,
      default: "",
      text: "The public curve key that requests are sealed for.",
      reload: "restart",
    }),
    rows.option({
      names: ["allowed_accounts"],
      field: "allowedAccounts",
      reader: namesOf("allowed_accounts"),
      default: [],
      text: "Accounts whose users it decides about; all unless set.",
      reload: "restart",
    }),
  ],
};

export const callout: Reader<AuthCalloutOptions> = {
  kind: "map",
  type: "AuthCalloutOptions",
  written: "AuthCalloutConfig",
  read({ at, value }, report) {
    if (value.kind !== "map") {
      const got = described(value);
      report.error(
        at,
        `Expected authorization callout to be a map/struct, got ${got}`,
      );
      return undefined;
    }
    const before = report.errors.length;
    const draft = defaultsOf(CALLOUT_BLOCK);
    applyEntries(CALLOUT_BLOCK, value, draft, report);
    if (report.errors.length > before) return undefined;
    if (draft.issuer === "") {
      report.error(
        at,
        "Authorization callouts require an issuer to be specified",
      );
    }
    if (draft.authUsers.length === 0) {
      report.error(
        at,
        "Authorization callouts require authorized users to be specified",
      );
    }
    return report.errors.length > before ? undefined : draft;
  },
};
