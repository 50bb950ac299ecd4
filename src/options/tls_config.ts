/**
 * The keys of `tls` as a program writes them. Made by `scripts/make_options.ts` from the rows of
 * `src/config/keys`; change those.
 */

/** A `tls` block. Relative paths start at the working folder. */
export interface TlsConfig {
  /** The certificate, in PEM, and behind it those that vouch for it. Takes: file. */
  cert_file?: string;
  /** The key of the certificate, in PEM. Takes: file. */
  key_file?: string;
  /** Several certificates, of which the name that is asked for chooses one, else the first. Takes: list of maps. */
  certs?: readonly TlsCertificateConfig[];
  /** The authorities that certificates of the other end must come from; those that the machine trusts unless set. Takes: file. */
  ca_file?: string;
  /** Whether the other end must show a certificate; `optional`: it may, and then a good one. */
  verify?: boolean | "optional";
  /** The same as `verify`, and the certificate says who the client is. */
  verify_and_map?: boolean;
  /** The same as `verify`, and the certificate must be for a host of a configured route. */
  verify_cert_and_check_known_urls?: boolean;
  /** The public keys that the other end may have, by the SHA-256 of their DER; any unless set. Takes: list of SHA-256 in hexadecimal digits. */
  pinned_certs?: readonly string[];
  /** How long a handshake may take. Takes: seconds or duration. Default: `2s`. */
  timeout?: number | string;
  /** The oldest version of TLS that is spoken; 1.2 unless set. Default: `TLSv1.2`. */
  min_version?: "1.2" | "1.3";
  /** The cipher suites of TLS 1.2, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`; all safe ones unless set. Those of TLS 1.3 are always on. Takes: list of names. */
  cipher_suites?: readonly string[];
  /** `cipher_suites` may have some that are not safe any more. */
  allow_insecure_cipher_suites?: boolean;
  /** The curves of the key exchange, such as `X25519`, `CurveP256`. Takes: list of names. */
  curve_preferences?: readonly string[];
  /** For clients: the handshake comes before INFO. `auto`, or a duration: unless it has not begun in 50 ms, or that time. Takes: boolean, auto or duration. */
  handshake_first?: boolean | string;
  /** For clients: handshakes in one second; 0 for no limit. Default: `0`. */
  connection_rate_limit?: number;
  /** Where this node dials: take any certificate. */
  insecure?: boolean;
}

/** One of several certificates. */
export interface TlsCertificateConfig {
  /** The certificate, and behind it those that vouch for it. Takes: file. */
  cert_file: string;
  /** Its key. Takes: file. */
  key_file: string;
}
