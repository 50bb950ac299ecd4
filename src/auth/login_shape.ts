/**
 * What a configuration means for those who connect, in one line for the log. A
 * small change of a file, such as a block without users, may open a server to
 * all or shut it; this line says which of them it was.
 */
import type {
  ServerOptions,
  TrustOptions,
  UserOptions,
} from "../options/options.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";

/** What logins follow from. */
export type LoginOptions =
  & Pick<
    ServerOptions,
    "authorization" | "accounts" | "noAuthUser" | "systemAccount"
  >
  & { readonly trust?: TrustOptions };

/** Who may come in, and as whom: `authentication: ...`. */
export function describeLogins(options: LoginOptions): string {
  const { authorization, trust } = options;
  const parts = [
    trust === undefined ? meaningOf(options) : trusted(trust),
    ...(authorization?.proxyRequired ? ["only through a proxy"] : []),
  ];
  return `authentication: ${parts.join("; ")}`;
}

function trusted({ operators, trustedKeys, ...trust }: TrustOptions): string {
  const who = operators.length > 0
    ? counted(operators.length, "operator")
    : counted(trustedKeys.length, "trusted key");
  const from = trust.resolver === undefined
    ? "where the operator says"
    : RESOLVERS[trust.resolver.kind];
  const pinned = trust.pinnedAccounts === undefined
    ? ""
    : `; only ${counted(trust.pinnedAccounts.length, "account")}`;
  const others = trust.defaultSentinel === ""
    ? ""
    : "; clients without a JWT have the default one";
  return `by JWT, under ${who}, accounts from ${from}${pinned}${others}`;
}

const RESOLVERS = {
  memory: "the configuration",
  url: "a URL",
  full: "a folder",
  cache: "a folder and other servers",
} as const;

function meaningOf(options: LoginOptions): string {
  const { authorization } = options;
  const callout = authorization?.authCallout;
  if (callout !== undefined) {
    const own = counted(callout.authUsers.length, "user");
    return `by a service in ${callout.account}; ${own} of its own`;
  }
  if (authorization?.token) {
    return `by a token, in ${GLOBAL_ACCOUNT}`;
  }
  const known = countUsers(options);
  if (known.users === 0) {
    return `none, everybody is let in to ${GLOBAL_ACCOUNT}`;
  }
  return `${shownUsers(known)}${othersOf(options, known)}`;
}

/** Who may log in, in numbers: nothing is made for any of ten thousand users. */
interface UserCount {
  users: number;
  /** Those of them who log in by key. */
  byKey: number;
  /** The accounts that have users. */
  readonly accounts: Set<string>;
  /** The account of the user that those are who bring nothing. */
  nobodysAccount: string | undefined;
}

function countUsers(
  { authorization, accounts, noAuthUser }: LoginOptions,
): UserCount {
  const count: UserCount = {
    users: 0,
    byKey: 0,
    accounts: new Set(),
    nobodysAccount: undefined,
  };
  const add = (users: readonly UserOptions[], account: string): void => {
    if (users.length > 0) count.accounts.add(account);
    count.users += users.length;
    for (const { user, nkey } of users) {
      if (nkey !== undefined) count.byKey++;
      if ((nkey ?? user) === noAuthUser) count.nobodysAccount ??= account;
    }
  };
  const { user = "", password = "", users = [] } = authorization ?? {};
  if (user !== "") add([{ user, password }], GLOBAL_ACCOUNT);
  add(users, GLOBAL_ACCOUNT);
  for (const account of accounts) add(account.users, account.name);
  return count;
}

/** `3 users, 1 of them by key, in 2 accounts`. */
function shownUsers({ users, byKey: keys, accounts }: UserCount): string {
  const [name] = accounts;
  const byKey = keys === 0
    ? ""
    : keys === users
    ? " by key"
    : `, ${keys} of them by key`;
  const where = accounts.size === 1
    ? `in ${name}`
    : `in ${counted(accounts.size, "account")}`;
  return `${counted(users, "user")}${byKey}, ${where}`;
}

/** What becomes of those who bring nothing. */
function othersOf(
  { authorization, noAuthUser, systemAccount }: LoginOptions,
  { accounts, nobodysAccount }: UserCount,
): string {
  if (noAuthUser !== "" && nobodysAccount !== undefined) {
    return `; clients without credentials are a user of ${nobodysAccount}`;
  }
  const isSystemAlone = accounts.size === 1 && accounts.has(systemAccount);
  return isSystemAlone && authorization === undefined
    ? `; clients without credentials are let in to ${GLOBAL_ACCOUNT}`
    : "";
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
