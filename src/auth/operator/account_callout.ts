/**
 * The services of accounts: where an account's JWT names users who log in by
 * themselves (`auth_users`), all its other users are only let in if one of those
 * says so, as whom it says, in that account or in another that the JWT allows.
 *
 * NATS auth callout, in operator mode.
 */
import { isPublicKey } from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import type { PermissionsOptions } from "../../options/options.ts";
import {
  askedAbout,
  type AskingWorld,
  endOf,
  refusalFor,
} from "../callout/asking.ts";
import { UNKNOWN_SIGNER } from "../callout/answer.ts";
import { Narrowing } from "../callout/narrowing.ts";
import type { LoginRequest, Principal, Verdict } from "../door.ts";
import type {
  AuthorizationResponseClaims,
  UserClaims,
  UserRights,
} from "../jwt/claims.ts";
import { granted } from "../jwt/granted.ts";
import { JwtError } from "../jwt/json_object.ts";
import type { SharedPermissions } from "../jwt/shared_permissions.ts";
import { filledIn } from "../jwt/templates.ts";
import { PROXY_REQUIRED_TEXT } from "../proxy_door.ts";
import { REFUSED } from "../secret_check.ts";
import { ACCOUNT_EXPIRED, NOT_VOUCHED_FOR, REVOKED } from "./refusals.ts";
import type { Trust } from "./trust.ts";
import type { TrustedAccount, TrustedAccounts } from "./trusted_accounts.ts";

export interface AccountCalloutWorld extends AskingWorld {
  /** How long an answer may take, as it is now. */
  timeoutMs(): number;
}

/** What shows later that a client may stay: whose service let it in, and who signed its user. */
interface Admission {
  readonly service: string;
  readonly account: string;
  readonly signer: string;
  /** Of the signer; empty: none. */
  readonly role: string;
  /** When the user's JWT was made, in seconds. */
  readonly issuedAt: number;
}

const PROOF = "callout ";
const ANY_ACCOUNT = "*";

export class AccountCallout {
  readonly #world: AccountCalloutWorld;
  readonly #trust: Trust;
  readonly #accounts: TrustedAccounts;
  readonly #permissions: SharedPermissions;
  readonly #service = Narrowing.ofService();
  readonly #others = Narrowing.ofOthers();

  constructor(
    world: AccountCalloutWorld,
    { trust, accounts, permissions }: {
      readonly trust: Trust;
      readonly accounts: TrustedAccounts;
      readonly permissions: SharedPermissions;
    },
  ) {
    this.#world = world;
    this.#trust = trust;
    this.#accounts = accounts;
    this.#permissions = permissions;
  }

  /** Whether the service of `account` is asked about this user. */
  decidesAbout({ subject }: UserClaims, { claims }: TrustedAccount): boolean {
    const { authUsers } = claims.authorization;
    return authUsers.length > 0 && !authUsers.includes(subject);
  }

  /** What who logged in by itself may do in `account`: a service asks nothing. */
  narrowed(
    permissions: PermissionsOptions | undefined,
    account: TrustedAccount,
  ): PermissionsOptions | undefined {
    return hasService(account) ? this.#service.of(permissions) : permissions;
  }

  /** The verdict of the service of `account` about a client that has shown that it is `user`. */
  async admit(
    request: LoginRequest,
    jwt: string,
    user: UserClaims,
    account: TrustedAccount,
  ): Promise<Verdict> {
    const { clock, log } = this.#world;
    const { claims: { subject: name, authorization } } = account;
    try {
      const found = await askedAbout(asUser(request, jwt, user), {
        ...{ account: name, audience: name, xkey: authorization.xkey },
        timeoutMs: this.#world.timeoutMs(),
        answerFault: (answer) => answerFault(answer, account),
        faultOf: (claims) => this.#issuerFault(claims, account),
      }, this.#world);
      if (found === undefined) return REFUSED;
      const target = await this.#targetOf(found, name);
      const rights = rightsOf(found, target);
      const now = clock.now();
      const end = endOf(found, rights, request, { account: name, now });
      if (rights.needsProxy && request.proxyKey === undefined) {
        throw new JwtError(PROXY_REQUIRED_TEXT);
      }
      return this.#principalOf(found, target, rights, { service: name, end });
    } catch (error) {
      return refusalFor(error, log);
    }
  }

  /** What becomes of a peer that a service let in and that is looked at again; undefined: no service did. */
  review({ current, proof = "" }: LoginRequest): Verdict | undefined {
    if (current === undefined || !proof.startsWith(PROOF)) return undefined;
    const admission: Admission = JSON.parse(proof.slice(PROOF.length));
    const { service, account, signer, role, issuedAt } = admission;
    const target = this.#accounts.known(account);
    if (target === undefined || this.#accounts.hasExpired(target)) {
      return ACCOUNT_EXPIRED;
    }
    if ((target.claims.revocations.get("*") ?? -Infinity) >= issuedAt) {
      return REVOKED;
    }
    const asked = this.#accounts.known(service);
    const isVouchedFor = asked !== undefined && hasService(asked) &&
      (service === account || allows(asked, account)) &&
      target.signers.has(signer) && roleText(target, signer) === role;
    return isVouchedFor ? current : NOT_VOUCHED_FOR;
  }

  #issuerFault(user: UserClaims, account: TrustedAccount): string {
    const name = account.claims.subject;
    const key = user.issuerAccount || user.issuer;
    if (key !== name && !allows(account, key)) {
      return `account ${
        quoted(user.issuer)
      } not permitted as valid account option for auth callout for account ${
        quoted(name)
      }`;
    }
    return this.#trust.pinnedAccounts?.has(key) === false
      ? `Account ${key} not listed as operator pinned account`
      : "";
  }

