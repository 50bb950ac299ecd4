/**
 * The accounts that a server in operator mode knows: what their JWTs claim, and
 * what follows from that. A JWT comes by the configuration, by a resolver that
 * is asked for it, or because it is pushed; whichever way, it has to be
 * signed by a trusted key, and nothing may be wrong with it.
 */
import type { Logger } from "../../core/log.ts";
import type { ActivationCheck } from "../../options/import_rules.ts";
import type { AccountOptions } from "../../options/options.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import { accountOptions } from "../jwt/account_options.ts";
import { checkAccount } from "../jwt/check_account.ts";
import { checkActivation } from "../jwt/check_imports.ts";
import type { AccountClaims, SigningRole } from "../jwt/claims.ts";
import { decodeAccountJwt, decodeActivationJwt } from "../jwt/decode.ts";
import { checkMoments, type Issue, Issues } from "../jwt/issues.ts";
import { LookupLanes } from "../resolver/lookup_lanes.ts";
import type { Trust } from "./trust.ts";

/** Where JWTs of accounts are found. */
export interface Resolver {
  /** Undefined: there is no such account. Throws, or rejects, with the reason why it cannot be told. */
  lookup(key: string): string | undefined | Promise<string | undefined>;
}

/** An account, and what its JWT says. */
export interface TrustedAccount {
  readonly jwt: string;
  readonly claims: AccountClaims;
  readonly options: AccountOptions;
  /** The keys that sign its users, with the roles of those. */
  readonly signers: ReadonlyMap<string, SigningRole | undefined>;
}

/** What becomes of accounts is told to. */
export interface AccountsFollower {
  /** The account is there, or is another one than before. */
  put(options: AccountOptions): void;
  /** What was true of the account's users may not be true any more. */
  changed(key: string): void;
}

export interface TrustedAccountsWorld {
  readonly trust: Trust;
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly log: Logger;
  readonly verifySignature: VerifySignature;
  readonly follower: AccountsFollower;
}

/** Why an account's JWT is of no use, in nats-server's words. */
const AccountFault = {
  MISSING: "account missing",
  INVALID: "account validation failed",
} as const;

interface Entry extends TrustedAccount {
  readonly expiry: Timer | undefined;
}

/** A JWT that was read: what is wrong with it, or else what it claims. */
interface ReadJwt {
  readonly fault: string;
  readonly issues?: Issues;
  readonly claims?: AccountClaims;
}

export class TrustedAccounts {
  readonly #world: TrustedAccountsWorld;
  readonly #accounts = new Map<string, Entry>();
  readonly #lookups = new Map<string, Promise<void>>();
  readonly #lanes = new LookupLanes();

  constructor(world: TrustedAccountsWorld) {
    this.#world = world;
  }

  /**
   * Takes the JWTs of a configuration. Gives what is wrong with some of them, line
   * by line. Nobody is told of the accounts.
   */
  preload(jwts: ReadonlyMap<string, string>): string[] {
    const wrong: string[] = [];
    for (const [key, jwt] of jwts) {
      const { claims, issues } = this.#read(key, jwt);
      if (claims !== undefined) this.#store(jwt, claims);
      else if (issues === undefined || !issues.areFatal) {
        wrong.push(`Preloaded account [${key}] not valid`);
      } else {
        wrong.push(`Account [${key}] has validation issues:`);
        wrong.push(...issues.list.map(({ text }) => `  - ${text}`));
      }
    }
    return wrong;
  }

  /** What is known of the account now. */
  known(key: string): TrustedAccount | undefined {
    return this.#accounts.get(key);
  }

  /** What is odd about the account's JWT now. */
  issuesOf(key: string): readonly Issue[] {
    const claims = this.known(key)?.claims;
    if (claims === undefined) return [];
    const { clock, verifySignature } = this.#world;
    return checkAccount(claims, clock.now() / 1000, verifySignature).list;
  }

  /** Of all that are known. */
  options(): AccountOptions[] {
    return [...this.#accounts.values()].map(({ options }) => options);
  }

  /** Finds the account, and those that it imports from. Rejects with the reason why it is not to be had. */
  async find(key: string): Promise<TrustedAccount> {
    await this.#load(key);
    const account = this.known(key);
    if (account === undefined) throw new Error(AccountFault.MISSING);
    return account;
  }

  /**
   * Takes a JWT for that of the account `key`. Gives what is wrong with it,
   * empty where nothing is.
   */
  accept(key: string, jwt: string): string {
    if (this.#accounts.get(key)?.jwt === jwt) {
      this.#world.log.debug(
        `Requested account update for [${key}], same claims detected`,
      );
      return "";
    }
    const { fault, claims } = this.#read(key, jwt);
    if (claims === undefined) return fault;
    this.#put(jwt, claims);
    return "";
  }

  /** What is wrong with a JWT for that of the account `key`; empty: nothing. */
  faultOf(key: string, jwt: string): string {
    return this.#read(key, jwt).fault;
  }

