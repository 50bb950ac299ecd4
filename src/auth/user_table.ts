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

/** A user, and what it has to bring. Of ten thousand most never come: all is made when it is asked for. */
export class KnownUser {
  readonly #user: UserOptions;
  readonly #owner: Owner;

  constructor(user: UserOptions, owner: Owner) {
    this.#user = user;
    this.#owner = owner;
  }

  get principal(): Principal {
    return principalOf(this.#user, this.#owner);
  }

  /** Empty for one that logs in by key. */
  get password(): string {
    return this.#user.nkey === undefined ? this.#user.password : "";
  }

  /** Undefined: every kind. */
  get connectionTypes(): readonly ConnectionType[] | undefined {
    return this.#user.connectionTypes;
  }

  /** It comes in through a proxy only. */
  get needsProxy(): boolean {
    return this.#user.proxyRequired ?? false;
  }
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

/** The account of a user. */
interface Owner {
  readonly name: string;
  /** For users without permissions of their own. */
  readonly defaultPermissions?: PermissionsOptions | undefined;
}

/** Users that take as long to put into a table as a step. */
const USERS_PER_STEP = 256;

export function* userTable(sources: UserSources): Steps<UserTable> {
  const byName = new Map<string, KnownUser>();
  const byKey = new Map<string, KnownUser>();
  yield* forEachInSteps(usersOf(sources), USERS_PER_STEP, ([user, owner]) => {
    const known = new KnownUser(user, owner);
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
    const { defaultPermissions } = authorization;
    const owner = { name: account, defaultPermissions };
    if (user !== undefined) yield [{ user, password }, owner];
    for (const each of users) yield [each, owner];
  }
  for (const owner of accounts) {
    for (const each of owner.users) yield [each, owner];
  }
}

function principalOf(
  { user, password, nkey, ...own }: UserOptions,
  { name: account, defaultPermissions }: Owner,
): Principal {
  const permissions = own.permissions ?? defaultPermissions;
  const proof = nkey ?? password;
  return {
    account,
    user: nkey ?? user,
    ...((nkey !== undefined || isBcrypt(password)) && { proof }),
    ...(permissions !== undefined && { permissions }),
    // NATS monitoring: who logs in by key is vouched for by the account.
    ...(nkey !== undefined && { claims: { ...NO_CLAIMS, issuerKey: account } }),
  };
}

const NO_CLAIMS = { jwt: "", name: "", tags: [], accountName: "" };
