/**
 * Operator mode: whom the server trusts, the accounts that JWTs tell of, and the
 * door that asks for one.
 */
import type { DoorPlatform } from "../auth/users_door.ts";
import type { AccountCalloutWorld } from "../auth/operator/account_callout.ts";
import { OperatorDoor } from "../auth/operator/operator_door.ts";
import { readTrust, type Trust } from "../auth/operator/trust.ts";
import {
  type AccountsFollower,
  type Resolver,
  TrustedAccounts,
} from "../auth/operator/trusted_accounts.ts";
import { SYSTEM_ACCOUNT } from "../core/account_names.ts";
import { InvalidArgumentError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { quoted } from "../core/quote.ts";
import type { ServerOptions, TrustOptions } from "../options/options.ts";
import type { Clock } from "../platform/clock.ts";

/** What operator mode stands on. */
export interface OperatorPlatform extends DoorPlatform {
  /** The one that people set: JWTs have moments of the day. */
  readonly clock: Clock;
  readonly log: Logger;
  /** By which the services of accounts are asked about logins. */
  readonly callout: AccountCalloutWorld;
}

export class OperatorMode {
  readonly trust: Trust;
  readonly accounts: TrustedAccounts;
  readonly door: OperatorDoor;
  /** Where accounts are looked up that are not known yet. */
  resolver: Resolver = { lookup: (key) => this.#preload.get(key) };
  #preload: ReadonlyMap<string, string>;
  readonly #oddities: readonly string[];

  /** Throws an `InvalidArgumentError` for options that make no sense together. */
  constructor(
    options: ServerOptions & { readonly trust: TrustOptions },
    platform: OperatorPlatform,
    follower: AccountsFollower,
  ) {
    const { trust, systemAccount } = options;
    checkTogether(options);
    this.trust = readTrust(
      trust,
      systemAccount === SYSTEM_ACCOUNT ? "" : systemAccount,
      platform.verifySignature,
    );
    this.accounts = new TrustedAccounts({
      ...platform,
      trust: this.trust,
      resolver: { lookup: (key) => this.resolver.lookup(key) },
      follower,
    });
    this.door = new OperatorDoor({
      ...platform,
      trust: this.trust,
      accounts: this.accounts,
    });
    this.#preload = trust.preload;
    this.#oddities = this.accounts.preload(trust.preload);
    this.#checkSystemAccount(trust);
  }

  /** The accounts of the configuration may be others. */
  reload({ preload }: TrustOptions): void {
    const before = this.#preload;
    this.#preload = preload;
    for (const [key, jwt] of preload) this.accounts.accept(key, jwt);
    for (const key of before.keys()) {
      if (!preload.has(key)) this.accounts.forget(key);
    }
  }

  /** Says at the start who is trusted, and what is odd about the accounts. */
  introduce(log: Logger): void {
    const { operators, systemAccount } = this.trust;
    if (operators.length > 0) log.notice("Trusted Operators");
    for (const { name, issuedAt, expiresAt } of operators) {
      log.notice(`  System  : ${quoted(systemAccount)}`);
      log.notice(`  Operator: ${quoted(name)}`);
      log.notice(`  Issued  : ${momentText(issuedAt)}`);
      log.notice(
        `  Expires : ${expiresAt === 0 ? "Never" : momentText(expiresAt)}`,
      );
    }
    if (operators.length > 0 && systemAccount === "") {
      log.warn("Trusted Operators should utilize a System Account");
    }
    for (const text of this.#oddities) log.warn(text);
  }

  /** Without a resolver that may know it later, the system account is there at the start. */
  #checkSystemAccount({ resolver }: TrustOptions): void {
    const { systemAccount } = this.trust;
    if (systemAccount === "" || resolver?.kind !== "memory") return;
    if (this.accounts.known(systemAccount) !== undefined) return;
    throw new InvalidArgumentError(
      "error resolving system account: account missing",
    );
  }
}

function checkTogether(
  { trust, accounts, authorization, noAuthUser }: ServerOptions & {
    readonly trust: TrustOptions;
  },
): void {
  const complaint = accounts.length > 0
    ? "operators do not allow Accounts to be configured directly"
    : (authorization?.users.length ?? 0) > 0
    ? "operators do not allow users to be configured directly"
    : noAuthUser !== ""
    ? "no_auth_user not compatible with Trusted Operator"
    : trust.resolver === undefined && trust.operators.length !== 1
    ? "operators require an account resolver to be configured"
    : "";
  if (complaint !== "") throw new InvalidArgumentError(complaint);
}

/** As Go prints a moment. */
function momentText(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)} +0000 UTC`;
}
