/**
 * Deno's own sockets by what is used of them, so that the files that use them
 * are checked and loaded on every runtime.
 */

interface DenoAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Where a unix socket is. */
interface DenoPath {
  readonly transport: "unix";
  readonly path: string;
}

/** `Deno.TcpConn` or `Deno.UnixConn`, as far as it is used. */
export interface DenoConnection {
  /** Of a unix socket there is neither host nor port. */
  readonly remoteAddr: Partial<DenoAddress>;
  readonly localAddr: Partial<DenoAddress>;
  /** Null: the peer has ended. */
  read(into: Uint8Array): Promise<number | null>;
  /** Tells how many bytes the system took. */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  /** That of TCP alone. */
  setNoDelay?(): void;
  close(): void;
}

/** `Deno.UnixListener`, as far as it is used. */
export interface DenoListener {
  accept(): Promise<DenoConnection>;
  close(): void;
}

/** `Deno.TcpListener`, as far as it is used. */
export interface DenoTcpListener extends DenoListener {
  readonly addr: DenoAddress;
}

export interface DenoSockets {
  listen(at: DenoAddress & { readonly tcpBacklog?: number }): DenoTcpListener;
  listen(at: DenoPath): DenoListener;
  connect(to: DenoAddress | DenoPath): Promise<DenoConnection>;
}

/** To be called on Deno only. */
export function denoSockets(): DenoSockets {
  return (globalThis as unknown as { readonly Deno: DenoSockets }).Deno;
}
