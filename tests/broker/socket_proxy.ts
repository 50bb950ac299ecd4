/** A socket that passes everything on to another one: tests change what they need. */
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../../src/platform/socket.ts";

export class SocketProxy implements Socket {
  readonly inner: Socket;

  constructor(inner: Socket) {
    this.inner = inner;
  }

  get remote(): Address {
    return this.inner.remote;
  }

  get local(): Address {
    return this.inner.local;
  }

  get tls(): TlsState | undefined {
    return this.inner.tls;
  }

  get pendingBytes(): number {
    return this.inner.pendingBytes;
  }

  open(events: SocketEvents): void {
    this.inner.open(events);
  }

  write(bytes: Uint8Array): boolean {
    return this.inner.write(bytes);
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    return this.inner.secure(tls, head);
  }

  end(): void {
    this.inner.end();
  }

  destroy(): void {
    this.inner.destroy();
  }
}
