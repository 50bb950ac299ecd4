/**
 * Deno's own sockets by what is used of them, so that the files that use them
 * are checked and loaded on every runtime.
 */

interface DenoAddress {
  readonly hostname: string;
  readonly port: number;
}

/** `Deno.TcpConn`, as far as it is used. */
export interface DenoConnection {
  readonly remoteAddr: DenoAddress;
  readonly localAddr: DenoAddress;
  /** Null: the peer has ended. */
  read(into: Uint8Array): Promise<number | null>;
  /** Tells how many bytes the system took. */
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  setNoDelay(): void;
  close(): void;
}

/** `Deno.TcpListener`, as far as it is used. */
export interface DenoListener {
  readonly addr: DenoAddress;
  accept(): Promise<DenoConnection>;
  close(): void;
}

export interface DenoSockets {
  listen(at: DenoAddress & { readonly tcpBacklog?: number }): DenoListener;
  connect(to: DenoAddress): Promise<DenoConnection>;
}

/** To be called on Deno only. */
export function denoSockets(): DenoSockets {
  return (globalThis as unknown as { readonly Deno: DenoSockets }).Deno;
}
