/** Key pairs that the machine makes, for certificates. */

/** An ECDSA key on the curve P-256. */
export interface EcdsaPair {
  /** SubjectPublicKeyInfo, in DER. */
  readonly publicKey: Uint8Array;
  /** PKCS #8, in DER. */
  readonly privateKey: Uint8Array;
  /** With SHA-256: the two numbers of a signature, 32 bytes each. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Makes a new one. */
export type MakeEcdsaPair = () => Promise<EcdsaPair>;
