/**
 * The `debug` option: every line of the protocol as a text, `>>` for what we
 * say and `<<` for what the server says. Credentials are left out, payloads are
 * cut, control characters are escaped. What the receiver of the lines throws is
 * ignored.
 */
import { byteString } from "../../core/ascii.ts";
import { printableBytes } from "../../core/quote.ts";
import { redactConnect } from "../../core/redact.ts";
import type {
  Address,
  Socket,
  SocketEvents,
  TlsState,
  TlsUpgrade,
} from "../../platform/socket.ts";
import { Op, VERBS } from "../../wire/ops.ts";

/** Takes one line; never throws. */
export type DebugLine = (line: string) => void;

/** Bytes that are shown of a line or a payload that is longer. */
const SHOWN_BYTES_MAX = 512;

/** Tells what comes in. */
export class LineTap {
  readonly #tell: DebugLine;
  /** The line of the message under way: it may come again, when more of its payload has arrived. */
  #messageLine = "";

  constructor(tell: DebugLine) {
    this.#tell = tell;
  }

  line(op: Op, buffer: Uint8Array, start: number, end: number): void {
    const line = incomingLine(op, buffer, start, end);
    if (op === Op.MSG || op === Op.HMSG) this.#messageLine = line;
    else this.#tell(line);
  }

  payload(buffer: Uint8Array, start: number, end: number): void {
    this.#tell(this.#messageLine);
    this.#tell(incomingPayload(buffer, start, end));
  }
}

/** An operation that came in, with its arguments `buffer[start, end)`. */
function incomingLine(
  op: Op,
  buffer: Uint8Array,
  start: number,
  end: number,
): string {
  const { verb } = VERBS[op]!;
  return `<< ${verb} ${shown(byteString(buffer, start, end))}`.trimEnd();
}

/** A payload that came in. */
function incomingPayload(
  buffer: Uint8Array,
  start: number,
  end: number,
): string {
  return `<< ${shown(byteString(buffer, start, end))}`;
}

/** A socket that tells what is written to it. */
export class WatchedSocket implements Socket {
  readonly #socket: Socket;
  readonly #tell: DebugLine;

  constructor(socket: Socket, tell: DebugLine) {
    this.#socket = socket;
    this.#tell = tell;
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

  get givesChunks(): boolean {
    return this.#socket.givesChunks === true;
  }

  open(events: SocketEvents): void {
    this.#socket.open(events);
  }

  write(bytes: Uint8Array): boolean {
    // Several operations of one turn leave as one write.
    const lines = byteString(bytes).split("\r\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) this.#tell(`>> ${outgoing(line)}`);
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  async secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    await this.#socket.secure(tls, head);
    const { version, cipher } = this.#socket.tls ?? {};
    this.#tell(`-- ${version} ${cipher}`);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const CONNECT = "CONNECT ";

function outgoing(line: string): string {
  return line.startsWith(CONNECT)
    ? CONNECT + printableBytes(redactConnect(line.slice(CONNECT.length)))
    : shown(line);
}

function shown(bytes: string): string {
  const text = printableBytes(bytes.slice(0, SHOWN_BYTES_MAX));
  return bytes.length > SHOWN_BYTES_MAX ? `${text}...` : text;
}
