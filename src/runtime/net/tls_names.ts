/**
 * What OpenSSL calls the cipher suites and curves that the configuration knows
 * by the names of IANA and Go. BoringSSL, in Bun, has the same names.
 */

const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: "ECDHE-ECDSA-AES128-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: "ECDHE-ECDSA-AES256-SHA",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: "ECDHE-RSA-AES128-SHA",
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: "ECDHE-RSA-AES256-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
    "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_RSA_WITH_RC4_128_SHA: "RC4-SHA",
  TLS_RSA_WITH_3DES_EDE_CBC_SHA: "DES-CBC3-SHA",
  TLS_RSA_WITH_AES_128_CBC_SHA: "AES128-SHA",
  TLS_RSA_WITH_AES_256_CBC_SHA: "AES256-SHA",
  TLS_RSA_WITH_AES_128_CBC_SHA256: "AES128-SHA256",
  TLS_RSA_WITH_AES_128_GCM_SHA256: "AES128-GCM-SHA256",
  TLS_RSA_WITH_AES_256_GCM_SHA384: "AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: "ECDHE-ECDSA-RC4-SHA",
  TLS_ECDHE_RSA_WITH_RC4_128_SHA: "ECDHE-RSA-RC4-SHA",
  TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: "ECDHE-RSA-DES-CBC3-SHA",
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: "ECDHE-ECDSA-AES128-SHA256",
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: "ECDHE-RSA-AES128-SHA256",
};

/** Suites of TLS 1.3: Go has all of them on, whatever is configured. */
export const NEW_SUITES: readonly string[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];

/** The suites of Deno's TLS, which cannot be chosen among. */
export const DENO_SUITES: readonly string[] = Object.keys(SUITES).filter(
  (name) => /^TLS_ECDHE_.*_(?:GCM|POLY1305)_/.test(name),
);

/** What a server speaks unless it is told, as Go does. */
export const SAFE_SUITES: readonly string[] = [
  ...DENO_SUITES,
  ...Object.keys(SUITES).filter((name) =>
    /^TLS_ECDHE_.*_AES_.*_CBC_SHA$/.test(name)
  ),
];

/** The curves of Deno's TLS, which cannot be chosen among. */
export const DENO_CURVES: readonly string[] = [
  "X25519MLKEM768",
  "X25519",
  "CurveP256",
  "CurveP384",
];

/** Undefined for one of TLS 1.3. */
export function opensslSuite(name: string): string | undefined {
  return SUITES[name];
}

/** `CurveP256` is `P-256`; the others are called the same. */
export function opensslCurve(name: string): string {
  return name.replace(/^CurveP/, "P-");
}
