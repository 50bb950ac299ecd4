/**
 * TLS over a connected socket as a server. Each `TlsUpgrade` has one server of
 * `node:tls` that never listens: sockets are handed to it. Wrapping a socket
 * would be shorter, but then Node and Deno let clients in whose certificate
 * comes from an unknown authority.
 *
 * The runtimes give up a silent client in words alone, and leave its socket
 * open, so each handshake has a time limit of its own, and its end destroys the
 * socket.
 */
import { X509Certificate } from "node:crypto";
import type { Socket as TcpSocket } from "node:net";
import type { SecureContext, Server, TlsOptions, TLSSocket } from "node:tls";
import { deferred } from "../../core/deferred.ts";
import { formatAddress } from "../../net/address.ts";
import type { TlsState, TlsUpgrade } from "../../platform/socket.ts";
import { timerDelay } from "../process/system.ts";
import { clearTimeout, setImmediate, setTimeout } from "../process/timers.ts";
import { endpoint } from "./addresses.ts";
import { certifiesName } from "./certified_names.ts";
import { contextOptions } from "./tls_context.ts";
import { failureOf, tlsFailure } from "./tls_failures.ts";
import { tlsModule } from "./tls_module.ts";
import { tlsStateOf } from "./tls_state.ts";
import { watchUpkeep } from "./tls_upkeep.ts";

/** What a handshake has led to. */
export interface Secured {
  /** What is read and written from now on goes through it. */
  readonly stream: TLSSocket;
  readonly state: TlsState;
}

/** By identity: other settings, such as those after a reload, are another object. */
const SERVERS = new WeakMap<TlsUpgrade, HandshakeServer>();

/**
 * The handshake on a socket whose data nobody listens to. `head` was read from
 * it before. Rejects with a `NetworkError` of code `ETLS`, in the words of Go;
 * the socket is destroyed then, or to be destroyed.
 */
export function serverHandshake(
  raw: TcpSocket,
  tls: TlsUpgrade,
  head?: Uint8Array,
): Promise<Secured> {
  let server = SERVERS.get(tls);
  if (server === undefined) {
    server = new HandshakeServer(tls);
    SERVERS.set(tls, server);
  }
  return server.take(raw, head);
}

interface Pending {
  readonly raw: TcpSocket;
  resolve(stream: TLSSocket): void;
  reject(error: unknown): void;
}

class HandshakeServer {
  readonly #tls: TlsUpgrade;
  readonly #server: Server;
  readonly #pending = new Map<TcpSocket, Pending>();

  constructor(tls: TlsUpgrade) {
    this.#tls = tls;
    try {
      this.#server = tlsModule().createServer(serverOptions(tls));
    } catch (error) {
      throw tlsFailure("the settings cannot be used", error);
    }
    this.#server.on(
      "secureConnection",
      (stream) => this.#find(stream)?.resolve(stream),
    );
    this.#server.on("tlsClientError", (error, stream) => {
      const pending = this.#find(stream);
      pending?.reject(failureOf(error, stream));
    });
  }

  async take(raw: TcpSocket, head?: Uint8Array): Promise<Secured> {
    const { promise, resolve, reject } = deferred<TLSSocket>();
    this.#pending.set(raw, { raw, resolve, reject });
    const { timeoutMs } = this.#tls;
    const timer = setTimeout(
      () => reject(tlsFailure(timeoutText(raw))),
      timerDelay(timeoutMs),
    );
    // Some tell why behind the end of the socket.
    const onClose = (): void =>
      void setImmediate(() => reject(tlsFailure("EOF")));
    raw.once("close", onClose);
    try {
      if (raw.destroyed) throw tlsFailure("EOF");
      raw.pause();
      if (head !== undefined && head.length > 0) raw.unshift(head);
      this.#server.emit("connection", raw);
      const stream = await promise;
      // Who the peer is was looked at once, in this handshake.
      stream.disableRenegotiation();
      stream.once("close", () => raw.destroy());
      const state = verified(stream, this.#tls);
      watchUpkeep(raw, stream);
      return { stream, state };
    } finally {
      clearTimeout(timer);
      raw.off("close", onClose);
      this.#pending.delete(raw);
    }
  }

  /**
   * The handshake that a stream belongs to: it has the socket that it was made
   * of, on all runtimes, and the same addresses as long as both are open.
   */
  #find(stream: TLSSocket): Pending | undefined {
    const parent: unknown = Reflect.get(stream, "_parent");
    const pending = this.#pending.get(parent as TcpSocket);
    if (pending !== undefined) return pending;
    const { remotePort, remoteAddress } = stream;
    if (parent !== undefined || remotePort === undefined) return undefined;
    return [...this.#pending.values()].find(({ raw }) =>
      raw.remotePort === remotePort && raw.remoteAddress === remoteAddress
    );
  }
}

function timeoutText(raw: TcpSocket): string {
  const [here, there] = [
    endpoint(raw.localAddress, raw.localPort),
    endpoint(raw.remoteAddress, raw.remotePort),
  ].map(formatAddress);
  return `read tcp ${here}->${there}: i/o timeout`;
}

/** The facts of a handshake; throws when nothing may come of it. */
function verified(stream: TLSSocket, tls: TlsUpgrade): TlsState {
  const state = tlsStateOf(stream);
  const { peerCertificates = [] } = state;
  const isShown = peerCertificates.length > 0;
  if (tls.verify === true && !isShown) {
    throw tlsFailure("tls: client didn't provide a certificate");
  }
  // Without it runtimes differ in what they say of a client that showed none.
  if (tls.verify !== false && isShown && !stream.authorized) {
    throw failureOf(new Error("not authorized"), stream);
  }
  return state;
}

function serverOptions(given: TlsUpgrade): TlsOptions {
  const tls = withNeededAuthorities(given);
  const { certificates = [] } = tls;
  return {
    ...contextOptions(tls),
    honorCipherOrder: true,
    requestCert: tls.verify !== false,
    rejectUnauthorized: tls.verify === true,
    // Ours ends the handshake.
    handshakeTimeout: timerDelay(Infinity),
    ...(certificates.length > 1 && { SNICallback: chooser(tls) }),
  };
}

/** Those that nobody is verified by would be shown behind the certificate. */
function withNeededAuthorities(tls: TlsUpgrade): TlsUpgrade {
  return tls.verify === false ? { ...tls, authorities: undefined } : tls;
}

type Choose = NonNullable<TlsOptions["SNICallback"]>;

/** Chooses the certificate for the name that a client asks for. */
function chooser(tls: TlsUpgrade): Choose {
  const choices = (tls.certificates ?? []).map((pair) => ({
    names: new X509Certificate(pair.certificate).subjectAltName ?? "",
    context: tlsModule().createSecureContext(contextOptions(tls, pair)),
  }));
  const [first] = choices;
  return (name, choose) => {
    const found = choices.find(({ names }) => certifiesName(names, name));
    const context: SecureContext | undefined = (found ?? first)?.context;
    choose(null, context);
  };
}
