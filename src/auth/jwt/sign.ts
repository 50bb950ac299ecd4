/** A JWT of version 2 from what it is to say. */
import { base64Url } from "../../core/base64.ts";
import { goJson } from "../../core/json.ts";
import type { KeyPair } from "../../core/nkeys.ts";

/** The claims, with the names of the wire; issuer and version are added. */
export interface JwtDraft {
  readonly sub: string;
  readonly name?: string;
  readonly aud?: string;
  /** Seconds, as the times below. */
  readonly iat: number;
  readonly exp?: number;
  readonly nbf?: number;
  readonly jti: string;
  readonly nats: Readonly<Record<string, unknown>>;
}

/** What signs: a key pair, or what stands for one. */
export type JwtSigner = Pick<KeyPair, "getPublicKey" | "sign">;

const HEADER = { typ: "JWT", alg: "ed25519-nkey" };
const VERSION = 2;

export function signJwt(draft: JwtDraft, issuer: JwtSigner): string {
  const payload = {
    ...draft,
    iss: issuer.getPublicKey(),
    nats: { ...draft.nats, version: VERSION },
  };
  const signed = `${chunk(HEADER)}.${chunk(payload)}`;
  return `${signed}.${base64Url(issuer.sign(utf8.encode(signed)))}`;
}

const utf8 = new TextEncoder();

function chunk(value: object): string {
  return base64Url(utf8.encode(goJson(value)));
}
