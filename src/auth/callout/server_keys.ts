/** The keys of a server that asks a service about logins: new ones at each start. */
import { publicKeyText, randomKey, seedText } from "../../core/key_text.ts";
import { fromCurveSeed, type KeyPair } from "../../core/nkeys.ts";
import type { Random } from "../../platform/clock.ts";
import type { MakeSigner } from "../../platform/signatures.ts";
import type { JwtSigner } from "../jwt/sign.ts";

export interface ServerKeys {
  /** It signs the questions; its public key is the server's id. */
  readonly signing: JwtSigner;
  /** What is sealed for the service is sealed by it, and answers are sealed for it. */
  readonly sealing: KeyPair;
}

export function makeServerKeys(
  random: Random,
  makeSigner: MakeSigner,
): ServerKeys {
  const { publicKey, sign } = makeSigner(randomKey(random));
  const id = publicKeyText("N", publicKey);
  const seed = seedText("X", randomKey(random));
  return {
    signing: { getPublicKey: () => id, sign },
    sealing: fromCurveSeed(new TextEncoder().encode(seed)),
  };
}