  /** The account is deleted: its users are not welcome any more. */
  forget(key: string): void {
    this.#accounts.get(key)?.expiry?.cancel();
    if (this.#accounts.delete(key)) this.#world.follower.changed(key);
  }

  /** Whether the account's own time is over. */
  hasExpired({ claims: { expiresAt } }: TrustedAccount): boolean {
    return expiresAt > 0 && expiresAt * 1000 <= this.#world.clock.now();
  }

  /** Whether the activation token of an import is good, and until when. */
  readonly activation: ActivationCheck = (wanted, importer, offered) => {
    const exporter = this.known(wanted.account);
    if (exporter === undefined || wanted.token === "") return undefined;
    const { verifySignature, clock } = this.#world;
    try {
      const token = decodeActivationJwt(wanted.token, verifySignature);
      const issues = new Issues();
      checkMoments(token, clock.now() / 1000, issues);
      checkActivation(token, issues);
      const isSigned = token.issuerAccount === ""
        ? token.issuer === wanted.account
        : token.issuerAccount === wanted.account &&
          exporter.signers.has(token.issuer);
      const revoked = revokedUntil(offered.revocations, importer);
      const isGood = !issues.areFatal && isSigned &&
        token.subject === importer && token.importKind === wanted.kind &&
        token.issuedAt > revoked;
      if (!isGood) return undefined;
      return token.expiresAt === 0 ? Infinity : token.expiresAt * 1000;
    } catch {
      return undefined;
    }
  };

  stop(): void {
    for (const { expiry } of this.#accounts.values()) expiry?.cancel();
  }

  #load(key: string): Promise<void> {
    if (this.#accounts.has(key)) return Promise.resolve();
    const known = this.#lookups.get(key);
    if (known !== undefined) return known;
    const lookup = this.#fetch(key).finally(() => this.#lookups.delete(key));
    this.#lookups.set(key, lookup);
    return lookup;
  }

  async #fetch(key: string): Promise<void> {
    const { log, resolver } = this.#world;
    const jwt = await this.#lanes.run(() => resolver.lookup(key));
    if (jwt === undefined) throw new Error(AccountFault.MISSING);
    const { fault, claims } = this.#read(key, jwt);
    if (claims === undefined) throw new Error(fault);
    // One that was pushed meanwhile may say more: who is revoked, for example.
    const pushed = this.known(key);
    if (pushed !== undefined && claims.issuedAt <= pushed.claims.issuedAt) {
      return;
    }
    this.#put(jwt, claims);
    const exporters = new Set(
      claims.imports.map((wanted) => wanted?.account ?? ""),
    );
    for (const exporter of exporters) {
      // A circle of imports waits for nobody: who is being fetched will come.
      if (this.#lookups.has(exporter) || exporter === key) continue;
      await this.#load(exporter).catch((error: Error) => {
        log.error(
          `Can't locate account [${exporter}] for import of [${key}]: ${error.message}`,
        );
      });
    }
  }

  #read(key: string, jwt: string): ReadJwt {
    const { trust, verifySignature, clock } = this.#world;
    let claims: AccountClaims;
    try {
      claims = decodeAccountJwt(jwt, verifySignature);
    } catch (error) {
      return { fault: (error as Error).message };
    }
    const issues = checkAccount(claims, clock.now() / 1000, verifySignature);
    const isGood = trust.issuers.has(claims.issuer) &&
      claims.subject === key && !issues.areFatal;
    return isGood
      ? { fault: "", issues, claims }
      : { fault: AccountFault.INVALID, issues };
  }

  #put(jwt: string, claims: AccountClaims): void {
    const { follower, log } = this.#world;
    const key = claims.subject;
    const isKnown = this.#accounts.has(key);
    log.debug(`Updating account claims: ${key}/${claims.name}`);
    follower.put(this.#store(jwt, claims));
    if (isKnown) follower.changed(key);
  }

  #store(jwt: string, claims: AccountClaims): AccountOptions {
    const { trust } = this.#world;
    const key = claims.subject;
    this.#accounts.get(key)?.expiry?.cancel();
    const signers = new Map(claims.signingKeys);
    if (trust.issuers.get(claims.issuer) !== true) signers.set(key, undefined);
    const options = accountOptions(claims);
    const expiry = this.#expiry(claims);
    this.#accounts.set(key, { jwt, claims, options, signers, expiry });
    return options;
  }

  #expiry({ subject, expiresAt }: AccountClaims): Timer | undefined {
    if (expiresAt === 0) return undefined;
    const { clock, follower } = this.#world;
    return clock.after(
      Math.max(0, expiresAt * 1000 - clock.now()),
      () => follower.changed(subject),
    );
  }
}

/** The second up to which JWTs of `key` are void. */
function revokedUntil(
  revocations: Readonly<Record<string, number>> | undefined,
  key: string,
): number {
  const at = (name: string): number =>
    revocations !== undefined && Object.hasOwn(revocations, name)
      ? revocations[name]!
      : -Infinity;
  return Math.max(at(key), at("*"));
}
