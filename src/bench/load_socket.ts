/**
 * A client's socket with a side door: the messages of a load are found in it as
 * they come, and frames that are ready go out past the client. All else goes
 * the client's way, which logs in, answers pings and hears of the end.
 */
import type { SocketEvents } from "../platform/socket.ts";
import { SocketAround } from "../net/socket_around.ts";
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

export class LoadSocket extends SocketAround {
  /** Whether the client uses it. */
  isOpen = false;
  readonly #sorting = new Sorting();

  /** What is the client's may come from memory of the reader's own. */
  override keepChunk(): boolean {
    return false;
  }

  /** From now on what comes in for the load goes there. */
  listen(load: LoadEvents): void {
    this.#sorting.load = load;
  }

  override open(events: SocketEvents): void {
    this.isOpen = true;
    const sorting = this.#sorting;
    sorting.client = events;
    const reader = new LoadReader(sorting);
    this.inner.open({
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
}
