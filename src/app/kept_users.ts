/**
 * Users whose entries did not change keep the objects that stand for them, so
 * that what was made of these, such as compiled permissions, and what was proved
 * about them holds on. So do the exports, imports and mappings of an account.
 */
import { forEachInSteps, type Steps } from "../core/steps.ts";
import type {
  AccountOptions,
  ServerOptions,
  UserOptions,
} from "../options/options.ts";

/** Accounts, or users of one, that take as long to compare as a step. */
const ITEMS_PER_STEP = 64;

/** `next` with the users of `before` in the place of those that are equal to them. */
export function* keepingUsers(
  before: ServerOptions,
  next: ServerOptions,
): Steps<ServerOptions> {
  const { authorization } = next;
  const known = new Map(
    before.accounts.map((account) => [account.name, account]),
  );
  const accounts: AccountOptions[] = [];
  for (const account of next.accounts) {
    accounts.push(yield* keepingAccount(known.get(account.name), account));
    if (accounts.length % ITEMS_PER_STEP === 0) yield;
  }
  return {
    ...next,
    accounts,
    authorization: authorization && {
      ...authorization,
      users: yield* keepingEqual(
        before.authorization?.users ?? [],
        authorization.users,
      ),
    },
  };
}

/** `next` with the users of `before`, and with all else that is equal there. */
function* keepingAccount(
  before: AccountOptions | undefined,
  next: AccountOptions,
): Steps<AccountOptions> {
  if (before === undefined) return next;
  const users = yield* keepingEqual(before.users, next.users);
  const kept: Record<string, unknown> = { ...next, users };
  const old = before as unknown as Readonly<Record<string, unknown>>;
  for (const name in kept) {
    if (isEqual(old[name], kept[name])) kept[name] = old[name];
  }
  // The fields of `next`, with values of their types.
  return kept as unknown as AccountOptions;
}

function* keepingEqual(
  before: readonly UserOptions[],
  next: readonly UserOptions[],
): Steps<UserOptions[]> {
  // Most files have the same users in the same places: then no map is made.
  let byName: Map<string, UserOptions> | undefined;
  const known = (user: UserOptions, place: number): UserOptions | undefined => {
    const old = before[place];
    if (old !== undefined && nameOf(old) === nameOf(user)) return old;
    byName ??= new Map(before.map((user) => [nameOf(user), user]));
    return byName.get(nameOf(user));
  };
  const kept: UserOptions[] = [];
  yield* forEachInSteps(next, ITEMS_PER_STEP, (user) => {
    const old = known(user, kept.length);
    kept.push(old !== undefined && isEqual(old, user) ? old : user);
  });
  return kept;
}

function nameOf({ user, nkey }: UserOptions): string {
  return nkey ?? user;
}

/** As values, with lists in the same order. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  // Asked of thousands of users: no list of names is made for it.
  for (const name in one) {
    if (!isEqual(one[name], other[name])) return false;
  }
  for (const name in other) {
    if (one[name] === undefined && other[name] !== undefined) return false;
  }
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
