/**
 * A socket around another one, which does what that does. A class that wants to
 * hear or to change some of it overrides only that.
 *
 * More than a dozen members: because it is a `Socket`.
 */
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../platform/socket.ts";

export class SocketAround implements Socket {
  protected readonly inner: Socket;

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

  keepChunk(): boolean {
    return this.inner.keepChunk?.() === true;
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

  end(why?: string): void {
    this.inner.end(why);
  }

  destroy(): void {
    this.inner.destroy();
  }
}
