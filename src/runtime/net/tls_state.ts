/** The facts of a finished handshake, by what `node:tls` tells of them. */
import type { TLSSocket } from "node:tls";
import type { TlsState } from "../../platform/socket.ts";
import { peerCertificates } from "./peer_certificates.ts";

export function tlsStateOf(stream: TLSSocket): TlsState {
  const cipher = stream.getCipher();
  return {
    version: stream.getProtocol()?.replace(/^TLSv/, "") ?? "",
    cipher: cipher?.standardName ?? "",
    peerCertificates: peerCertificates(stream),
  };
}
