/**
 * A JWT from its text: three chunks of base64, signed by the key that its claims
 * name. Nothing of one that is not signed properly comes out.
 */
import { bytesOfBase64Url } from "../../core/base64.ts";
import {
  isPublicKey,
  type KeyKind,
  publicKeyBytes,
} from "../../core/key_text.ts";
import { quoted } from "../../core/quote.ts";
import type { VerifySignature } from "../../platform/signatures.ts";
import type {
  AccountClaims,
  ActivationClaims,
  Claims,
  GenericClaims,
  OperatorClaims,
  UserClaims,
} from "./claims.ts";
import { type JsonObject, JwtError, readJsonObject } from "./json_object.ts";
import { readClaims, readGeneric } from "./read_claims.ts";

const SIZE_MAX = 1_048_576;
const CHUNKS = 3;

/** Who may sign what. Others are signed by anybody. */
const SIGNERS: Readonly<Partial<Record<Claims["kind"], readonly KeyKind[]>>> = {
  operator: ["O"],
  account: ["A", "O"],
  user: ["A"],
  activation: ["A", "O"],
  authorization_request: ["N"],
  authorization_response: ["A"],
};

const KIND_NAMES: Readonly<Partial<Record<KeyKind, string>>> = {
  A: "account",
  O: "operator",
  N: "server",
};

/** What a JWT says, once its signature is found to be right. Throws `JwtError`. */
export function decodeJwt(text: string, verify: VerifySignature): Claims {
  const { chunks, payload } = opened(text);
  const claims = readClaims(payload);
  // NATS: the first version signed its payload alone.
  const isOld = claims.version <= 1 || claims.kind === "generic";
  if (!isSigned(chunks, claims.issuer, isOld, verify)) {
    throw new JwtError(
      `claim failed V${isOld ? 1 : 2} signature verification`,
    );
  }
  const signers = SIGNERS[claims.kind];
  if (signers?.some((kind) => isPublicKey(claims.issuer, kind)) === false) {
    const names = signers.map((kind) => KIND_NAMES[kind]).join(" ");
    throw new JwtError(`unable to validate expected prefixes - [${names}]`);
  }
  return claims;
}

export function decodeUserJwt(
  text: string,
  verify: VerifySignature,
): UserClaims {
  return ofKind(decodeJwt(text, verify), "user");
}

export function decodeAccountJwt(
  text: string,
  verify: VerifySignature,
): AccountClaims {
  return ofKind(decodeJwt(text, verify), "account");
}

export function decodeActivationJwt(
  text: string,
  verify: VerifySignature,
): ActivationClaims {
  return ofKind(decodeJwt(text, verify), "activation");
}

export function decodeOperatorJwt(
  text: string,
  verify: VerifySignature,
): OperatorClaims {
  return ofKind(decodeJwt(text, verify), "operator");
}

/** `claims`, if they are of this kind. */
function ofKind<Kind extends Claims["kind"]>(
  claims: Claims,
  kind: Kind,
): Extract<Claims, { kind: Kind }> {
  if (claims.kind !== kind) throw new JwtError(`not ${kind} claim`);
  return claims as Extract<Claims, { kind: Kind }>;
}

interface OpenedJwt {
  readonly chunks: readonly string[];
  readonly algorithm: string;
  readonly payload: JsonObject;
}

const utf8 = new TextDecoder();

function opened(text: string): OpenedJwt {
  if (text.length > SIZE_MAX) {
    throw new JwtError(
      `token size ${text.length} exceeds maximum of ${SIZE_MAX} bytes: token too large`,
    );
  }
  const chunks = text.split(".");
  if (chunks.length !== CHUNKS) throw new JwtError("expected 3 chunks");
  const [head = "", payload = ""] = chunks;
  return {
    chunks,
    algorithm: readHeader(readChunk(head, "header")),
    payload: readChunk(payload, "claims"),
  };
}

function readChunk(chunk: string, place: string): JsonObject {
  const bytes = bytesOfBase64Url(chunk);
  if (bytes === undefined) throw new JwtError(`illegal base64 in the ${place}`);
  return readJsonObject(utf8.decode(bytes), place);
}

/** The algorithm. `none`, and all others, are refused by name. */
function readHeader(header: JsonObject): string {
  const type = header.text("typ");
  if (type.toUpperCase() !== "JWT") {
    throw new JwtError(`not supported type ${quoted(type)}`);
  }
  const algorithm = header.text("alg").toLowerCase();
  if (algorithm !== "ed25519" && algorithm !== "ed25519-nkey") {
    throw new JwtError(`unexpected ${quoted(header.text("alg"))} algorithm`);
  }
  return algorithm;
}

function isSigned(
  [head = "", payload = "", signature = ""]: readonly string[],
  issuer: string,
  isOld: boolean,
  verify: VerifySignature,
): boolean {
  const bytes = bytesOfBase64Url(signature);
  if (bytes === undefined) {
    throw new JwtError("illegal base64 in the signature");
  }
  const key = publicKeyBytes(issuer);
  const signed = isOld ? payload : `${head}.${payload}`;
  return key !== undefined &&
    verify(key, new TextEncoder().encode(signed), bytes);
}

/** A JWT of whatever kind; it is its header that tells the version. Throws `JwtError`. */
export function decodeGenericJwt(
  text: string,
  verify: VerifySignature,
): GenericClaims {
  const { chunks, algorithm, payload } = opened(text);
  const claims = readGeneric(payload);
  const isOld = algorithm === "ed25519";
  if (!isSigned(chunks, claims.issuer, isOld, verify)) {
    throw new JwtError(
      `claim failed V${isOld ? 1 : 2} signature verification`,
    );
  }
  return claims;
}
