/**
 * The socket seam: what the broker and the client ask of a byte stream, and
 * nothing that names a platform. Events come in, writes go out synchronously;
 * no promise stands between a chunk and its handling, so a chunk is parsed and
 * delivered as one step.
 *
 * `memory.ts` implements it inside one process, `runtime/net/node_net.ts` and
 * `runtime/net/deno_net.ts` on sockets. `tests/net/suite.ts` holds what every
 * implementation must do.
 */

/** A TCP endpoint, or with a path the file of a unix socket. IPv6 hosts carry no brackets. */
export interface Address {
  /** Empty with a path. */
  readonly host: string;
  /** 0 with a path. */
  readonly port: number;
  /** Both ends of a connection have that of the listener: who dials has no address. */
  readonly path?: string;
}

/** One connected byte stream, accepted or dialled. It closes exactly once. */
export interface Socket {
  readonly remote: Address;
  /** Its own end, as long as it is open. */
  readonly local: Address;
  /** Set once `secure` has succeeded. */
  readonly tls: TlsState | undefined;
  /**
   * Bytes given to `write` that the system has not taken yet. It takes them in
   * order, and what it has taken is not looked at again.
   */
  readonly pendingBytes: number;

  /**
   * Attaches the one receiver and starts reading. What arrived before is kept
   * and delivered; a socket that already closed reports it in a later turn.
   */
  open(events: SocketEvents): void;
  /**
   * Gives bytes to the socket: the caller must not change them before they have
   * left `pendingBytes`. False asks the caller to wait for `onDrain`; the bytes
   * are accepted all the same. Ignored once the socket is closing.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops reading; the peer feels it. At most what was under way still arrives. */
  pause(): void;
  resume(): void;
  /**
   * The receiver wants to keep the memory of the chunk that it is being told
   * of; false: it may not. Where there is no such member it may never.
   */
  keepChunk?(): boolean;
  /**
   * Upgrades in place to TLS. `head` (borrowed for the call) holds bytes that
   * were already read from the peer: what a server hears first is part of the
   * handshake. Rejects, and
   * closes with kind `tls`, when the handshake fails. Until it resolves, nothing
   * is read, and what a server writes is lost. Settings that are used again
   * should be the same object: a server makes much of them only once.
   */
  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void>;
  /** Sends what is pending, then closes. `why` is told to the peer where the transport has words for it. */
  end(why?: string): void;
  /** Closes now; what is pending is dropped. */
  destroy(): void;
}

/** Whose the chunk is that something has come in. */
export type ChunkLender = Pick<Socket, "keepChunk">;

export interface SocketEvents {
  /**
   * `chunk` is borrowed: it is valid until this call returns or, when the socket
   * was paused meanwhile, until it is resumed; for good if it closes before that,
   * or if `keepChunk` gave true. Until then the receiver may write to it as well.
   */
  onData(chunk: Uint8Array): void;
  /** All that was written has been taken; comes after a `write` that gave false. */
  onDrain(): void;
  /** Comes once, and nothing after it. */
  onClose(reason: CloseReason): void;
}

export interface DialOptions {
  /** Milliseconds after which the dialler gives up. */
  readonly timeoutMs?: number;
  /** A server dials: its process may look for what comes rather than sleep, as it may for what it accepts. */
  readonly isServer?: boolean;
}

/** What a listener is asked for beyond an address. */
export interface ListenOptions {
  /**
   * Accepted sockets may go over to TLS, as a server: see `Socket.secure`. Asks
   * for sockets of a kind that can, where there are several.
   */
  readonly mayUpgrade?: boolean;
  /**
   * Other listeners that ask for the same may have the same port; connections
   * are spread over them. Where the system cannot, the second one fails with
   * `EADDRINUSE`.
   */
  readonly reusePort?: boolean;
  /** Who may connect to a unix socket, as the mode of its file; its owner alone unless set. */
  readonly fileMode?: number;
  /** Told what keeps connections from being accepted, such as too many open files: again and again while it lasts. */
  readonly onTrouble?: (trouble: NetworkError) => void;
}

