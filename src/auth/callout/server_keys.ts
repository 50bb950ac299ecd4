/** The keys of a server that asks a service about logins: new ones at each start. */
import { publicKeyText, randomKey, seedText } from "../../core/key_text.ts";
import type { KeyPair } from "../../core/nkeys.ts";
import type { Random } from "../../platform/clock.ts";
import type { MakeSigner } from "../../platform/signatures.ts";
import type { JwtSigner } from "../jwt/sign.ts";

export interface ServerKeys {
  /** It signs the questions; its public key is the server's id. */
  readonly signing: JwtSigner;
  /** What is sealed for the service is sealed by it, and answers are sealed for it. */
  readonly sealing: () => Promise<KeyPair>;
}

export function makeServerKeys(
  random: Random,
  makeSigner: MakeSigner,
): ServerKeys {
  const { publicKey, sign } = makeSigner(randomKey(random));
  const id = publicKeyText("N", publicKey);
  const seed = new TextEncoder().encode(seedText("X", randomKey(random)));
  let sealing: Promise<KeyPair> | undefined;
  return {
    signing: { getPublicKey: () => id, sign },
    // Loaded when something is to be sealed, not for every server.
    sealing: () =>
      sealing ??= import("../../core/nkeys.ts")
        .then(({ fromCurveSeed }) => fromCurveSeed(seed)),
  };
}