  /** The account that the user is to be in. */
  async #targetOf(user: UserClaims, service: string): Promise<TrustedAccount> {
    const key = user.issuerAccount || user.issuer;
    const failed = (reason: string): JwtError =>
      new JwtError(
        `No valid account ${quoted(key)} for auth callout response on account ${
          quoted(service)
        }: ${reason}`,
      );
    if (!isPublicKey(key, "A")) throw failed("account missing");
    const target = await this.#accounts.find(key)
      .catch((error: Error) => Promise.reject(failed(error.message)));
    if (this.#accounts.hasExpired(target)) throw failed("account expired");
    return target;
  }

  #principalOf(
    user: UserClaims,
    target: TrustedAccount,
    rights: UserRights,
    { service, end }: { readonly service: string; readonly end: number },
  ): Principal {
    const { claims, options } = target;
    const own = this.#permissions.of(rights) ?? options.defaultPermissions;
    const permissions = hasService(target) ? this.#others.of(own) : own;
    const admission: Admission = {
      service,
      account: claims.subject,
      signer: user.issuer,
      role: roleText(target, user.issuer),
      issuedAt: user.issuedAt,
    };
    return {
      account: claims.subject,
      user: user.name || user.subject,
      ...granted(rights, permissions, end),
      proof: PROOF + JSON.stringify(admission),
      claims: {
        // That of a user who is made for one login is of no use to anybody.
        jwt: "",
        issuerKey: user.issuer,
        name: user.name,
        tags: user.tags,
        accountName: claims.name,
      },
    };
  }
}

function hasService({ claims }: TrustedAccount): boolean {
  return claims.authorization.authUsers.length > 0;
}

/** Whether the service of an account may place users in the account `key`. */
function allows({ claims }: TrustedAccount, key: string): boolean {
  const { allowedAccounts } = claims.authorization;
  return allowedAccounts.includes(key) ||
    (allowedAccounts.length === 1 && allowedAccounts[0] === ANY_ACCOUNT);
}

/** NATS: the account itself may sign answers, even where it may not sign users. */
function answerFault(
  { issuer, issuerAccount }: AuthorizationResponseClaims,
  { claims: { subject: name }, signers }: TrustedAccount,
): string {
  if (issuerAccount !== "" && issuerAccount !== name) {
    return `Auth callout response issuer account ${
      quoted(issuerAccount)
    } is not the callout account`;
  }
  return issuer === name || signers.has(issuer) ? "" : UNKNOWN_SIGNER;
}

/** Its own, or those of the key that signed it; throws where that is none of the account's. */
function rightsOf(user: UserClaims, target: TrustedAccount): UserRights {
  if (!target.signers.has(user.issuer)) {
    throw new JwtError(`User JWT issuer ${quoted(user.issuer)} is not known`);
  }
  const role = target.signers.get(user.issuer);
  if (role === undefined) return user.rights;
  if (!user.hasNoRights) {
    throw new JwtError(
      "User JWT is not valid: scoped users require no permissions or limits set",
    );
  }
  const rights = filledIn(role.template, { user, account: target.claims });
  if (rights === undefined) {
    throw new JwtError("User JWT generated invalid permissions");
  }
  return rights;
}

function roleText({ signers }: TrustedAccount, key: string): string {
  const role = signers.get(key);
  return role === undefined ? "" : JSON.stringify(role.template);
}

/** The login with what the server knows of the user: its JWT, which may be that of all without one. */
function asUser(
  request: LoginRequest,
  jwt: string,
  { subject, name, tags }: UserClaims,
): LoginRequest {
  const { credentials } = request;
  return {
    ...request,
    credentials: { ...credentials, jwt },
    user: { subject, name, tags },
  };
}
