/** The accounts of a broker, as its options or its operator have them. */
import {
  Accounts,
  type AccountsSettings,
  plainAccount,
} from "../accounts/accounts.ts";
import { GLOBAL_ACCOUNT } from "../core/account_names.ts";
import type { WorkMeter } from "../core/work_meter.ts";
import type { AccountOptions, ServerOptions } from "../options/options.ts";
import type { OperatorMode } from "./operator_mode.ts";

export function accountsOf(
  options: ServerOptions,
  meter: WorkMeter,
  parts: Pick<AccountsSettings, "mapping" | "imports">,
  operator: OperatorMode | undefined,
): Accounts {
  const accounts = new Accounts({
    sublistCache: !options.disableSublistCache,
    meter,
    ...parts,
  });
  if (operator === undefined) {
    accounts.configure(configuredAccounts(options), options.systemAccount);
  } else {
    const { trust, accounts: trusted } = operator;
    accounts.configure(trusted.options(), trust.systemAccount);
  }
  return accounts;
}

/** Those that are configured, with the global one where it maps subjects. */
export function configuredAccounts(
  { accounts, mappings }: ServerOptions,
): AccountOptions[] {
  if (mappings.length === 0) return accounts;
  return [{ ...plainAccount(GLOBAL_ACCOUNT), mappings }, ...accounts];
}
