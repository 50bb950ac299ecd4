/** Options of accounts as a test needs them: what it does not say is nothing. */
import {
  type AccountOptions,
  UNLIMITED_ACCOUNT,
} from "../../src/options/options.ts";

export function accountOptions(
  name: string,
  changes: Partial<AccountOptions> = {},
): AccountOptions {
  return {
    name,
    nkey: "",
    users: [],
    exports: [],
    imports: [],
    mappings: [],
    limits: UNLIMITED_ACCOUNT,
    ...changes,
  };
}

/** An account with one user, who has the account's name in lower case, and the password `pw`. */
export function accountWithUser(
  name: string,
  changes: Partial<AccountOptions> = {},
): AccountOptions {
  const users = [{ user: name.toLowerCase(), password: "pw" }];
  return accountOptions(name, { users, ...changes });
}
