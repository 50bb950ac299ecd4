/**
 * A door that asks a service who may come in. The service itself, its
 * `auth_users`, comes in by what the configuration says, and so do users of the
 * configuration in accounts that it does not decide about.
 *
 * NATS auth callout, for accounts of a configuration.
 */
import { quoted } from "../../core/quote.ts";
import type {
  AuthCalloutOptions,
  PermissionsOptions,
} from "../../options/options.ts";
import {
  type Door,
  type Greeting,
  isRefused,
  type LoginRequest,
  type Principal,
  type Verdict,
} from "../door.ts";
import type { UserClaims } from "../jwt/claims.ts";
import { granted } from "../jwt/granted.ts";
import { JwtError } from "../jwt/json_object.ts";
import { SharedPermissions } from "../jwt/shared_permissions.ts";
import { PROXY_REQUIRED, PROXY_REQUIRED_TEXT } from "../proxy_door.ts";
import { REFUSED } from "../secret_check.ts";
import { UNKNOWN_SIGNER } from "./answer.ts";
import { askedAbout, type AskingWorld, endOf, refusalFor } from "./asking.ts";
import { Narrowing } from "./narrowing.ts";
import { claimedUser } from "./question.ts";

/** What the door stands on. */
export interface CalloutWorld extends AskingWorld {
  /** Whether there is an account of this name. */
  hasAccount(name: string): boolean;
  readonly globalAccount: string;
}

/** Nobody comes in by what the configuration says of those without credentials. */
const GREETING: Greeting = {
  isOpen: false,
  asksLogin: true,
  anonymous: undefined,
};

export class CalloutDoor implements Door {
  readonly #options: AuthCalloutOptions;
  readonly #timeoutMs: number;
  /** Of clients that it has let in. */
  readonly #proof: string;
  readonly #inside: Door;
  readonly #world: CalloutWorld;
  readonly #permissions = new SharedPermissions();
  readonly #service = Narrowing.ofService();
  readonly #others = Narrowing.ofOthers();

  /** `inside` is the door that there would be without the service. */
  constructor(
    options: AuthCalloutOptions,
    timeoutMs: number,
    inside: Door,
    world: CalloutWorld,
  ) {
    this.#options = options;
    this.#proof = JSON.stringify(options);
    this.#timeoutMs = timeoutMs;
    this.#inside = inside;
    this.#world = world;
  }

  greet(): Greeting {
    return GREETING;
  }

  makeNonce(): string | undefined {
    return this.#inside.makeNonce();
  }

  async admit(request: LoginRequest): Promise<Verdict> {
    // NATS: a reload asks about nobody again, unless another service decides.
    const { current, proof } = request;
    if (current !== undefined && proof === this.#proof) {
      return this.#world.hasAccount(current.account) ? current : REFUSED;
    }
    const { credentials, proxyKey, log } = request;
    // Nobody is asked about a user of the configuration that has to come another way.
    if (proxyKey === undefined && this.#inside.needsProxy?.(credentials)) {
      log.debug(PROXY_REQUIRED_TEXT);
      return PROXY_REQUIRED;
    }
    const { authUsers, allowedAccounts } = this.#options;
    if (authUsers.includes(claimedUser(credentials))) {
      return narrowed(await this.#inside.admit(request), this.#service);
    }
    if (allowedAccounts.length > 0) {
      const verdict = await this.#inside.admit(request);
      if (!isRefused(verdict) && !this.#decidesAbout(verdict.account)) {
        return verdict.account === this.#options.account
          ? narrowed(verdict, this.#others)
          : verdict;
      }
    }
    return await this.#asked(request);
  }

  /** Users that the configuration has in no account of their own are the service's. */
  #decidesAbout(account: string): boolean {
    return account === this.#world.globalAccount ||
      this.#options.allowedAccounts.includes(account);
  }

  async #asked(request: LoginRequest): Promise<Verdict> {
    const { account, issuer, xkey } = this.#options;
    try {
      const user = await askedAbout(request, {
        ...{ account, xkey, audience: issuer, timeoutMs: this.#timeoutMs },
        answerFault: (answer) => answer.issuer === issuer ? "" : UNKNOWN_SIGNER,
        faultOf: (claims) => this.#issuerFault(claims),
      }, this.#world);
      return user === undefined ? REFUSED : this.#principalOf(user, request);
    } catch (error) {
      return refusalFor(error, this.#world.log);
    }
  }

  #issuerFault({ issuer, issuerAccount }: UserClaims): string {
    const account = quoted(this.#options.account);
    if (issuerAccount !== "") {
      return `Error non operator mode account ${account}: attempted to use issuer_account`;
    }
    const expected = this.#options.issuer;
    return issuer === expected
      ? ""
      : `Wrong issuer for auth callout response on account ${account}, ` +
        `expected ${quoted(expected)} got ${quoted(issuer)}`;
  }

  #principalOf(user: UserClaims, request: LoginRequest): Principal {
    const { rights } = user;
    const { account } = this.#options;
    if (!this.#world.hasAccount(user.audience)) {
      throw new JwtError(
        `No valid account ${
          quoted(user.audience)
        } for auth callout response on account ${
          quoted(account)
        }: account missing`,
      );
    }
    const now = this.#world.clock.now();
    const end = endOf(user, rights, request, { account, now });
    const permissions = this.#permissionsOf(user);
    return {
      account: user.audience,
      user: user.name || user.subject,
      ...granted(rights, permissions, end),
      proof: this.#proof,
    };
  }

  #permissionsOf(user: UserClaims): PermissionsOptions | undefined {
    const own = this.#permissions.of(user.rights);
    return user.audience === this.#options.account ? this.#others.of(own) : own;
  }
}

function narrowed(verdict: Verdict, narrowing: Narrowing): Verdict {
  return isRefused(verdict)
    ? verdict
    : { ...verdict, permissions: narrowing.of(verdict.permissions) };
}
