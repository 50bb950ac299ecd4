/**
 * Ways to prove to a server who we are, for the `authenticator` option; names
 * and meaning are nats.js's. Each answers the server's nonce; what is given as
 * a function is asked anew at every login, so a secret may change while the
 * connection lives on.
 *
 * Keys are Ed25519 in the form of nkeys. A seed is used for one signature and
 * forgotten; no error quotes it.
 */
import { byteString } from "../../core/ascii.ts";
import { InvalidArgumentError } from "../../core/errors.ts";
import { fromSeed } from "../../core/nkeys.ts";
import type { Authentication, Authenticator } from "../api/options.ts";

/** A user and, if there is one, the password. */
export function usernamePasswordAuthenticator(
  user: string | (() => string),
  pass?: string | (() => string),
): Authenticator {
  return () => ({
    user: valueOf(user),
    ...(pass !== undefined && { pass: valueOf(pass) }),
  });
}

/** A token that all clients share. */
export function tokenAuthenticator(
  token: string | (() => string),
): Authenticator {
  return () => ({ auth_token: valueOf(token) });
}

/**
 * A user that the server knows by a public nkey: signs the nonce with the
 * user's seed, the text that begins with `SU`.
 */
export function nkeyAuthenticator(
  seed: Uint8Array | (() => Uint8Array),
): Authenticator {
  return (nonce) => signed(nonce, valueOf(seed));
}

/**
 * A user of an account, named by a JWT. With the user's seed the nonce is
 * signed; a bearer JWT needs none.
 */
export function jwtAuthenticator(
  jwt: string | (() => string),
  seed?: Uint8Array | (() => Uint8Array),
): Authenticator {
  return (nonce) => ({
    jwt: valueOf(jwt),
    ...(seed !== undefined && signed(nonce, valueOf(seed))),
  });
}

/**
 * What a `.creds` file holds, as `nsc` writes it: a JWT and a seed. Throws
 * `InvalidArgumentError` when bytes hold no such pair.
 */
export function credsAuthenticator(
  creds: Uint8Array | (() => Uint8Array),
): Authenticator {
  const constant = creds instanceof Uint8Array ? readCreds(creds) : undefined;
  return (nonce) => {
    const { jwt, seed } = constant ?? readCreds(valueOf(creds));
    return jwtAuthenticator(jwt, seed)(nonce);
  };
}

function valueOf<T extends string | Uint8Array>(given: T | (() => T)): T {
  return typeof given === "function" ? given() : given;
}

function signed(nonce: string, seed: Uint8Array): Authentication {
  try {
    // A copy, because `clear` wipes the bytes.
    const key = fromSeed(new Uint8Array(seed));
    const nkey = key.getPublicKey();
    const sig = nonce === "" ? undefined : base64Url(key.sign(utf8(nonce)));
    key.clear();
    return sig === undefined ? { nkey } : { nkey, sig };
  } catch (error) {
    throw new InvalidArgumentError("The seed is no nkey seed", {
      cause: error,
    });
  }
}

interface Creds {
  readonly jwt: string;
  readonly seed: Uint8Array;
}

/** A block between a line of BEGIN and a line of END, both with dashes around. */
const CREDS_BLOCK = /-{3,}[^\n]*BEGIN[^\n]*\n\s*([\w.=-]+)\s*\n-{3,}[^\n]*END/g;

function readCreds(bytes: Uint8Array): Creds {
  const blocks = [...new TextDecoder().decode(bytes).matchAll(CREDS_BLOCK)];
  const [jwt, seed] = blocks.map(([, text]) => text);
  if (jwt === undefined || seed === undefined) {
    throw new InvalidArgumentError("The creds hold no JWT with a seed");
  }
  return { jwt, seed: utf8(seed) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** RFC 4648, section 5, without padding, as Go's clients write a signature. */
function base64Url(bytes: Uint8Array): string {
  return btoa(byteString(bytes)).replaceAll("+", "-").replaceAll("/", "_")
    .replace(/=+$/, "");
}
