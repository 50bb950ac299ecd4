/**
 * The users of a configuration, by name and by key: those of its
 * `authorization` and those of its accounts.
 */
import { forEachInSteps, type Steps } from "../core/steps.ts";
import type {
  AccountOptions,
  AuthorizationOptions,
  ConnectionType,
  PermissionsOptions,
  UserOptions,
} from "../options/options.ts";
import type { Principal } from "./door.ts";
import { isBcrypt } from "./secret_check.ts";

/** A user, and what it has to bring. */
export interface KnownUser {
  readonly principal: Principal;
  /** Empty for one that logs in by key. */
  readonly password: string;
  /** Undefined: every kind. */
  readonly connectionTypes: readonly ConnectionType[] | undefined;
  /** It comes in through a proxy only. */
  readonly needsProxy: boolean;
}

/** Where users come from. */
export interface UserSources {
  readonly authorization: AuthorizationOptions | undefined;
  readonly accounts: readonly AccountOptions[];
  /** The account of the users of `authorization`. */
  readonly account: string;
}

export interface UserTable {
  readonly byName: ReadonlyMap<string, KnownUser>;
  readonly byKey: ReadonlyMap<string, KnownUser>;
}

interface Owner {
  readonly account: string;
  /** For users without permissions of their own. */
  readonly permissions: PermissionsOptions | undefined;
}

/** Users that take as long to put into a table as a step. */
const USERS_PER_STEP = 256;

export function* userTable(sources: UserSources): Steps<UserTable> {
  const byName = new Map<string, KnownUser>();
  const byKey = new Map<string, KnownUser>();
  yield* forEachInSteps(usersOf(sources), USERS_PER_STEP, ([user, owner]) => {
    const known = knownUser(user, owner);
    if (user.nkey !== undefined) byKey.set(user.nkey, known);
    else if (user.user !== "") byName.set(user.user, known);
  });
  return { byName, byKey };
}

/** Whether there are any, even such that nobody can log in as. */
export function hasUsers(sources: UserSources): boolean {
  return !usersOf(sources).next().done;
}

/** Whether passwords stand in the configuration as they are. */
export function hasPlainPasswords(
  sources: Pick<UserSources, "authorization" | "accounts">,
): boolean {
  for (const [{ password }] of usersOf({ ...sources, account: "" })) {
    if (password !== "" && !isBcrypt(password)) return true;
  }
  return false;
}

function* usersOf(
  { authorization, accounts, account }: UserSources,
): Generator<[UserOptions, Owner], void> {
  if (authorization !== undefined) {
    const { user, password = "", users } = authorization;
    const owner = {
      account,
      permissions: authorization.defaultPermissions,
    };
    if (user !== undefined) yield [{ user, password }, owner];
    for (const each of users) yield [each, owner];
  }
  for (const { name, users, defaultPermissions } of accounts) {
    const owner = { account: name, permissions: defaultPermissions };
    for (const each of users) yield [each, owner];
  }
}

function knownUser(
  { user, password, nkey, connectionTypes, proxyRequired, ...own }: UserOptions,
  { account, permissions: defaults }: Owner,
): KnownUser {
  const permissions = own.permissions ?? defaults;
  const proof = nkey ?? password;
  return {
    principal: {
      account,
      user: nkey ?? user,
      ...((nkey !== undefined || isBcrypt(password)) && { proof }),
      ...(permissions !== undefined && { permissions }),
      // NATS monitoring: who logs in by key is vouched for by the account.
      ...(nkey !== undefined &&
        { claims: { ...NO_CLAIMS, issuerKey: account } }),
    },
    password: nkey === undefined ? password : "",
    connectionTypes,
    needsProxy: proxyRequired ?? false,
  };
}

const NO_CLAIMS = { jwt: "", name: "", tags: [], accountName: "" };
