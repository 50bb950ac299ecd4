/** The receiver of a socket's events while the one who receives them changes. */
import type { CloseReason, SocketEvents } from "../platform/socket.ts";

export class EventRelay implements SocketEvents {
  to: SocketEvents;

  constructor(to: SocketEvents) {
    this.to = to;
  }

  onData(chunk: Uint8Array): void {
    this.to.onData(chunk);
  }

  onDrain(): void {
    this.to.onDrain();
  }

  onClose(reason: CloseReason): void {
    this.to.onClose(reason);
  }
}
