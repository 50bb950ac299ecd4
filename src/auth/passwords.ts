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
import type { AuthorizationOptions } from "../options/options.ts";
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
  /** The account of all that come in. */
  readonly account: string;
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
  const passwords = passwordsOf(settings.authorization);
  const isOpen = settings.authorization?.token === undefined &&
    passwords.size === 0;
  return isOpen
    ? new OpenDoor(settings.account)
    : new PasswordDoor(settings, passwords);
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
  readonly #passwords: ReadonlyMap<string, string>;
  readonly #hashes: HashQueue;
  readonly #greeting: Greeting;

  constructor(
    { authorization, noAuthUser, account, compareHash }: PasswordSettings,
    passwords: ReadonlyMap<string, string>,
  ) {
    this.#account = account;
    this.#token = authorization?.token;
    this.#passwords = passwords;
    this.#hashes = new HashQueue(compareHash);
    const anonymous = passwords.has(noAuthUser) && noAuthUser !== ""
      ? { account, user: noAuthUser }
      : undefined;
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
      return this.#checked(request, TOKEN_USER, auth_token, this.#token);
    }
    const password = this.#passwords.get(user);
    return password === undefined
      ? REFUSED
      : this.#checked(request, user, pass, password);
  }

  #checked(
    { remote: { host }, waiting }: LoginRequest,
    user: string,
    secret: string,
    expected: string,
  ): Verdict | Promise<Verdict> {
    const principal = { account: this.#account, user };
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
