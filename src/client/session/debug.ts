/**
 * The `debug` option: every line of the protocol as a text, `>>` for what we
 * say and `<<` for what the server says. Credentials are left out, payloads are
 * cut, control characters are escaped. What the receiver of the lines throws is
 * ignored.
 */
import { byteString } from "../../core/ascii.ts";
import { printableBytes } from "../../core/quote.ts";
import { redactConnect } from "../../core/redact.ts";
import type { Socket, TlsUpgrade } from "../../platform/socket.ts";
import { SocketAround } from "../../net/socket_around.ts";
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
export class WatchedSocket extends SocketAround {
  readonly #tell: DebugLine;

  constructor(socket: Socket, tell: DebugLine) {
    super(socket);
    this.#tell = tell;
  }

  override write(bytes: Uint8Array): boolean {
    // Several operations of one turn leave as one write.
    const lines = byteString(bytes).split("\r\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) this.#tell(`>> ${outgoing(line)}`);
    return this.inner.write(bytes);
  }

  override async secure(tls: TlsUpgrade, head?: Uint8Array): Promise<void> {
    await this.inner.secure(tls, head);
    const { version, cipher } = this.inner.tls ?? {};
    this.#tell(`-- ${version} ${cipher}`);
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
