/**
 * What a `tls` block means, wherever it stands: for a listener, and for a side
 * that dials. The texts of its files are in it, so that nobody who uses it
 * reads files, and two of them can be compared.
 */

import type { CertifiedKey, TlsVersion } from "../platform/socket.ts";

/** A certificate with its key, and the files that they came from. */
export interface TlsCertificate extends CertifiedKey {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Whether the other end has to show a certificate; one that is shown is always verified. */
export type TlsVerification = boolean | "optional";

/**
 * Settings of TLS. More than a dozen members: because a block has that many
 * keys, and all of them are data.
 */
export interface TlsSettings {
  /** The first is for those who ask for no name, or for one that none is for. */
  readonly certificates: readonly TlsCertificate[];
  /** Empty: the authorities that the machine trusts. */
  readonly caFile: string;
  /** PEM of `caFile`. */
  readonly authorities: readonly string[] | undefined;
  readonly verify: TlsVerification;
  /** The certificate says who the client is. */
  readonly verifyAndMap: boolean;
  /** The certificate of another node is for a host of a configured route. */
  readonly checkKnownUrls: boolean;
  /** SHA-256 of the public keys that may come in, in lower-case hexadecimal digits; undefined: any. */
  readonly pinnedCerts: readonly string[] | undefined;
  /** For the handshake. */
  readonly timeoutMs: number;
  readonly minVersion: TlsVersion;
  /** Cipher suites of TLS 1.2, by their names in IANA's registry; undefined: those of the runtime. */
  readonly cipherSuites: readonly string[] | undefined;
  /** Curves by nats-server's names, in order of preference; undefined: those of the runtime. */
  readonly curves: readonly string[] | undefined;
  /** The handshake comes before INFO. */
  readonly handshakeFirst: boolean;
  /** With `handshakeFirst`: how long to wait for one before INFO is sent after all; 0 for ever. */
  readonly fallbackDelayMs: number;
  /** Handshakes in one second; 0 for no limit. */
  readonly connectionRateLimit: number;
  /** A side that dials takes any certificate. */
  readonly insecure: boolean;
}
