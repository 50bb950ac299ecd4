/**
 * A chain of trust for tests: an operator, an account and its users, each with
 * a JWT signed by the one above, as nats-server reads them from its
 * configuration.
 */
import { createAccount, createOperator, createUser } from "@nats-io/nkeys";

type KeyPair = ReturnType<typeof createUser>;

export interface JwtUser {
  readonly jwt: string;
  readonly seed: Uint8Array;
  /** The two as in a `.creds` file. */
  readonly creds: Uint8Array;
}

export interface JwtChain {
  /** For the server's configuration: operator, resolver and the account. */
  readonly config: string;
  /** Makes a user; a bearer need not sign anything. */
  user(claims?: { readonly bearer_token?: boolean }): JwtUser;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };

export function makeJwtChain(): JwtChain {
  const operator = createOperator();
  const account = createAccount();
  const operatorJwt = signedBy(operator, operator, { type: "operator" });
  const limits = {
    ...UNLIMITED,
    ...{ imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
  };
  const accountJwt = signedBy(operator, account, { type: "account", limits });
  return {
    config: `operator: ${operatorJwt}
resolver: MEMORY
resolver_preload: { ${account.getPublicKey()}: ${accountJwt} }`,
    user: (claims = {}) => makeUser(account, claims),
  };
}

function makeUser(account: KeyPair, claims: object): JwtUser {
  const key = createUser();
  const jwt = signedBy(account, key, {
    type: "user",
    ...UNLIMITED,
    pub: {},
    sub: {},
    ...claims,
  });
  const seed = key.getSeed();
  const creds = `-----BEGIN NATS USER JWT-----
${jwt}
------END NATS USER JWT------

************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(seed)}
------END USER NKEY SEED------
`;
  return { jwt, seed, creds: new TextEncoder().encode(creds) };
}

function signedBy(issuer: KeyPair, subject: KeyPair, nats: object): string {
  const head = base64Url(JSON.stringify({ typ: "JWT", alg: "ed25519-nkey" }));
  const body = base64Url(JSON.stringify({
    jti: "test",
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    name: "test",
    sub: subject.getPublicKey(),
    nats: { ...nats, version: 2 },
  }));
  const text = `${head}.${body}`;
  return `${text}.${base64Url(issuer.sign(new TextEncoder().encode(text)))}`;
}

function base64Url(content: string | Uint8Array): string {
  const text = typeof content === "string"
    ? content
    : String.fromCharCode(...content);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}
