/**
 * Users whose entries did not change keep the objects that stand for them, so
 * that what was made of these, such as compiled permissions, and what was proved
 * about them holds on.
 */
import type { ServerOptions, UserOptions } from "../options/options.ts";

/** `next` with the users of `before` in the place of those that are equal to them. */
export function keepingUsers(
  before: ServerOptions,
  next: ServerOptions,
): ServerOptions {
  const { authorization, accounts } = next;
  const known = new Map(before.accounts.map((account) => [
    account.name,
    account,
  ]));
  const kept = accounts.map((account) => {
    const { users = [], defaultPermissions } = known.get(account.name) ?? {};
    return {
      ...account,
      users: keepEqual(users, account.users),
      ...(account.defaultPermissions !== undefined && {
        defaultPermissions: isEqual(
            defaultPermissions,
            account.defaultPermissions,
          )
          ? defaultPermissions!
          : account.defaultPermissions,
      }),
    };
  });
  return {
    ...next,
    accounts: kept,
    authorization: authorization && {
      ...authorization,
      users: keepEqual(before.authorization?.users ?? [], authorization.users),
    },
  };
}

function keepEqual(
  before: readonly UserOptions[],
  next: readonly UserOptions[],
): UserOptions[] {
  const known = new Map(before.map((user) => [user.nkey ?? user.user, user]));
  return next.map((user) => {
    const old = known.get(user.nkey ?? user.user);
    return old !== undefined && isEqual(old, user) ? old : user;
  });
}

/** As values, with lists in the same order. */
function isEqual(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isObject(one) || !isObject(other)) return false;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Array.isArray(one) === Array.isArray(other) &&
    [...names].every((name) => isEqual(one[name], other[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
