/**
 * Comparing what a peer brings with a secret of the configuration, which is
 * plain or a bcrypt hash. Comparing a hash takes long, so it happens elsewhere,
 * one after the other, and the answer is a promise.
 */
import { ClosedReason } from "../core/closed.ts";
import { WireError } from "../core/errors.ts";
import { sameSecret } from "../core/secret.ts";
import type { LoginRefusal, LoginRequest, Principal, Verdict } from "./door.ts";
import { type CompareHash, HashQueue, type HashVerdict } from "./hash_queue.ts";

export const REFUSED: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_FAILURE,
  wire: WireError.AUTHORIZATION_VIOLATION,
};

/** A user that is not known. */
export const UNKNOWN: LoginRefusal = { ...REFUSED, isUnknown: true };

/** The queue of those whose password is to be compared is full. */
const TOO_MANY: LoginRefusal = {
  refused: ClosedReason.AUTHENTICATION_TIMEOUT,
  wire: WireError.TOO_MANY_LOGINS,
};

/** A secret that was brought, and who has brought it if it is right. */
interface Claim {
  readonly secret: string;
  readonly expected: string;
  readonly principal: Principal;
}

export class SecretCheck {
  readonly #hashes: HashQueue;

  constructor(compareHash: CompareHash) {
    this.#hashes = new HashQueue(compareHash);
  }

  verdict(
    { remote: { host }, waiting, proof }: LoginRequest,
    { secret, expected, principal }: Claim,
  ): Verdict | Promise<Verdict> {
    if (!isBcrypt(expected)) {
      return sameSecret(secret, expected) ? principal : REFUSED;
    }
    if (proof === expected) return principal;
    const { user } = principal;
    return this.#hashes.compare({ secret, hash: expected, user, host, waiting })
      .then((verdict) => verdictOf(verdict, principal));
  }
}

function verdictOf(verdict: HashVerdict, principal: Principal): Verdict {
  if (verdict === "same") return principal;
  return verdict === "full" ? TOO_MANY : REFUSED;
}

/** A hash is told by its `$2a$`, `$2b$`, `$2x$` or `$2y$`. */
export function isBcrypt(text: string): boolean {
  return /^\$2[abxy]\$\d\d\$/.test(text);
}