export interface Listener {
  /** Sockets that it accepts cannot go over to TLS: that was not asked for. */
  readonly isPlainOnly?: boolean;
  /** Where it listens, with the real port when 0 was asked for. */
  readonly address: Address;
  /** Stops accepting; accepted sockets live on. */
  close(): Promise<void>;
}

/** Makes connections. Failures reject with a `NetworkError`. */
export interface Network {
  /**
   * Port 0 asks for any free one. The system holds as many connections that are
   * not accepted yet as it can. Rejects with the code `ETLSUNSUPPORTED` when
   * sockets are to go over to TLS where there is none. The file of a unix socket is there
   * until `close`; one that a dead server has left is taken over, any other
   * file stays as it is.
   */
  listen(
    at: Address,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
  ): Promise<Listener>;
  dial(to: Address, options?: DialOptions): Promise<Socket>;
  /** The numeric addresses of a host name, in resolver order; a numeric host gives itself. */
  lookup(host: string): Promise<string[]>;
}

/** Why a stream ended, as the transport saw it. */
export type CloseReason =
  | { readonly kind: "ended" } // the peer finished
  | { readonly kind: "closed" } // we did
  | { readonly kind: "reset"; readonly code: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "tls"; readonly detail: string }
  | { readonly kind: "failed"; readonly code: string; readonly cause: unknown };

/** A certificate and its key, as PEM text. */
export interface CertifiedKey {
  /** Its own first, then those that vouch for it. */
  readonly certificate: string;
  /** A secret: it goes into no log and no error. */
  readonly key: string;
}

/** The oldest version of TLS that is spoken. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** The `code` of what failed because a peer broke the rules of WebSocket; the `cause` says which. */
export const WEBSOCKET_FAILED = "EWEBSOCKET";

/** What a TLS upgrade needs. */
export interface TlsUpgrade {
  readonly role: "server" | "client";
  /**
   * What is shown of oneself. A server shows the first that is for the name
   * that its client asks for, or the first of all; a client has one at most.
   */
  readonly certificates?: readonly CertifiedKey[];
  /** Whom certificates must come from, as PEM text; the machine's authorities unless set. */
  readonly authorities?: readonly string[] | undefined;
  /**
   * Server: a client must show a certificate; `optional`: it may. One that is
   * shown is verified. Client: the server's is verified.
   */
  readonly verify: boolean | "optional";
  readonly serverName?: string;
  readonly timeoutMs: number;
  readonly minVersion?: TlsVersion;
  /** Suites of TLS 1.2 by their names in IANA's registry; the runtime's unless set. */
  readonly cipherSuites?: readonly string[] | undefined;
  /** Curves by Go's names, such as `CurveP256`; the runtime's unless set. */
  readonly curves?: readonly string[] | undefined;
}

/** What is wrong with settings of TLS on the runtime, in words. */
export interface TlsProblems {
  readonly errors: readonly string[];
  /** The runtime does without. */
  readonly warnings: readonly string[];
}

/** The facts of a finished TLS handshake. */
export interface TlsState {
  /** `1.3` */
  readonly version: string;
  /** By its name in IANA's registry, such as `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /**
   * What the peer showed, its own certificate first, without the authority
   * behind the last; none: it showed nothing.
   */
  readonly peerCertificates?: readonly PeerCertificate[];
}

/** A certificate of the peer. */
export interface PeerCertificate {
  /** As it was sent, in DER: what is told or decided by it is read from here. */
  readonly der: Uint8Array;
  /** SHA-256 of `der`, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** The same of its public key, as it stands there with its algorithm. */
  readonly keySha256: string;
}

/** A `listen` or `dial` that did not work. `code` is the system's, such as `ECONNREFUSED`. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly code: string;

  constructor(message: string, code: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
