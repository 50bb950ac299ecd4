/**
 * What is said of a handshake that failed. As a server it is in Go's words,
 * which operators know, whichever library noticed: OpenSSL on Node, BoringSSL on
 * Bun, rustls on Deno. As a client it is in the runtime's own.
 */
import type { TLSSocket } from "node:tls";
import { isError } from "../../core/errors.ts";
import { NetworkError } from "../../platform/socket.ts";
import { errorCode } from "../process/system.ts";

const FAILED = "TLS handshake failed: ";

/** A failed handshake, in the words of the one who noticed. */
export function tlsFailure(detail: string, cause?: unknown): NetworkError {
  return new NetworkError(`${FAILED}${detail}`, "ETLS", cause);
}

/** What is said of a socket that cannot go over to TLS. */
export function noUpgrade(): NetworkError {
  const message = "This socket cannot go over to TLS";
  return new NetworkError(message, "ETLSUNSUPPORTED");
}

/** What went wrong, in the runtime's own words, on one line. */
export function failureText(error: unknown): string {
  if (!isError(error)) return String(error);
  const text = error.message.replace(FAILED, "").replaceAll(/\s+/g, " ").trim();
  return text === "" ? errorCode(error) ?? "unknown error" : text;
}

/** Whether an error of a stream is about TLS, such as a refused certificate. */
export function isTlsError(error: Error): boolean {
  return /^ERR_(?:SSL|TLS|OSSL)_/.test(errorCode(error) ?? "");
}

/** Why a server's handshake failed, in Go's words as far as it has some. */
export function failureOf(error: Error, stream: TLSSocket): NetworkError {
  const code = errorCode(error) ?? "";
  const text = `${code} ${error.message}`;
  const unverified = unverifiedText(stream, code);
  if (unverified !== undefined) return tlsFailure(unverified, error);
  const known = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  return tlsFailure(
    known ?? alertText(text) ?? failureText(error),
    error,
  );
}

/** What each library says, and what Go does. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /PEER_DID_NOT_RETURN_A_CERTIFICATE/,
    "tls: client didn't provide a certificate",
  ],
  [
    /WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|InvalidContentType/,
    "tls: first record does not look like a TLS handshake",
  ],
  [
    /UNSUPPORTED_PROTOCOL|Tls1[23]NotOffered/,
    "tls: client offered only unsupported versions",
  ],
  [
    /NO_SHARED_CIPHER|NoCipherSuitesInCommon/,
    "tls: no cipher suite supported by both client and server",
  ],
  [/socket hang up/, "EOF"],
  [/ECONNRESET/, "connection reset by peer"],
];

const UNKNOWN_AUTHORITY = "certificate signed by unknown authority";

/** Why a certificate is not good, by OpenSSL's names, which all runtimes have. */
const UNVERIFIED: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  INVALID_PURPOSE: "certificate specifies an incompatible key usage",
  CERT_HAS_EXPIRED: "certificate has expired or is not yet valid",
  CERT_NOT_YET_VALID: "certificate has expired or is not yet valid",
};

function unverifiedText(stream: TLSSocket, code: string): string | undefined {
  // Declared as an error, and a name on all runtimes.
  const reason: unknown = stream.authorizationError;
  const name = isError(reason)
    ? errorCode(reason) ?? reason.message
    : reason ?? "";
  const known = UNVERIFIED[code] ?? UNVERIFIED[String(name)];
  return known && `tls: failed to verify certificate: x509: ${known}`;
}

/** What a peer tells of its reasons, in RFC 8446's order of numbers. */
const ALERTS: readonly (readonly [RegExp, string])[] = [
  [/BAD_?CERTIFICATE/i, "bad certificate"],
  [/UNKNOWN_?CA\b/i, "unknown certificate authority"],
  [/CERTIFICATE_?EXPIRED/i, "expired certificate"],
  [/CERTIFICATE_?UNKNOWN/i, "unknown certificate"],
  [/PROTOCOL_?VERSION/i, "protocol version not supported"],
  [/HANDSHAKE_?FAILURE/i, "handshake failure"],
  [/DECRYPT_?ERROR/i, "error decrypting message"],
  [/UNRECOGNI[SZ]ED_?NAME/i, "unrecognized name"],
  [/USER_?CANCELLED|USER_?CANCELED/i, "user canceled"],
];

function alertText(text: string): string | undefined {
  if (!/alert/i.test(text)) return undefined;
  const known = ALERTS.find(([pattern]) => pattern.test(text))?.[1];
  return known && `remote error: tls: ${known}`;
}
