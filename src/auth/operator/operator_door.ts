/**
 * The door of a server in operator mode: a client brings a JWT that an account
 * has signed, and shows that it is the user whose JWT it is.
 *
 * NATS authentication (operator mode): each check has its place, and a line in
 * the log for those who look for the reason of a refusal.
 */
import { quoted } from "../../core/quote.ts";
import type {
  ConnectionType,
  PermissionsOptions,
} from "../../options/options.ts";
import type { Clock, Random } from "../../platform/clock.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type {
  Door,
  Greeting,
  LoginRefusal,
  LoginRequest,
  Principal,
  Verdict,
} from "../door.ts";
import { checkUser } from "../jwt/check_user.ts";
import type { SigningRole, UserClaims, UserRights } from "../jwt/claims.ts";
import { granted } from "../jwt/granted.ts";
import { allowedFor } from "../jwt/connect_times.ts";
import { decodeUserJwt } from "../jwt/decode.ts";
import { isFromOneOf } from "../jwt/networks.ts";
import { SharedPermissions } from "../jwt/shared_permissions.ts";
import { filledIn } from "../jwt/templates.ts";
import { makeNonce, signatureFault } from "../nkeys.ts";
import { PROXY_REQUIRED, PROXY_REQUIRED_TEXT } from "../proxy_door.ts";
import { REFUSED } from "../secret_check.ts";
import { AccountCallout, type AccountCalloutWorld } from "./account_callout.ts";
import {
  ACCOUNT_EXPIRED,
  EXPIRED,
  NOT_VOUCHED_FOR,
  REVOKED,
} from "./refusals.ts";
import type { Trust } from "./trust.ts";
import type { TrustedAccount, TrustedAccounts } from "./trusted_accounts.ts";

export interface OperatorDoorWorld {
  readonly trust: Trust;
  readonly accounts: TrustedAccounts;
  /** By which the services of accounts are asked. */
  readonly callout: AccountCalloutWorld;
  readonly clock: Clock;
  readonly random: Random;
  readonly verifySignature: VerifySignature;
}

const GREETING: Greeting = {
  isOpen: false,
  asksLogin: true,
  anonymous: undefined,
};

/** Why a user does not come in, and what who was in is told then. */
interface Objection {
  /** For the log; `isLoud` shows it to everybody who reads it. */
  readonly text: string;
  readonly isLoud?: boolean;
  readonly live?: LoginRefusal;
  /** Why it does not come in, as monitoring tells it. */
  readonly refusal?: LoginRefusal;
}

const UNPROXIED: Objection = {
  text: PROXY_REQUIRED_TEXT,
  refusal: PROXY_REQUIRED,
  live: PROXY_REQUIRED,
};

/** A user whose account is known. */
interface Candidate {
  readonly request: LoginRequest;
  readonly jwt: string;
  readonly user: UserClaims;
  readonly account: TrustedAccount;
  /** By what it was signed. */
  readonly role: SigningRole | undefined;
  readonly rights: UserRights;
}

export class OperatorDoor implements Door {
  readonly #world: OperatorDoorWorld;
  readonly #permissions = new SharedPermissions();
  readonly #callout: AccountCallout;

