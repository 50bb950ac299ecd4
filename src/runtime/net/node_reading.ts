/**
 * Accepted sockets of Node that read into buffers which are used again and again.
 * As they are, streams make 64 KiB of memory for each read, and read no more than
 * that at a time; Node has a stream read into a buffer of its user's (`onread`)
 * only if it was made so, which those of its servers are not. So the handle of
 * such a stream is put into another one.
 */
import { Socket as TcpSocket, type SocketConstructorOpts } from "node:net";
import { ReadBuffers, ReadLoans } from "./read_loans.ts";

/** Who hears what is read. */
export interface ChunkReceiver {
  /** True: it has the chunk until it resumes the stream, and nothing is read until then. */
  heard(chunk: Uint8Array): boolean;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const loans = new ReadLoans();

/** Finds the reader of a stream: all streams share their functions. */
const READER: unique symbol = Symbol("reader");

/** What Node has below a stream. */
interface Handle {
  useUserBuffer(bytes: Uint8Array): void;
}

/** What a stream is made with; not all types of Node know these. */
interface AdoptingOptions {
  readonly handle: Handle;
  readonly onread: {
    buffer(): Uint8Array;
    callback(this: HandledStream, count: number): boolean;
  };
}

type HandledStream = TcpSocket & {
  /** Node's own, and may be missing. */
  _handle?: Partial<Handle> | null;
  [READER]?: NodeReader;
};

/** What one stream reads into. */
export class NodeReader {
  receiver: ChunkReceiver | undefined;
  readonly #handle: Handle;
  readonly #buffers = new ReadBuffers(loans);
  #into: Uint8Array;
  /** The receiver has what was read into it. */
  #isLent = false;

  constructor(handle: Handle) {
    this.#handle = handle;
    this.#into = this.#buffers.takeAny();
  }

  /** A stream that goes on with the connection of `raw`, which has read nothing; undefined: this Node has none. */
  static adopt(raw: HandledStream): [TcpSocket, NodeReader] | undefined {
    const handle = raw._handle;
    if (!hasUserBuffer(handle)) return undefined;
    raw._handle = null;
    raw.destroy();
    const reader = new NodeReader(handle);
    next = reader.#into;
    const options: AdoptingOptions = {
      handle,
      onread: { buffer: nextBuffer, callback: hear },
    };
    const stream: HandledStream = new TcpSocket(
      options as SocketConstructorOpts,
    );
    next = NO_BYTES;
    stream[READER] = reader;
    return [stream, reader];
  }

  /** `count` bytes have come; gives what the next ones are to be read into. */
  read(count: number): Uint8Array {
    const into = this.#into;
    const chunk = new Uint8Array(into.buffer, into.byteOffset, count);
    this.#isLent = this.receiver?.heard(chunk) === true;
    const buffers = this.#buffers;
    if (!this.#isLent) buffers.give(into, count);
    else if (buffers.grows(into, count)) buffers.lose(into, count);
    // It has been done with by the time of the next read.
    else return into;
    return this.#into = buffers.takeAny();
  }

  /** The receiver has for good what it has not given back. */
  keep(): void {
    if (!this.#isLent) return;
    this.#isLent = false;
    this.#buffers.leave();
    this.#into = this.#buffers.takeAny();
    this.#handle.useUserBuffer(this.#into);
  }

  /** Nothing is read any more. */
  close(): void {
    if (this.#isLent) this.#buffers.leave();
    else this.#buffers.drop(this.#into);
    this.#into = NO_BYTES;
  }
}

function hasUserBuffer(handle: HandledStream["_handle"]): handle is Handle {
  return typeof handle?.useUserBuffer === "function";
}

/** What the stream that is being made, or that has just been heard, reads into next. */
let next = NO_BYTES;

function nextBuffer(): Uint8Array {
  return next;
}

function hear(this: HandledStream, count: number): boolean {
  next = this[READER]!.read(count);
  return true;
}
