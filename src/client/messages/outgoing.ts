/**
 * What a client sends, written into an outbox without an object or a string
 * per message: PUB and HPUB, SUB, UNSUB and PING. What was written in one
 * turn of the event loop leaves as one write, in the next microtask at the
 * latest.
 *
 * Without a socket only publishes are kept, whole and up to a limit, for the
 * connection to come. What a socket was given is not sent again on the next
 * one: nobody knows how much of it arrived, and a message must not arrive twice.
 */
import { type ByteSink, Outbox } from "../../core/outbox.ts";
import type { SlabPool } from "../../core/slab_pool.ts";
import { PING_LINE } from "../../wire/encode.ts";
import { Backlog, type BacklogOptions } from "./backlog.ts";
import { MaxPayloadError } from "../api/errors.ts";
import { frameRoom, payloadSize, writeFrame } from "./frame.ts";
import type { StatusSink } from "../api/status.ts";
import { runAtEndOfTask } from "../../core/microtask.ts";

const utf8 = new TextEncoder();

export class Outgoing {
  /** The server's limit for headers and payload together; 0: not known. */
  maxPayloadBytes = 0;
  /** Messages that were taken, and the bytes of their headers and payloads. */
  publishedMsgs = 0;
  publishedBytes = 0;
  readonly #outbox: Outbox;
  /** What waits for a socket. */
  readonly #backlog: Backlog;
  #socket: ByteSink | undefined;
  #flushIsDue = false;
  readonly #flushNow = (): void => this.#flush();

  constructor(slabs: SlabPool, backlog: BacklogOptions, statuses: StatusSink) {
    this.#outbox = new Outbox(slabs, this.#sink());
    this.#backlog = new Backlog(backlog, statuses);
  }

  /** Bytes that the system has not taken yet. */
  get pendingBytes(): number {
    return this.#outbox.pendingBytes + this.#backlog.bytes;
  }

  /** Messages that were published and then dropped, as too many were waiting. */
  get droppedMsgs(): number {
    return this.#backlog.droppedMsgs;
  }

  /** Sends to `socket` from now on: `lines`, then what was kept. */
  attach(socket: ByteSink, lines: string): void {
    if (lines !== "") socket.write(utf8.encode(lines));
    this.#socket = socket;
    this.#backlog.moveTo(this.#outbox);
    this.#flush();
  }

  /** From now on publishes are kept. */
  detach(): void {
    this.#flush();
    this.#outbox.discard();
    this.#socket = undefined;
  }

  /** No socket will come any more. */
  end(cause: Error): void {
    this.detach();
    this.#backlog.end(cause);
  }

  /**
   * One message; `payload` (borrowed) is copied. Gives a promise if the message
   * has to wait until it is taken, as the options want it.
   */
  publish(
    subject: string,
    reply: string,
    headers: Uint8Array | undefined,
    payload: Uint8Array | string,
  ): Promise<void> | undefined {
    const size = (headers === undefined ? 0 : headers.length) +
      payloadSize(payload);
    if (size > this.maxPayloadBytes && this.maxPayloadBytes > 0) {
      throw new MaxPayloadError(size, this.maxPayloadBytes);
    }
    const room = frameRoom(subject, reply, size);
    let taken: Promise<void> | undefined;
    if (this.#socket === undefined) {
      const frame = new Uint8Array(room);
      taken = this.#backlog.add(frame.subarray(
        0,
        writeFrame(frame, 0, subject, reply, headers, payload, size),
      ));
    } else {
      const out = this.#outbox;
      out.reserve(room);
      out.end = writeFrame(
        out.slab,
        out.end,
        subject,
        reply,
        headers,
        payload,
        size,
      );
      this.#flushSoon();
    }
    this.publishedMsgs++;
    this.publishedBytes += size;
    return taken;
  }

  /** Without a socket this and the next two do nothing: a new connection starts from the tables. */
  subscribe(sid: number, subject: string, queue: string): void {
    this.#lines(subLine(sid, subject, queue));
  }

  /** `max` deliveries in all, counted by the server; 0: none from now on. */
  unsubscribe(sid: number, max: number): void {
    this.#lines(unsubLine(sid, max));
  }

  /** Leaves at once, behind all that was written so far. */
  ping(): void {
    if (this.#socket === undefined) return;
    this.#outbox.append(PING_LINE);
    this.#flush();
  }

  #lines(text: string): void {
    if (this.#socket === undefined) return;
    this.#outbox.append(utf8.encode(text));
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushIsDue || this.#socket === undefined) return;
    this.#flushIsDue = true;
    runAtEndOfTask(this.#flushNow);
  }

  #flush(): void {
    this.#flushIsDue = false;
    if (this.#socket !== undefined) this.#outbox.flush();
  }

  /** The outbox outlives its sockets. */
  #sink(): ByteSink {
    const socket = (): ByteSink | undefined => this.#socket;
    return {
      get pendingBytes(): number {
        return socket()?.pendingBytes ?? 0;
      },
      write: (bytes) => socket()?.write(bytes) ?? false,
    };
  }
}

export function subLine(sid: number, subject: string, queue: string): string {
  return queue === ""
    ? `SUB ${subject} ${sid}\r\n`
    : `SUB ${subject} ${queue} ${sid}\r\n`;
}

export function unsubLine(sid: number, max: number): string {
  return max === 0 ? `UNSUB ${sid}\r\n` : `UNSUB ${sid} ${max}\r\n`;
}
