/** A peer that speaks the protocol by hand over TLS: at once, or behind the INFO that it has read in clear. */
import { connect as connectRaw, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { TlsSettings } from "../../src/options/tls.ts";
import type { Certificates } from "./certificates.ts";
import { Peer } from "./peer.ts";

/** A server's `tls` with the certificates of tests; `change` has what is other. */
export function tlsSettings(
  { server, authority }: Certificates,
  change: Partial<TlsSettings> = {},
): TlsSettings {
  return {
    certificates: [{
      certFile: server.certFile,
      keyFile: server.keyFile,
      certificate: server.cert,
      key: server.key,
    }],
    caFile: authority.certFile,
    authorities: [authority.cert],
    verify: false,
    verifyAndMap: false,
    checkKnownUrls: false,
    pinnedCerts: undefined,
    // Long enough for a busy machine.
    timeoutMs: 30_000,
    minVersion: "TLSv1.2",
    cipherSuites: undefined,
    curves: undefined,
    handshakeFirst: false,
    fallbackDelayMs: 0,
    connectionRateLimit: 0,
    insecure: false,
    ...change,
  };
}

export interface TlsPeer {
  readonly peer: Peer;
  /** What the server said in clear; empty where TLS begins at once. */
  readonly greeting: string;
  /** The certificate that the server showed, in DER; undefined while there is none. */
  readonly shown: () => Uint8Array | undefined;
}

/** Dials, and begins with TLS: behind INFO, or at once with `first`. */
export async function connectTlsPeer(
  port: number,
  { authority }: Certificates,
  { first = false, ...options }: ConnectionOptions & {
    readonly first?: boolean;
  } = {},
): Promise<TlsPeer> {
  const raw = connectRaw({ port, host: "127.0.0.1", noDelay: true });
  raw.on("error", () => {});
  const greeting = first ? "" : await lineOf(raw);
  const stream = connectTls({
    socket: raw,
    servername: "localhost",
    ca: authority.cert,
    ...options,
  });
  return {
    peer: new Peer(stream),
    greeting,
    shown: () => stream.getPeerCertificate()?.raw,
  };
}

function lineOf(raw: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const onData = (chunk: Uint8Array): void => {
      text += new TextDecoder().decode(chunk);
      if (!text.endsWith("\n")) return;
      raw.off("data", onData);
      raw.pause();
      resolve(text);
    };
    raw.on("data", onData);
    raw.once("close", () => reject(new Error(`closed behind "${text}"`)));
  });
}
