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
import { finishSteps, type Steps } from "../../core/steps.ts";
import { AUTH_TIMEOUT_MS } from "../../core/limits.ts";
import type {
  AuthorizationOptions,
  ServerOptions,
} from "../../options/options.ts";
import type { ConfigEntry, ConfigMap, ConfigValue } from "../dialect/tree.ts";
import { callout, CALLOUT_BLOCK } from "./callout_keys.ts";
import { reportType } from "./complaints.ts";
import { defaultsOf } from "./defaults.ts";
import { applyInSteps, findEntry } from "./entries.ts";
import { text } from "./flag_rows.ts";
import { boolean, type Reader, string, unlessZero } from "./readers.ts";
import { permissions, PERMISSIONS_BLOCK } from "./permission_keys.ts";
import { rowsOf } from "./rows.ts";
import { users, withPermissions } from "./user_keys.ts";
import type { Block, KeyFlag } from "./schema.ts";

/** Longer than this, an unquoted `1m`, which is a million, is the likely reason. */
const TIMEOUT_SUSPICIOUS_MS = 60_000;

export const authTimeout: Reader<number> = {
  kind: "seconds or duration",
  type: "number",
  written: "number | string",
  unit: "ms",
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

const rows = rowsOf<AuthorizationOptions>();

/** The keys of `authorization`, at the top and in `cluster`. The flags are those of the top. */
export const AUTHORIZATION_BLOCK: Block<AuthorizationOptions> = {
  place: "`authorization`",
  types: {
    options: "AuthorizationOptions",
    optionsText:
      "Who may log in. Passwords and tokens may be hashed by bcrypt.",
    config: "AuthorizationConfig",
    configText: "`{ user, password }` or `{ token }` or `{ users }`. " +
      "Hashes made by bcrypt are recognised.",
  },
  keys: [
    rows.option({
      names: ["user", "username"],
      field: "user",
      reader: string,
      text: "The one user who may log in.",
      flags: [credentialFlag("user", "user", "user")],
      reloaded: "Reloaded: authorization username",
      reload: "now",
    }),
    rows.option({
      names: ["password", "pass"],
      field: "password",
      reader: string,
      text: "The password of `user`, in clear or as a bcrypt hash.",
      flags: [credentialFlag("pass", "password", "password")],
      reloaded: "Reloaded: authorization password",
      reload: "now",
    }),
    rows.option({
      names: ["token"],
      field: "token",
      reader: string,
      text: "A token to log in with, in clear or as a bcrypt hash.",
      flags: [credentialFlag("auth", "token", "token")],
      reloaded: "Reloaded: authorization token",
      reload: "now",
    }),
    rows.option({
      names: ["users"],
      field: "users",
      reader: users,
      default: [],
      text: "Several users instead of one.",
      reloaded: "Reloaded: authorization users",
      isAlwaysReloaded: true,
      reload: "now",
    }),
    rows.option({
      names: ["timeout"],
      field: "timeoutMs",
      reader: unlessZero(authTimeout),
      default: undefined,
      text:
        "How long a connection may take to log in: 2s, or with `tls` a second longer than a handshake.",
      reloaded: (ms: number | undefined) =>
        `Reloaded: authorization timeout = ${(ms ?? AUTH_TIMEOUT_MS) / 1000}`,
      reload: "new connections",
    }),
    rows.option({
      names: ["default_permissions", "default_permission", "permissions"],
      field: "defaultPermissions",
      inner: PERMISSIONS_BLOCK,
      reader: permissions,
      text: "For those who have no permissions of their own.",
      reloaded: "",
      reload: "now",
    }),
    rows.option({
      names: ["auth_callout", "auth_hook"],
      field: "authCallout",
      reader: callout,
      inner: CALLOUT_BLOCK,
      text: "A service that decides who may log in.",
      goField: "AuthCallout",
      reload: "restart",
    }),
    rows.option({
      names: ["proxy_required"],
      field: "proxyRequired",
      reader: boolean,
      text: "Clients have to come through one of the `proxies`.",
      goField: "ProxyRequired",
      reload: "restart",
    }),
  ],
};

/** A flag for who may log in as a client; it changes what the file says of it. */
function credentialFlag(
  name: string,
  value: string,
  field: "user" | "password" | "token",
): KeyFlag {
  const flag = text("Authorization", [name], value, (options, given) => {
    changeAuthorization(options, (authorization) => {
      authorization[field] = given;
    });
  });
  return field === "user" ? flag : { ...flag, isSecret: true };
}

function changeAuthorization(
  options: ServerOptions,
  change: (authorization: AuthorizationOptions) => void,
): void {
  const authorization = options.authorization ??
    defaultsOf(AUTHORIZATION_BLOCK);
  change(authorization);
  options.authorization = authorization;
}

/**
 * Reads an `authorization` block. One without a user and without a token asks
 * for nothing, as in nats-server.
 */
export function readAuthorization(
  entry: ConfigEntry,
  report: Report,
): AuthorizationOptions | undefined {
  return finishSteps(authorizationInSteps(entry, report));
}

/** As `readAuthorization`, in steps: it may have many users. */
export function* authorizationInSteps(
  entry: ConfigEntry,
  report: Report,
): Steps<AuthorizationOptions | undefined> {
  const { value } = entry;
  if (value.kind !== "map") {
    reportType(entry, "map", report);
    return undefined;
  }
  const options = defaultsOf(AUTHORIZATION_BLOCK);
  yield* applyInSteps(AUTHORIZATION_BLOCK, value, options, report);
  options.users = [
    ...withPermissions(options.users, options.defaultPermissions),
  ];
  checkTogether(options, value, report);
  return options;
}

/** False when there are no credentials to log in with, which means that none are needed. */
export function requiresLogin(options: AuthorizationOptions): boolean {
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
}
