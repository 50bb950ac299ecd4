/**
 * Who may log in. One `Authenticator` stands before client connections, another
 * before routes; every way into the server asks it. Passwords and tokens are
 * plain or bcrypt hashes; comparing a hash takes long, so it happens elsewhere
 * and the answer may be a promise.
 *
 * NATS authentication (server configuration): a token, a single user or a
 * table of users; a hash is told by its `$2a$`, `$2b$`, `$2x$` or `$2y$`.
 */
import { sameSecret } from "../core/secret.ts";
import type { AuthorizationOptions } from "../options/options.ts";

/** What a peer brought in CONNECT. */
export interface Credentials {
  readonly user: string;
  readonly pass: string;
  readonly auth_token: string;
}

/** Who a peer turned out to be. */
export interface Identity {
  /** Empty for a token, or when nobody needs to log in. */
  readonly user: string;
}

/** Compares a secret with a bcrypt hash, off the event loop. */
export type CompareHash = (secret: string, hash: string) => Promise<boolean>;

const ANYBODY: Identity = { user: "" };

export class Authenticator {
  readonly required: boolean;
  readonly #options: AuthorizationOptions | undefined;
  readonly #passwords = new Map<string, string>();
  readonly #noAuthUser: string;
  readonly #compareHash: CompareHash;

  constructor(
    options: AuthorizationOptions | undefined,
    noAuthUser: string,
    compareHash: CompareHash,
  ) {
    this.#options = options;
    this.#compareHash = compareHash;
    for (const { user, password } of options?.users ?? []) {
      this.#passwords.set(user, password);
    }
    if (options?.user !== undefined) {
      this.#passwords.set(options.user, options.password ?? "");
    }
    this.#noAuthUser = this.#passwords.has(noAuthUser) ? noAuthUser : "";
    this.required = options?.token !== undefined || this.#passwords.size > 0;
  }

  /** Whether secrets stand in the configuration as they are. */
  get hasPlainPasswords(): boolean {
    return [...this.#passwords.values()].some((password) =>
      password !== "" && !isBcrypt(password)
    );
  }

  /** Who a connection is that brings no credentials; undefined: it has to log in. */
  get anonymous(): Identity | undefined {
    if (!this.required) return ANYBODY;
    return this.#noAuthUser === "" ? undefined : { user: this.#noAuthUser };
  }

  /** Undefined, now or later, means no. */
  authenticate(
    credentials: Credentials,
  ): Identity | undefined | Promise<Identity | undefined> {
    const { user, pass, auth_token } = credentials;
    if (!this.required) return ANYBODY;
    if (
      user === "" && pass === "" && auth_token === "" && this.#noAuthUser !== ""
    ) {
      return this.anonymous;
    }
    if (this.#options?.token !== undefined) {
      return this.#checked(auth_token, this.#options.token, ANYBODY);
    }
    const password = this.#passwords.get(user);
    if (password === undefined) return undefined;
    return this.#checked(pass, password, { user });
  }

  #checked(
    secret: string,
    expected: string,
    identity: Identity,
  ): Identity | undefined | Promise<Identity | undefined> {
    if (!isBcrypt(expected)) {
      return sameSecret(secret, expected) ? identity : undefined;
    }
    return this.#compareHash(secret, expected).then((same) =>
      same ? identity : undefined
    );
  }
}

export function isBcrypt(text: string): boolean {
  return /^\$2[abxy]\$\d\d\$/.test(text);
}
