/**
 * Whether what a configuration says of logins fits together: `authorization`
 * beside `accounts`, users that exist twice, and accounts that are named.
 */
import { GLOBAL_ACCOUNT, SYSTEM_ACCOUNT } from "../../core/account_names.ts";
import type { Steps } from "../../core/steps.ts";
import type { ServerOptions, UserOptions } from "../../options/options.ts";
import type { Report } from "../dialect/diagnostic.ts";
import type { ConfigMap } from "../dialect/tree.ts";
import { quote } from "./complaints.ts";
import { findEntry } from "./entries.ts";
import { reportDuplicateUsers } from "./user_keys.ts";

/** Says what does not fit. */
export function* checkLogins(
  options: ServerOptions,
  root: ConfigMap,
  report: Report,
): Steps<void> {
  // Of what has no mistakes the options know as much, and are sooner asked.
  if (report.errors.length > 0 || (yield* hasDuplicateUsers(options))) {
    yield* reportDuplicateUsers(mapsWithUsers(root), report);
  }
  checkSingleUser(options, root, report);
  checkNoAuthUser(options, options.noAuthUser, root, report);
  checkWebSocket(options, root, report);
  checkSystemAccount(options, root, report);
  checkCallout(options, root, report);
}

/** Users that take as long to look at as a step. */
const USERS_PER_STEP = 1024;

function* hasDuplicateUsers(options: ServerOptions): Steps<boolean> {
  const seen = { user: new Set<string>(), nkey: new Set<string>() };
  let count = 0;
  for (const { user, nkey } of usersOf(options)) {
    if (nkey === undefined) seen.user.add(user);
    else seen.nkey.add(nkey);
    if (++count % USERS_PER_STEP === 0) yield;
  }
  return seen.user.size + seen.nkey.size < count;
}

function* usersOf(
  { authorization, accounts }: ServerOptions,
): Generator<UserOptions> {
  yield* authorization?.users ?? [];
  for (const { users } of accounts) yield* users;
}

/** The maps that may have `users`. */
function* mapsWithUsers(root: ConfigMap): Generator<ConfigMap> {
  const authorization = findEntry(root, "authorization")?.value;
  if (authorization?.kind === "map") yield authorization;
  const accounts = findEntry(root, "accounts")?.value;
  if (accounts?.kind !== "map") return;
  for (const { value } of accounts.entries.values()) {
    if (value.kind === "map") yield value;
  }
}

// NATS: accounts may stand beside one user or a token as long as nobody logs
// in to them.
function checkSingleUser(
  { authorization, accounts }: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const entry = findEntry(root, "accounts");
  if (entry === undefined) return;
  if (accounts.every(({ users }) => users.length === 0)) return;
  if (authorization?.user) {
    report.error(entry.at, "Can not have a single user/pass and accounts");
  }
  if (authorization?.token) {
    report.error(entry.at, "Can not have a token and accounts");
  }
}

/** Logins of `websocket` beside those of all clients. */
function checkWebSocket(
  options: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const block = findEntry(root, "websocket", "ws")?.value;
  const { websocket, trust } = options;
  if (websocket === undefined || block?.kind !== "map") return;
  const { authorization, noAuthUser, jwtCookie } = websocket;
  checkNoAuthUser(options, noAuthUser, block, report);
  const refuse = (names: readonly string[], text: string): void =>
    report.error(findEntry(block, ...names)?.at ?? block.at, text);
  const hasUsers = !usersOf(options).next().done;
  for (
    const [what, value] of [
      ["username", authorization?.user],
      ["token", authorization?.token],
    ] as const
  ) {
    if (!value || !hasUsers) continue;
    refuse(
      ["authorization", "authentication"],
      `websocket authentication ${what} not compatible with presence of ` +
        "users/nkeys",
    );
  }
  if (jwtCookie === "" || trust !== undefined) return;
  refuse(
    ["jwt_cookie"],
    "trusted operators or trusted keys configuration is required for JWT " +
      `authentication via cookie ${quote(jwtCookie)}`,
  );
}

function checkNoAuthUser(
  options: ServerOptions,
  noAuthUser: string,
  block: ConfigMap,
  report: Report,
): void {
  const entry = findEntry(block, "no_auth_user");
  const isIdle = noAuthUser === "" || options.trust !== undefined;
  if (entry === undefined || isIdle) return;
  const users = [...usersOf(options)];
  if (users.length === 0) {
    report.error(
      entry.at,
      `no_auth_user: "${noAuthUser}" present, but users/nkeys are not defined`,
    );
  } else if (!users.some(({ user, nkey }) => noAuthUser === (nkey ?? user))) {
    report.error(
      entry.at,
      `no_auth_user: "${noAuthUser}" not present as user or nkey in ` +
        "authorization block or account configuration",
    );
  }
}

function checkSystemAccount(
  { accounts, systemAccount, trust }: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const entry = findEntry(root, "system_account", "system");
  if (entry === undefined || ["", SYSTEM_ACCOUNT].includes(systemAccount)) {
    return;
  }
  if (accounts.some(({ name }) => name === systemAccount)) return;
  // An operator's accounts are not in the file.
  if (trust !== undefined) return;
  report.error(entry.at, "error resolving system account: account missing");
}

/** NATS: not all of this is checked there before a client comes. */
function checkCallout(
  { authorization, accounts }: ServerOptions,
  root: ConfigMap,
  report: Report,
): void {
  const block = findEntry(root, "authorization")?.value;
  const { authCallout } = authorization ?? {};
  if (authCallout === undefined || block?.kind !== "map") return;
  const entry = findEntry(block, "auth_callout", "auth_hook");
  const known = [GLOBAL_ACCOUNT, ...accounts.map(({ name }) => name)];
  const { account, allowedAccounts } = authCallout;
  const refuse = (key: string, name: string): void => {
    const map = entry?.value.kind === "map" ? entry.value : root;
    const at = findEntry(map, ...key.split(" "))?.at ?? map.at;
    const what = key === "allowed_accounts" ? "allowed account" : "account";
    report.error(
      at,
      `auth_callout ${what} ${quote(name)} not found in configured accounts`,
    );
  };
  if (!known.includes(account)) refuse("account acc", account);
  for (const name of allowedAccounts.filter((name) => !known.includes(name))) {
    refuse("allowed_accounts", name);
  }
}
