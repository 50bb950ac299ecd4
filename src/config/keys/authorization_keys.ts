/**
 * The `authorization` block, of clients and of routes: one user, one token,
 * or a list of users.
 */
import type { Report } from "../dialect/diagnostic.ts";
import {
  durationProblem,
  formatDuration,
  parseDuration,
} from "../../core/duration.ts";
import {
  type AuthorizationOptions,
  defaultAuthorizationOptions,
  type UserOptions,
} from "../../options/options.ts";
import {
  applyKeys,
  type ConfigKey,
  findEntry,
  goType,
  key,
  notYet,
  quote,
  type Reader,
  reportType,
  string,
  unlessZero,
} from "./schema.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";

/** Longer than this, an unquoted `1m`, which is a million, is the likely reason. */
const TIMEOUT_SUSPICIOUS_MS = 60_000;

const authTimeout: Reader<number> = {
  type: "seconds or duration",
  read({ key, at, value }, report) {
    const ms = timeoutMs(value);
    if (ms === undefined) {
      const what = value.kind === "string"
        ? durationProblem(value.value)
        : "wrong type";
      report.error(at, `error parsing authorization config, 'timeout' ${what}`);
    } else if (ms < 0) {
      report.error(at, `${key} value can not be negative`);
    } else {
      if (ms > TIMEOUT_SUSPICIOUS_MS) warnOfTimeout(ms, at, report);
      return ms;
    }
    return undefined;
  },
};

function timeoutMs(value: ConfigValue): number | undefined {
  if (value.kind === "string") return parseDuration(value.value);
  const isNumber = value.kind === "integer" || value.kind === "float";
  return isNumber ? value.value * 1000 : undefined;
}

function warnOfTimeout(
  ms: number,
  at: ConfigEntry["at"],
  report: Report,
): void {
  report.warn(
    at,
    `timeout of ${formatDuration(ms)} is high, consider less than 60 ` +
      `seconds; a duration in minutes needs quotes, as in "1m"`,
  );
}

const users: Reader<UserOptions[]> = {
  type: "list of users",
  read({ at, value }, report) {
    if (value.kind === "array") {
      return value.items.map((item) => readUser(item, report))
        .filter((user) => user !== undefined);
    }
    const got = describe(value);
    report.error(at, `Expected users field to be an array, got ${got}`);
    return undefined;
  },
};

type UserDraft = Partial<UserOptions>;

/** The keys of an entry of `users`. */
export const USER_KEYS: readonly ConfigKey<UserDraft>[] = [
  key(["user", "username"], string, (draft: UserDraft, name) => {
    draft.user = name;
  }, "The name that the client logs in with."),
  key(["password", "pass"], string, (draft: UserDraft, password) => {
    draft.password = password;
  }, "Its password, in clear or as a bcrypt hash."),
  notYet("nkey"),
  notYet("permissions", "permission", "authorization"),
  notYet("allowed_connection_types", "connection_types", "clients"),
  notYet("proxy_required"),
];

function readUser(item: ConfigValue, report: Report): UserOptions | undefined {
  if (item.kind !== "map") {
    report.error(
      item.at,
      `Expected user entry to be a map/struct, got ${describe(item)}`,
    );
    return undefined;
  }
  const draft: UserDraft = {};
  applyKeys(USER_KEYS, item, draft, report);
  const { user = "", password = "" } = draft;
  if (user !== "") return { user, password };
  // What is refused as such needs no second complaint.
  if (findEntry(item, "nkey", "user", "username") === undefined) {
    report.error(item.at, "User entry requires a user");
  }
  return undefined;
}

// A value that is not a user may hold a password, so only numbers and
// booleans are quoted.
function describe(value: ConfigValue): string {
  const isHarmless = value.kind === "integer" || value.kind === "float" ||
    value.kind === "boolean";
  return isHarmless ? String(value.value) : goType(value);
}

/** The keys of `authorization`, at the top and in `cluster`. */
export const AUTHORIZATION_KEYS: readonly ConfigKey<AuthorizationOptions>[] = [
  key(
    ["user", "username"],
    string,
    (options: AuthorizationOptions, name) => {
      options.user = name;
    },
    "The only user.",
  ),
  key(
    ["password", "pass"],
    string,
    (options: AuthorizationOptions, password) => {
      options.password = password;
    },
    "Its password, in clear or as a bcrypt hash.",
  ),
  key(["token"], string, (options: AuthorizationOptions, token) => {
    options.token = token;
  }, "A token instead of users, in clear or as a bcrypt hash."),
  key(["users"], users, (options: AuthorizationOptions, list) => {
    options.users = list;
  }, "Several users instead of one."),
  key(
    ["timeout"],
    unlessZero(authTimeout),
    (options: AuthorizationOptions, ms) => {
      options.timeoutMs = ms;
    },
    "How long a connection may take to log in; a number is seconds.",
  ),
  notYet("default_permissions", "default_permission", "permissions"),
  notYet("auth_callout", "auth_hook"),
  notYet("proxy_required"),
];

/**
 * Reads an `authorization` block. A block that names nobody who may log in
 * gives undefined: everybody may, as in nats-server.
 */
export function readAuthorization(
  entry: ConfigEntry,
  report: Report,
): AuthorizationOptions | undefined {
  const { value } = entry;
  if (value.kind !== "map") {
    reportType(entry, "map", report);
    return undefined;
  }
  const options = defaultAuthorizationOptions();
  applyKeys(AUTHORIZATION_KEYS, value, options, report);
  checkTogether(options, value, report);
  return namesSomebody(options) ? options : undefined;
}

/** False when nobody could log in, which means that nobody has to. */
export function namesSomebody(options: AuthorizationOptions): boolean {
  return Boolean(options.user || options.token || options.users.length > 0);
}

function checkTogether(
  { user, password, token }: AuthorizationOptions,
  block: ConfigMap,
  report: Report,
): void {
  const tokenAt = findEntry(block, "token")?.at;
  const passwordAt = findEntry(block, "password", "pass")?.at;
  const usersEntry = findEntry(block, "users");
  if (tokenAt && token && (user || password)) {
    report.error(tokenAt, "Cannot have a user/pass and token");
  } else if (passwordAt && password && !user) {
    report.error(passwordAt, "A password requires a user");
  }
  if (usersEntry === undefined) return;
  if (user) {
    report.error(
      usersEntry.at,
      "Can not have a single user/pass and a users array",
    );
  }
  if (token) {
    report.error(usersEntry.at, "Can not have a token and a users array");
  }
  reportDuplicates(usersEntry.value, report);
}

function reportDuplicates(list: ConfigValue, report: Report): void {
  const seen = new Set<string>();
  for (const item of list.kind === "array" ? list.items : []) {
    const entry = item.kind === "map"
      ? findEntry(item, "user", "username")
      : undefined;
    if (entry?.value.kind !== "string") continue;
    const name = entry.value.value;
    if (seen.has(name)) {
      report.error(entry.at, `Duplicate user ${quote(name)} detected`);
    }
    seen.add(name);
  }
}
