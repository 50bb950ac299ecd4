/**
 * The door of a configuration that knows users, or has a token: it asks for a key,
 * a certificate, a password or the token.
 *
 * NATS authentication (server configuration): a key decides before a name, and a
 * name before a token.
 */
import { Nuid } from "../core/nuid.ts";
import { quoted } from "../core/quote.ts";
import type {
  AuthorizationOptions,
  ConnectionType,
} from "../options/options.ts";
import type { Random } from "../platform/clock.ts";
import type { VerifySignature } from "../platform/signatures.ts";
import type { CertificateUsers } from "./certificate_user.ts";
import {
  type Credentials,
  type Door,
  type Greeting,
  isRefused,
  type LoginRefusal,
  type LoginRequest,
  type PortFacts,
  type Verdict,
} from "./door.ts";
import type { CompareHash } from "./hash_queue.ts";
import { makeNonce, signatureFault } from "./nkeys.ts";
import { PROXY_REQUIRED, PROXY_REQUIRED_TEXT } from "./proxy_door.ts";
import { isBcrypt, REFUSED, SecretCheck, UNKNOWN } from "./secret_check.ts";
import { KnownUser, type UserTable } from "./user_table.ts";

/** What this door is made of, besides its users. */
export interface UsersDoorSettings {
  /** Undefined: the configuration has none. */
  readonly authorization: AuthorizationOptions | undefined;
  /** The account of those that are in no other. */
  readonly account: string;
  /** The account whose users are no reason to keep all others out. */
  readonly systemAccount: string;
  /** The user that a peer without credentials is; empty, or unknown: none. */
  readonly noAuthUser: string;
}

/** What a door stands on. */
export interface DoorPlatform {
  readonly compareHash: CompareHash;
  readonly verifySignature: VerifySignature;
  readonly random: Random;
}

interface Users extends UserTable {
  /** Undefined: certificates are not looked at. */
  readonly byCertificate: CertificateUsers | undefined;
}

/** Characters of the hidden user's name behind `nats-`. */
const HIDDEN_CHARS = 8;

/** NATS monitoring: who has logged in by token has this name. */
const TOKEN_USER = "[REDACTED]";

export class UsersDoor implements Door {
  readonly #settings: UsersDoorSettings;
  readonly #table: Users;
  readonly #platform: DoorPlatform;
  readonly #secrets: SecretCheck;
  /** Those who bring nothing are this user of the table; undefined: none. */
  readonly #nobody: KnownUser | undefined;
  /** Those who have said nothing of themselves are this user, if it may come by their port. */
  readonly #anonymous: KnownUser | undefined;
  readonly #greeting: Omit<Greeting, "anonymous">;

