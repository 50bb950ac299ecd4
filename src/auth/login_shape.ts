/**
 * What a configuration means for those who connect, in one line for the log. A
 * small change of a file, such as a block without users, may open a server to
 * all or shut it; this line says which of them it was.
 */
import type {
  AccountOptions,
  AuthorizationOptions,
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
  const { authorization, accounts } = options;
  const known = knownUsers(authorization, accounts);
  const callout = authorization?.authCallout;
  if (callout !== undefined) {
    const own = counted(callout.authUsers.length, "user");
    return `by a service in ${callout.account}; ${own} of its own`;
  }
  if (authorization?.token) {
    return `by a token, in ${GLOBAL_ACCOUNT}`;
  }
  if (known.length === 0) {
    return `none, everybody is let in to ${GLOBAL_ACCOUNT}`;
  }
  return `${shownUsers(known)}${othersOf(options, known)}`;
}

interface PlacedUser {
  readonly user: UserOptions;
  readonly account: string;
}

function knownUsers(
  authorization: AuthorizationOptions | undefined,
  accounts: readonly AccountOptions[],
): PlacedUser[] {
  const { user = "", password = "", users = [] } = authorization ?? {};
  const single = user === "" ? [] : [{ user, password }];
  return [
    ...[...single, ...users].map((user) => ({ user, account: GLOBAL_ACCOUNT })),
    ...accounts.flatMap(({ name, users }) =>
      users.map((user) => ({ user, account: name }))
    ),
  ];
}

/** `3 users, 1 of them by key, in 2 accounts`. */
function shownUsers(known: readonly PlacedUser[]): string {
  const keys = known.filter(({ user }) => user.nkey !== undefined).length;
  const names = [...new Set(known.map(({ account }) => account))];
  const byKey = keys === 0
    ? ""
    : keys === known.length
    ? " by key"
    : `, ${keys} of them by key`;
  const where = names.length === 1
    ? `in ${names[0]}`
    : `in ${counted(names.length, "account")}`;
  return `${counted(known.length, "user")}${byKey}, ${where}`;
}

/** What becomes of those who bring nothing. */
function othersOf(
  { authorization, noAuthUser, systemAccount }: LoginOptions,
  known: readonly PlacedUser[],
): string {
  const nobody = known.find(({ user }) =>
    (user.nkey ?? user.user) === noAuthUser
  );
  if (noAuthUser !== "" && nobody !== undefined) {
    return `; clients without credentials are a user of ${nobody.account}`;
  }
  const isSystemAlone = known.every(({ account }) => account === systemAccount);
  return isSystemAlone && authorization === undefined
    ? `; clients without credentials are let in to ${GLOBAL_ACCOUNT}`
    : "";
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
