/** Sockets that show where bytes were written from, and what stood there when the system took them. */
import { takeText } from "../support/pieces.ts";
import { type StillBroker, StillSocket } from "./still_sockets.ts";

/** Keeps what is written as it is. */
export class KeepingSocket extends StillSocket {
  readonly pieces: Uint8Array[] = [];

  override write(bytes: Uint8Array): boolean {
    this.pieces.push(bytes);
    return super.write(bytes);
  }

  /** What came before the test. */
  forget(): void {
    this.take();
    this.pieces.length = 0;
  }
}

/** A system that looks at the bytes when it takes them, as Node and Deno do. */
export class LateSocket extends KeepingSocket {
  text = "";

  override write(bytes: Uint8Array): boolean {
    this.takesBytes = 0;
    return super.write(bytes);
  }

  override forget(): void {
    this.takes(Infinity);
    this.text = "";
  }

  takes(count: number): void {
    const text = takeText(this.pieces, count);
    this.text += text;
    this.pendingBytes -= text.length;
    if (this.pendingBytes === 0) this.drains();
  }
}

/** A client that reads from `socket`, and has begun with `more`. */
export function joinWith<S extends KeepingSocket>(
  still: StillBroker,
  more: string,
  socket: S,
): S {
  still.broker.join(socket);
  socket.says(
    `CONNECT {"verbose":false,"pedantic":false,"headers":true}\r\n${more}`,
  );
  still.settle();
  socket.forget();
  return socket;
}
