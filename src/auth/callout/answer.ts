/**
 * What a service answered about a login: a JWT with an error, or with the JWT of
 * the user that the client is to be. Throws a `JwtError` that says why an answer
 * lets nobody in.
 *
 * NATS auth callout: the response, and what is checked of it.
 */
import { asciiBytes } from "../../core/ascii.ts";
import { isPublicKey } from "../../core/key_text.ts";
import type { KeyPair } from "../../core/nkeys.ts";
import { quoted } from "../../core/quote.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import { checkUser } from "../jwt/check_user.ts";
import type { AuthorizationResponseClaims, UserClaims } from "../jwt/claims.ts";
import { decodeJwt, decodeUserJwt } from "../jwt/decode.ts";
import { checkMoments, Issues } from "../jwt/issues.ts";
import { JwtError } from "../jwt/json_object.ts";
import { PROXY_REQUIRED_TEXT } from "../proxy_door.ts";

/** Of an answer that another key signed than may. */
export const UNKNOWN_SIGNER = "Auth callout signing key is unknown";

/** In base64, how the JSON of a header begins. */
const JWT_START = "eyJ";
/** nkeys: what is sealed begins with its version and a nonce. */
const SEAL = asciiBytes("xkv1");
const SEAL_NONCE_BYTES = 24;

/** Who may sign what. */
export interface IssuerRules {
  /** The account of the service. */
  readonly account: string;
  /** Why an answer is none of the service's; empty: it is. */
  answerFault(answer: AuthorizationResponseClaims): string;
  /** Why the service may not let such a user in; empty: it may. */
  faultOf(user: UserClaims): string;
}

/** What an answer has to fit. */
export interface Expected {
  /** What opens a sealed answer; undefined: none is sealed. */
  readonly sealing: KeyPair | undefined;
  readonly serverId: string;
  readonly userKey: string;
  readonly rules: IssuerRules;
  /** The client came through a trusted proxy. */
  readonly isProxied: boolean;
  /** The key that answers are sealed by; empty: they are not sealed. */
  readonly xkey: string;
  /** Wall clock, in seconds. */
  readonly now: number;
  readonly verify: VerifySignature;
}

/** The user that the service lets in. */
export function userIn(answer: Uint8Array, expected: Expected): UserClaims {
  const { rules, userKey, verify, now } = expected;
  const response = responseIn(answer, expected);
  const user = decodeUserJwt(response.jwt, verify);
  if (user.rights.needsProxy && !expected.isProxied) {
    throw new JwtError(PROXY_REQUIRED_TEXT);
  }
  const fault = rules.faultOf(user);
  if (fault !== "") throw new JwtError(fault);
  if (user.subject !== userKey) {
    throw new JwtError(
      `Expected authorized user of ${quoted(userKey)} but got ${
        quoted(user.subject)
      } on account ${quoted(rules.account)}`,
    );
  }
  const issues = checkUser(user, now);
  if (issues.areFatal) {
    const [first] = issues.list;
    throw new JwtError(`Error validating user JWT: ${first?.text}`);
  }
  return user;
}

/** The signed answer; it names this server and this login, and has no error. */
function responseIn(
  answer: Uint8Array,
  expected: Expected,
): AuthorizationResponseClaims {
  const { rules, userKey, serverId, verify } = expected;
  if (answer.length === 0) {
    throw violation(`"no reason supplied" on account ${quoted(rules.account)}`);
  }
  const response = decodeJwt(textOf(answer, expected), verify);
  if (response.kind !== "authorization_response") {
    throw new JwtError("not an authorization request claim");
  }
  const [issue] = issuesOf(response, expected.now).list;
  if (issue !== undefined) {
    throw new JwtError(
      `Authorization response had validation errors: ${issue.text}`,
    );
  }
  if (response.subject !== userKey) {
    throw violation("auth callout response is not for expected user");
  }
  if (response.audience !== serverId) {
    throw violation("auth callout response is not for server");
  }
  const fault = rules.answerFault(response);
  if (fault !== "") throw new JwtError(fault);
  if (response.error !== "") {
    throw new JwtError(
      `Auth callout service returned an error: ${response.error}`,
    );
  }
  return response;
}

function violation(text: string): JwtError {
  return new JwtError(`Auth callout violation: ${text}`);
}

/** Opened, where it is sealed; what is not sealed is signed all the same. */
function textOf(
  answer: Uint8Array,
  { sealing, xkey, rules }: Expected,
): string {
  const text = new TextDecoder().decode(answer);
  if (sealing === undefined || text.startsWith(JWT_START)) return text;
  const fault = sealFault(answer);
  const opened = fault === "" ? openedBy(sealing, answer, xkey) : undefined;
  if (opened !== undefined) return new TextDecoder().decode(opened);
  throw new JwtError(
    `error decrypting auth callout response on account ${
      quoted(rules.account)
    }: nkeys: ${fault || "could not decrypt input"}`,
  );
}

/** Why `answer` cannot have been sealed; empty: it may have been. */
function sealFault(answer: Uint8Array): string {
  if (answer.length <= SEAL.length + SEAL_NONCE_BYTES) {
    return "encrypted input is not valid";
  }
  return SEAL.every((byte, i) => answer[i] === byte)
    ? ""
    : "encrypted input wrong version";
}

function openedBy(
  sealing: KeyPair,
  answer: Uint8Array,
  xkey: string,
): Uint8Array | undefined {
  try {
    return sealing.open(answer, xkey) ?? undefined;
  } catch {
    return undefined;
  }
}

function issuesOf(claims: AuthorizationResponseClaims, now: number): Issues {
  const issues = new Issues();
  if (!isPublicKey(claims.subject, "U")) {
    issues.error("Subject must be a user public key");
  }
  if (!isPublicKey(claims.audience, "N")) {
    issues.error("Audience must be a server public key");
  }
  if (claims.error === "" && claims.jwt === "") {
    issues.error("Error or Jwt is required");
  } else if (claims.error !== "" && claims.jwt !== "") {
    issues.error("Only Error or Jwt can be set");
  }
  if (claims.issuerAccount !== "" && !isPublicKey(claims.issuerAccount, "A")) {
    issues.error("issuer_account is not an account public key");
  }
  checkMoments(claims, now, issues);
  return issues;
}
