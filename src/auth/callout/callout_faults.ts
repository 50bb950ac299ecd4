/** What a configuration says of its service for logins that cannot be. */
import { GLOBAL_ACCOUNT } from "../../core/account_names.ts";
import { quoted } from "../../core/quote.ts";
import type { ServerOptions } from "../../options/options.ts";

type FaultOptions = Pick<
  ServerOptions,
  "authorization" | "accounts" | "systemAccount"
>;

/** One line for the log for each name that there is not, in nats-server's words. */
export function calloutFaults(
  { authorization, accounts, systemAccount }: FaultOptions,
): string[] {
  const callout = authorization?.authCallout;
  if (callout === undefined) return [];
  const known = [GLOBAL_ACCOUNT, systemAccount];
  const isKnown = known.includes(callout.account) ||
    accounts.some(({ name }) => name === callout.account);
  const users = new Set([
    authorization?.user,
    ...[authorization?.users ?? [], ...accounts.map(({ users }) => users)]
      .flat().map(({ user, nkey }) => nkey ?? user),
  ]);
  // Go prints no error as `<nil>`.
  const reason = isKnown ? "<nil>" : "account missing";
  return [
    ...(isKnown
      ? []
      : [`Authorization callout account ${quoted(callout.account)} not valid`]),
    ...callout.authUsers.filter((name) => name === "" || !users.has(name))
      .map((name) =>
        `Authorization callout user ${quoted(name)} not valid: ${reason}`
      ),
  ];
}
