/**
 * A client's socket with a side door: the messages of a load are found in it as
 * they come, and frames that are ready go out past the client. All else goes
 * the client's way, which logs in, answers pings and hears of the end.
 */
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../platform/socket.ts";
import { type FrameTaker, LoadReader } from "./load_reader.ts";

/** What a load does with what comes in. */
export interface LoadEvents {
  /** A chunk has come; its messages follow. */
  onChunk(): void;
  /** A message of one of the load's subscriptions. */
  onFrame(frame: LoadReader): void;
  /** They were all told. */
  onChunkEnd(): void;
}

const NOBODY: LoadEvents = {
  onChunk: () => {},
  onFrame: () => {},
  onChunkEnd: () => {},
};

/** Divides what comes in between the load and the client. */
class Sorting implements FrameTaker {
  load: LoadEvents = NOBODY;
  client: SocketEvents | undefined;

  onFrame(frame: LoadReader): void {
    this.load.onFrame(frame);
  }

  onRest(bytes: Uint8Array): void {
    this.client?.onData(bytes);
  }
}

/** More than a dozen members: because it is a socket, and has a side door. */
export class LoadSocket implements Socket {
  /** Whether the client uses it. */
  isOpen = false;
  readonly #socket: Socket;
  readonly #sorting = new Sorting();

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get remote(): Address {
    return this.#socket.remote;
  }

  get local(): Address {
    return this.#socket.local;
  }

  get tls(): TlsState | undefined {
    return this.#socket.tls;
  }

  get pendingBytes(): number {
    return this.#socket.pendingBytes;
  }

  /** From now on what comes in for the load goes there. */
  listen(load: LoadEvents): void {
    this.#sorting.load = load;
  }

  open(events: SocketEvents): void {
    this.isOpen = true;
    const sorting = this.#sorting;
    sorting.client = events;
    const reader = new LoadReader(sorting);
    this.#socket.open({
      onData: (chunk) => {
        sorting.load.onChunk();
        reader.read(chunk);
        sorting.load.onChunkEnd();
      },
      onDrain: () => events.onDrain(),
      onClose: (reason) => {
        this.isOpen = false;
        events.onClose(reason);
      },
    });
  }

  write(bytes: Uint8Array): boolean {
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    return this.#socket.secure(tls, head);
  }

  end(why?: string): void {
    this.#socket.end(why);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
