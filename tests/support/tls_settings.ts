/** The options that a `tls` block of these certificates comes to. */
import type { TlsSettings } from "../../src/options/tls.ts";
import type { Certificate, Certificates } from "./certificates.ts";

export function tlsSettings(
  { authority, server }: Pick<Certificates, "authority" | "server">,
  changes: Partial<TlsSettings> & { readonly shown?: Certificate } = {},
): TlsSettings {
  const { shown = server, ...others } = changes;
  const { certFile, keyFile, cert: certificate, key } = shown;
  return {
    certificates: [{ certFile, keyFile, certificate, key }],
    caFile: authority.certFile,
    authorities: [authority.cert],
    verify: true,
    verifyAndMap: false,
    checkKnownUrls: false,
    pinnedCerts: undefined,
    timeoutMs: 2000,
    minVersion: "TLSv1.2",
    cipherSuites: undefined,
    curves: undefined,
    handshakeFirst: false,
    fallbackDelayMs: 0,
    connectionRateLimit: 0,
    insecure: false,
    ...others,
  };
}
