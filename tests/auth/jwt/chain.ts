/** Chains of trust for tests: keys, and JWTs that say what the test wants. */
import {
  createAccount,
  createOperator,
  createUser,
  fromSeed,
} from "@nats-io/nkeys";
import { signJwt } from "../../../src/auth/jwt/sign.ts";
import { base64Url } from "../../../src/core/base64.ts";
import type { TrustOptions } from "../../../src/options/options.ts";

type KeyPair = ReturnType<typeof createUser>;
type Claims = Readonly<Record<string, unknown>>;

/** Fields beside those of the kind: `name`, `exp`, `iat`, `aud`, ... */
export type Head = Readonly<{
  name?: string;
  iat?: number;
  exp?: number;
  nbf?: number;
  aud?: string;
}>;

const FREE = { subs: -1, data: -1, payload: -1 };

export const FREE_ACCOUNT: Claims = {
  ...FREE,
  ...{ imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
};

const utf8 = new TextEncoder();

export function keyOf(seed: string): KeyPair {
  return fromSeed(utf8.encode(seed));
}

export function signNonce(key: KeyPair, nonce: string): string {
  return base64Url(key.sign(utf8.encode(nonce)));
}

function jwt(
  issuer: KeyPair,
  subject: string,
  nats: Claims,
  head: Head,
): string {
  return signJwt({
    sub: subject,
    iat: 1000,
    jti: "x",
    name: "test",
    ...head,
    nats,
  }, issuer);
}

/** An operator, and accounts that it vouches for. */
export class Chain {
  readonly operator: KeyPair = createOperator();

  operatorJwt(nats: Claims = {}, head: Head = {}): string {
    const { operator } = this;
    return jwt(
      operator,
      operator.getPublicKey(),
      { type: "operator", ...nats },
      head,
    );
  }

  account(issuer: KeyPair = this.operator): ChainAccount {
    return new ChainAccount(issuer);
  }

  /** For a server that knows these JWTs. */
  trust(
    accounts: readonly (readonly [key: string, jwt: string])[],
    more: Partial<TrustOptions> = {},
  ): TrustOptions {
    return {
      operators: [this.operatorJwt()],
      trustedKeys: [],
      resolver: { kind: "memory" },
      preload: new Map(accounts),
      pinnedAccounts: undefined,
      defaultSentinel: "",
      ...more,
    };
  }
}

export class ChainAccount {
  readonly pair: KeyPair = createAccount();
  readonly #issuer: KeyPair;

  constructor(issuer: KeyPair) {
    this.#issuer = issuer;
  }

  get key(): string {
    return this.pair.getPublicKey();
  }

  jwt(nats: Claims = {}, head: Head = {}): string {
    const claims = { type: "account", limits: FREE_ACCOUNT, ...nats };
    return jwt(this.#issuer, this.key, claims, head);
  }

  /** The entry of a preload. */
  entry(nats: Claims = {}, head: Head = {}): readonly [string, string] {
    return [this.key, this.jwt(nats, head)];
  }

  /** A token for another account's import. */
  activation(importer: string, nats: Claims, head: Head = {}): string {
    return jwt(this.pair, importer, { type: "activation", ...nats }, head);
  }

  user(nats: Claims = {}, head: Head = {}): ChainUser {
    return this.userOf(this.pair, { ...FREE, ...nats }, head);
  }

  /** A user that another key signs, with nothing but what is said. */
  userOf(issuer: KeyPair, nats: Claims, head: Head = {}): ChainUser {
    const pair = createUser();
    const text = jwt(
      issuer,
      pair.getPublicKey(),
      { type: "user", ...nats },
      head,
    );
    return { pair, key: pair.getPublicKey(), jwt: text };
  }
}

export interface ChainUser {
  readonly pair: KeyPair;
  readonly key: string;
  readonly jwt: string;
}