  constructor(world: OperatorDoorWorld) {
    this.#world = world;
    this.#callout = new AccountCallout(world.callout, {
      ...world,
      permissions: this.#permissions,
    });
  }

  greet(): Greeting {
    return GREETING;
  }

  makeNonce(): string {
    return makeNonce(this.#world.random);
  }

  admit(request: LoginRequest): Verdict | Promise<Verdict> {
    const reviewed = this.#callout.review(request);
    if (reviewed !== undefined) return reviewed;
    const { jwt } = request.credentials;
    const { defaultSentinel } = this.#world.trust;
    const own = this.#read(jwt);
    const user = own ?? this.#read(defaultSentinel);
    if (user === undefined) {
      return refuse(request, { text: "Authentication requires a user JWT" });
    }
    const objection = this.#objectionToUser(user, request);
    if (objection !== undefined) return refuse(request, objection, user);
    const key = user.issuerAccount || user.issuer;
    const account = this.#world.accounts.known(key);
    const brought = { jwt: own === undefined ? defaultSentinel : jwt, user };
    if (account !== undefined) return this.#judge(request, brought, account);
    // The account of a peer that is in is known, unless it was deleted: it is not looked up.
    if (request.proof !== undefined) {
      return refuse(request, { text: "", live: ACCOUNT_EXPIRED }, user);
    }
    return this.#world.accounts.find(key).then(
      (found) => this.#judge(request, brought, found),
      (error: Error) => {
        const text = `Account JWT lookup error: ${error.message}`;
        return refuse(request, { text }, user);
      },
    );
  }

  /** Undefined: it is no user's JWT. */
  #read(jwt: string): UserClaims | undefined {
    if (jwt === "") return undefined;
    try {
      return decodeUserJwt(jwt, this.#world.verifySignature);
    } catch {
      return undefined;
    }
  }

  #objectionToUser(
    user: UserClaims,
    { proxyKey }: LoginRequest,
  ): Objection | undefined {
    const { trust, clock } = this.#world;
    const issues = checkUser(user, clock.now() / 1000);
    if (user.rights.needsProxy && proxyKey === undefined) return UNPROXIED;
    if (issues.areFatal) {
      const list = issues.list.map(({ text }) => text).join(" ");
      const text = `User JWT no longer valid: &{Issues:[${list}]}`;
      return { text, live: EXPIRED };
    }
    const key = user.issuerAccount || user.issuer;
    if (trust.pinnedAccounts?.has(key) === false) {
      return { text: `Account ${key} not listed as operator pinned account` };
    }
    return undefined;
  }

  #judge(
    request: LoginRequest,
    { jwt, user }: Pick<Candidate, "jwt" | "user">,
    account: TrustedAccount,
  ): Verdict | Promise<Verdict> {
    const role = account.signers.get(user.issuer);
    const rights = this.#rightsOf(user, account, role);
    if ("text" in rights) return refuse(request, rights, user);
    const candidate = { request, jwt, user, account, role, rights };
    const objection = this.#objectionTo(candidate);
    if (objection !== undefined) return refuse(request, objection, user);
    if (request.proof === undefined) tellOf(candidate);
    return this.#callout.decidesAbout(user, account)
      ? this.#callout.admit(request, jwt, user, account)
      : this.#principalOf(candidate);
  }

  /** Its own, or those of the key that signed it. */
  #rightsOf(
    user: UserClaims,
    account: TrustedAccount,
    role: SigningRole | undefined,
  ): UserRights | Objection {
    if (!account.signers.has(user.issuer)) {
      return { text: "User JWT issuer is not known", live: NOT_VOUCHED_FOR };
    }
    if (role === undefined) return user.rights;
    if (!user.hasNoRights) {
      return {
        text:
          "User JWT is not valid: scoped users require no permissions or limits set",
        live: NOT_VOUCHED_FOR,
      };
    }
    return filledIn(role.template, { user, account: account.claims }) ??
      { text: "User JWT generated invalid permissions", live: NOT_VOUCHED_FOR };
  }

  #objectionTo(candidate: Candidate): Objection | undefined {
    const { request, user, account, role, rights } = candidate;
    const { accounts, verifySignature } = this.#world;
    const proof = proofOf(user, role);
    if (request.proof !== undefined && request.proof !== proof) {
      return { text: "", live: NOT_VOUCHED_FOR };
    }
    if (rights.needsProxy && request.proxyKey === undefined) return UNPROXIED;
    if (accounts.hasExpired(account)) {
      return { text: "Account JWT has expired", live: ACCOUNT_EXPIRED };
    }
    if (rights.isBearer && account.claims.limits.disallowBearer) {
      return { text: "Account does not allow bearer tokens" };
    }
    if (
      request.proof !== undefined && this.#callout.decidesAbout(user, account)
    ) {
      // It came in by itself, before the account had a service.
      return { text: "", live: NOT_VOUCHED_FOR };
    }
    const objection = connectionObjection(request, rights);
    if (objection !== undefined) return objection;
    if (!rights.isBearer && request.proof === undefined) {
      const { nonce = "", credentials: { sig } } = request;
      const signed = { key: user.subject, nonce, signature: sig };
      const text = signatureFault(signed, verifySignature);
      if (text !== "") return { text };
    }
    return this.#objectionToPresence(candidate);
  }

  /** Whether it was revoked, comes from elsewhere, or at another time. */
  #objectionToPresence(
    { request, user, account, rights }: Candidate,
  ): Objection | undefined {
    const { revocations } = account.claims;
    const revoked = Math.max(
      revocations.get(user.subject) ?? -Infinity,
      revocations.get("*") ?? -Infinity,
    );
    if (revoked >= user.issuedAt) {
      return { text: "User authentication revoked", live: REVOKED };
    }
    const { host } = request.remote;
    if (rights.sources.length > 0 && !isFromOneOf(rights.sources, host)) {
      return { text: `Bad src Ip ${host}`, isLoud: true };
    }
    if (this.#mayStayFor(rights) === undefined) {
      return { text: "Outside connect times", isLoud: true, live: EXPIRED };
    }
    return undefined;
  }

  #mayStayFor({ times, timesLocation }: UserRights): number | undefined {
    return allowedFor(times, timesLocation, this.#world.clock.now());
  }

  #principalOf({ jwt, user, account, role, rights }: Candidate): Principal {
    const permissions = this.#permissionsOf(account, rights);
    const now = this.#world.clock.now();
    const expiresAt = Math.min(
      user.expiresAt === 0 ? Infinity : user.expiresAt * 1000,
      now + (this.#mayStayFor(rights) ?? 0),
    );
    return {
      account: account.claims.subject,
      user: user.subject,
      ...granted(rights, permissions, expiresAt),
      proof: proofOf(user, role),
      claims: {
        // A bearer's JWT is all that it takes to log in: nobody is shown it.
        jwt: rights.isBearer ? "" : jwt,
        issuerKey: user.issuer,
        name: user.name,
        tags: user.tags,
        accountName: account.claims.name,
      },
    };
  }

  /** All users with the same permissions get the same object. */
  #permissionsOf(
    account: TrustedAccount,
    rights: UserRights,
  ): PermissionsOptions | undefined {
    return this.#callout.narrowed(
      this.#permissions.of(rights) ?? account.options.defaultPermissions,
      account,
    );
  }
}

