/**
 * Doors that ask for a password or a token, and the one that is open to all.
 * Secrets are plain or bcrypt hashes; comparing a hash takes long, so it
 * happens elsewhere, one after the other, and the answer is a promise.
 *
 * NATS authentication (server configuration): a token, a single user or a
 * table of users; a hash is told by its `$2a$`, `$2b$`, `$2x$` or `$2y$`.
 */
import { ClosedReason } from "../core/closed.ts";
import { WireError } from "../core/errors.ts";
import { sameSecret } from "../core/secret.ts";
import type {
  AccountOptions,
  AuthorizationOptions,
  PermissionsOptions,
  UserOptions,
} from "../options/options.ts";
import type {
  Credentials,
  Door,
  Greeting,
  LoginRefusal,
  LoginRequest,
  Principal,
  Verdict,
} from "./door.ts";
import { type CompareHash, HashQueue, type HashVerdict } from "./hash_queue.ts";

/** What a door of passwords is made of. */
export interface PasswordSettings {
  /** Undefined: the door is open to all. */
  readonly authorization: AuthorizationOptions | undefined;
  /** The user that a peer without credentials is; empty, or unknown: none. */
  readonly noAuthUser: string;
  /** The account of all that come in and are not users of another one. */
  readonly account: string;
  /** Accounts with users of their own. */
  readonly accounts?: readonly AccountOptions[];
  readonly compareHash: CompareHash;
}

const REFUSED: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_FAILURE,
  wire: WireError.AUTHORIZATION_VIOLATION,
};

/** The queue of those whose password is to be compared is full. */
const TOO_MANY: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_TIMEOUT,
  wire: WireError.TOO_MANY_LOGINS,
};

/** The door that a configuration asks for. */
export function makeDoor(settings: PasswordSettings): Door {
  const logins = loginsOf(settings);
  return hasNobody(settings)
    ? new OpenDoor(settings.account)
    : new PasswordDoor(settings, logins);
}

/** Everybody comes in, whatever they bring. */
class OpenDoor implements Door {
  readonly #greeting: Greeting;
  readonly #anybody: Principal;

  constructor(account: string) {
    this.#anybody = { account, user: "" };
    this.#greeting = {
      isOpen: true,
      nonce: undefined,
      anonymous: this.#anybody,
    };
  }

  greet(): Greeting {
    return this.#greeting;
  }

  admit(): Verdict {
    return this.#anybody;
  }
}

/** NATS monitoring: who has logged in by token has this name. */
const TOKEN_USER = "[REDACTED]";

/** Asks for a token, or for a user and a password. */
class PasswordDoor implements Door {
  readonly #account: string;
  readonly #token: string | undefined;
  readonly #logins: ReadonlyMap<string, PasswordLogin>;
  readonly #hashes: HashQueue;
  readonly #greeting: Greeting;

  constructor(
    { authorization, noAuthUser, account, compareHash }: PasswordSettings,
    logins: ReadonlyMap<string, PasswordLogin>,
  ) {
    this.#account = account;
    this.#token = authorization?.token;
    this.#logins = logins;
    this.#hashes = new HashQueue(compareHash);
    const anonymous = noAuthUser === ""
      ? undefined
      : logins.get(noAuthUser)?.principal;
    this.#greeting = {
      isOpen: false,
      nonce: undefined,
      anonymous,
    };
  }

  greet(): Greeting {
    return this.#greeting;
  }

  admit(request: LoginRequest): Verdict | Promise<Verdict> {
    const { credentials } = request;
    const { anonymous } = this.#greeting;
    if (anonymous !== undefined && bringsNothing(credentials)) return anonymous;
    const { user, pass, auth_token } = credentials;
    if (this.#token !== undefined) {
      const principal = { account: this.#account, user: TOKEN_USER };
      return this.#checked(request, principal, auth_token, this.#token);
    }
    const login = this.#logins.get(user);
    return login === undefined
      ? REFUSED
      : this.#checked(request, login.principal, pass, login.password);
  }

  #checked(
    { remote: { host }, waiting }: LoginRequest,
    principal: Principal,
    secret: string,
    expected: string,
  ): Verdict | Promise<Verdict> {
    const { user } = principal;
    if (!isBcrypt(expected)) {
      return sameSecret(secret, expected) ? principal : REFUSED;
    }
    return this.#hashes.compare({ secret, hash: expected, user, host, waiting })
      .then((verdict) => verdictOf(verdict, principal));
  }
}

function verdictOf(verdict: HashVerdict, principal: Principal): Verdict {
  if (verdict === "same") return principal;
  return verdict === "full" ? TOO_MANY : REFUSED;
}

/** A user, and what it proves that it is by. */
interface PasswordLogin {
  readonly password: string;
  readonly principal: Principal;
}

/** There is neither a token nor a user, by password or by key. */
function hasNobody(
  { authorization, accounts = [] }: PasswordSettings,
): boolean {
  return authorization?.token === undefined &&
    authorization?.user === undefined &&
    (authorization?.users.length ?? 0) === 0 &&
    accounts.every(({ users }) => users.length === 0);
}

/** By the names of users. Those who log in by key have none. */
function loginsOf(settings: PasswordSettings): Map<string, PasswordLogin> {
  const { authorization, account, accounts = [] } = settings;
  const logins = new Map<string, PasswordLogin>();
  const add = (
    { user, password, nkey, permissions }: UserOptions,
    name: string,
    byDefault?: PermissionsOptions,
  ): void => {
    if (nkey !== undefined) return;
    const rules = permissions ?? byDefault;
    const principal = rules === undefined
      ? { account: name, user }
      : { account: name, user, permissions: rules };
    logins.set(user, { password, principal });
  };
  for (const user of authorization?.users ?? []) add(user, account);
  if (authorization?.user !== undefined) {
    const { user, password = "" } = authorization;
    add({ user, password }, account);
  }
  for (const { name, users, defaultPermissions } of accounts) {
    for (const user of users) add(user, name, defaultPermissions);
  }
  return logins;
}

function passwordsOf(
  authorization: AuthorizationOptions | undefined,
): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const { user, password } of authorization?.users ?? []) {
    passwords.set(user, password);
  }
  if (authorization?.user !== undefined) {
    passwords.set(authorization.user, authorization.password ?? "");
  }
  return passwords;
}

/** Whether passwords stand in the configuration as they are. */
export function hasPlainPasswords(
  authorization: AuthorizationOptions | undefined,
): boolean {
  return [...passwordsOf(authorization).values()].some((password) =>
    password !== "" && !isBcrypt(password)
  );
}

function bringsNothing({ user, pass, auth_token }: Credentials): boolean {
  return user === "" && pass === "" && auth_token === "";
}

export function isBcrypt(text: string): boolean {
  return /^\$2[abxy]\$\d\d\$/.test(text);
}
