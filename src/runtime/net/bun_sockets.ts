/**
 * Bun's own sockets by what is used of them, so that the files that use them are
 * checked and loaded on every runtime.
 */

/** One connection of `Bun.listen` or `Bun.connect`, as far as it is used. */
export interface BunConnection<Data> {
  /** Whatever the handlers shall find again. */
  data: Data;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Tells how many bytes the system took, at once; below 0: it is closed. */
  write(bytes: Uint8Array): number;
  /** Says that nothing follows. */
  shutdown(): void;
  /** Closes it without a word. */
  close(): void;
  pause(): void;
  resume(): void;
  setNoDelay(isOn: boolean): boolean;
}

/** What happens to any connection of one listener. */
export interface BunHandlers<Data> {
  readonly binaryType: "uint8array";
  open(connection: BunConnection<Data>): void;
  /** `chunk` has memory of its own. */
  data(connection: BunConnection<Data>, chunk: Uint8Array): void;
  /** The system takes bytes again. */
  drain(connection: BunConnection<Data>): void;
  /** The peer has ended. */
  end(connection: BunConnection<Data>): void;
  close(connection: BunConnection<Data>, error?: Error): void;
  error(connection: BunConnection<Data>, error: Error): void;
}

export interface BunListener {
  readonly port: number;
  readonly fd: number;
  /** Stops accepting; what was accepted lives on. */
  stop(): void;
}

export interface BunSockets {
  listen<Data>(options: {
    readonly hostname: string;
    readonly port: number;
    readonly reusePort: boolean;
    readonly allowHalfOpen: true;
    readonly socket: BunHandlers<Data>;
  }): BunListener;
}

/** To be called on Bun only. */
export function bunSockets(): BunSockets {
  return (globalThis as unknown as { readonly Bun: BunSockets }).Bun;
}