/** What a client has shown by its signature: who it is, and by which role. */
function proofOf(
  { subject }: UserClaims,
  role: SigningRole | undefined,
): string {
  return role === undefined
    ? subject
    : `${subject} ${JSON.stringify(role.template)}`;
}

const CONNECTION_TYPES: ReadonlySet<string> = new Set<ConnectionType>([
  ...["STANDARD", "WEBSOCKET", "LEAFNODE", "LEAFNODE_WS"] as const,
  ...["MQTT", "MQTT_WS", "IN_PROCESS"] as const,
]);

/** A kind that nobody knows is nobody's; where another is named, that one holds. */
function connectionObjection(
  { connectionType, log }: LoginRequest,
  { connectionTypes }: UserRights,
): Objection | undefined {
  const types = connectionTypes.map((type) => type.toUpperCase());
  const unknown = types.filter((type) => !CONNECTION_TYPES.has(type));
  if (unknown.length > 0) {
    const text = `invalid connection types [${unknown.map(quoted).join(" ")}]`;
    if (unknown.length === types.length) return { text };
    log.debug(text);
  }
  return types.length === 0 || types.includes(connectionType)
    ? undefined
    : { text: "Connection type not allowed" };
}

function refuse(
  { log, proof }: LoginRequest,
  { text, isLoud = false, live = REFUSED, refusal: fresh = REFUSED }: Objection,
  user?: UserClaims,
): LoginRefusal {
  if (text !== "" && isLoud) log.error(text);
  else if (text !== "") log.debug(text);
  const refusal = proof === undefined ? fresh : live;
  // NATS: only who is in has a name.
  const isNamed = proof !== undefined && user !== undefined;
  const who = isNamed ? `JWT User ${quoted(user.subject)}` : "";
  return { ...refusal, who };
}

function tellOf(
  { request, user, account: { claims, options } }: Candidate,
): void {
  const facts = ({ name, tags }: Pick<UserClaims, "name" | "tags">): string =>
    `(claim-name: ${quoted(name)}, claim-tags: [${
      tags.map(quoted).join(" ")
    }])`;
  request.log.debug(
    `Authenticated JWT: Client ${quoted(user.subject)} ${facts(user)} ` +
      `signed with ${quoted(user.issuer)} by Account ` +
      `${quoted(claims.subject)} ${facts(claims)} ` +
      `signed with ${quoted(claims.issuer)} ` +
      `has mappings ${options.mappings.length > 0}`,
  );
}