  constructor(
    settings: UsersDoorSettings,
    table: Users,
    platform: DoorPlatform,
  ) {
    const { noAuthUser } = settings;
    const hidden = hiddenUser(settings, table, platform.random);
    const named = table.byName.get(noAuthUser) ?? hidden;
    this.#settings = settings;
    this.#table = table;
    this.#platform = platform;
    this.#secrets = new SecretCheck(platform.compareHash);
    this.#nobody = table.byKey.get(noAuthUser) ?? named;
    this.#greeting = {
      isOpen: false,
      // NATS: the hidden user is a secret of the server's.
      asksLogin: this.#nobody === undefined || this.#nobody === hidden,
    };
    // NATS: without a CONNECT nobody is a user that logs in by key.
    this.#anonymous = named !== undefined && !named.needsProxy &&
        !this.#needsCertificate(named)
      ? named
      : undefined;
  }

  greet(
    { mapsCertificate = false, connectionType = "STANDARD" }: PortFacts = {},
  ): Greeting {
    const known = this.#anonymous;
    const isAsked = mapsCertificate && this.#table.byCertificate !== undefined;
    const mayBe = !isAsked && known !== undefined &&
      takes(known, connectionType);
    return {
      ...this.#greeting,
      anonymous: mayBe ? known.principal : undefined,
    };
  }

  makeNonce(): string | undefined {
    return this.#table.byKey.size === 0
      ? undefined
      : makeNonce(this.#platform.random);
  }

  admit(request: LoginRequest): Verdict | Promise<Verdict> {
    const { credentials } = request;
    if (this.#table.byKey.size > 0 && credentials.nkey !== "") {
      return this.#byKey(request);
    }
    const { byCertificate } = this.#table;
    if (request.mapsCertificate && byCertificate !== undefined) {
      return this.#byCertificate(request, byCertificate);
    }
    if (this.#nobody !== undefined && bringsNothing(credentials)) {
      return this.#refusalOf(this.#nobody, request) ?? this.#nobody.principal;
    }
    if (credentials.user !== "") {
      const known = this.#table.byName.get(credentials.user);
      if (known !== undefined) return this.#byPassword(request, known);
      if (this.#table.byName.size > 0) return UNKNOWN;
    }
    return this.#byToken(request);
  }

  needsProxy({ nkey, user }: Credentials): boolean {
    const { byKey, byName } = this.#table;
    const known = nkey === "" ? byName.get(user) : byKey.get(nkey);
    return known?.needsProxy ?? false;
  }

  #byKey(request: LoginRequest): Verdict {
    const { credentials: { nkey, sig }, nonce = "", proof, log } = request;
    const known = this.#table.byKey.get(nkey);
    if (known === undefined) return UNKNOWN;
    const refusal = this.#refusalOf(known, request);
    if (refusal !== undefined) return refusal;
    if (proof === nkey) return known.principal;
    // NATS: the user that needs no credentials needs no signature either.
    if (known === this.#nobody) return known.principal;
    const fault = signatureFault(
      { key: nkey, nonce, signature: sig },
      this.#platform.verifySignature,
    );
    if (fault === "") return known.principal;
    log.debug(fault);
    return REFUSED;
  }

  /** NATS: its password is compared all the same. */
  #byCertificate(
    request: LoginRequest,
    users: CertificateUsers,
  ): Verdict | Promise<Verdict> {
    const { connectionType, credentials: { user }, log } = request;
    const known = users.userOf(request, (one) => takes(one, connectionType));
    if (known === undefined) return REFUSED;
    if (user !== "") {
      log.warn(
        `User ${
          quoted(user)
        } found in connect proto, but user required from cert`,
      );
    }
    const who = `User ${quoted(known.principal.user)}`;
    const verdict = this.#byPassword(request, known);
    return verdict instanceof Promise
      ? verdict.then((settled) => shownAs(settled, who))
      : shownAs(verdict, who);
  }

  #byPassword(
    request: LoginRequest,
    known: KnownUser,
  ): Verdict | Promise<Verdict> {
    const refusal = this.#refusalOf(known, request);
    if (refusal !== undefined) return refusal;
    const { principal, password: expected } = known;
    const { pass: secret } = request.credentials;
    return this.#secrets.verdict(request, { secret, expected, principal });
  }

  #byToken(request: LoginRequest): Verdict | Promise<Verdict> {
    const { authorization, account } = this.#settings;
    const { credentials } = request;
    const isUser = credentials.user !== "" || credentials.nkey !== "";
    const expected = authorization?.token;
    if (expected === undefined) return isUser ? UNKNOWN : REFUSED;
    const permissions = authorization?.defaultPermissions;
    const principal = {
      account,
      user: TOKEN_USER,
      ...(permissions !== undefined && { permissions }),
      ...(isBcrypt(expected) && { proof: expected }),
    };
    const { auth_token: secret } = request.credentials;
    return this.#secrets.verdict(request, { secret, expected, principal });
  }

  /** Why the user may not come this way; undefined: it may. */
  #refusalOf(
    known: KnownUser,
    { connectionType, proxyKey, mapsCertificate, log }: LoginRequest,
  ): LoginRefusal | undefined {
    if (!takes(known, connectionType)) return REFUSED;
    if (!mapsCertificate && this.#needsCertificate(known)) {
      const { user } = known.principal;
      log.debug(`User ${quoted(user)} requires a client certificate`);
      return REFUSED;
    }
    if (!known.needsProxy || proxyKey !== undefined) return undefined;
    log.debug(PROXY_REQUIRED_TEXT);
    return PROXY_REQUIRED;
  }

  /**
   * NATS: where certificates name users, one that has neither password nor key
   * is proved by a certificate, or not at all.
   */
  #needsCertificate({ password, principal }: KnownUser): boolean {
    return this.#table.byCertificate !== undefined && password === "" &&
      principal.claims === undefined;
  }
}

/** The log is to call a peer that is refused `who`. */
function shownAs(verdict: Verdict, who: string): Verdict {
  return isRefused(verdict) ? { ...verdict, who } : verdict;
}

/** Whether the user may come by a connection of this kind. */
function takes(
  { connectionTypes }: KnownUser,
  type: ConnectionType,
): boolean {
  return connectionTypes === undefined || connectionTypes.length === 0 ||
    connectionTypes.includes(type);
}

function bringsNothing({ user, pass, auth_token }: Credentials): boolean {
  return user === "" && pass === "" && auth_token === "";
}

/**
 * NATS: where the only users are those of the system account, all others are
 * let in as a user that nobody knows of, unless there is an `authorization`.
 */
function hiddenUser(
  { authorization, account, systemAccount, noAuthUser }: UsersDoorSettings,
  { byName, byKey }: UserTable,
  random: Random,
): KnownUser | undefined {
  if (authorization !== undefined || noAuthUser !== "") return undefined;
  for (const users of [byName, byKey]) {
    for (const { principal } of users.values()) {
      if (principal.account !== systemAccount) return undefined;
    }
  }
  const user = `nats-${new Nuid(random).next().slice(0, HIDDEN_CHARS)}`;
  return new KnownUser({ user, password: "" }, { name: account });
}
