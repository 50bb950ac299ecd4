/**
 * A peer that comes through a door by hand: TCP, TLS on top of it when it is
 * told to, and behind an upgrade the frames of a WebSocket. All that it hears
 * is written down: bytes as they are, frames with what their headers say, and
 * what became of a handshake.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { inflateRawSync } from "node:zlib";

// Far beyond what a busy machine needs for an answer on the loopback.
const DEADLINE_MS = 20_000;

/** What a TLS handshake shows and asks for. */
export interface Handshake {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly servername?: string;
  readonly ciphers?: string;
}

/** A frame of a WebSocket, as a peer sends it. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** FIN and the reserved bits, as they stand in the first byte. */
  readonly bits: number;
  readonly isMasked: boolean;
  /** Bytes of the length, where they are more than needed. */
  readonly lengthBytes?: number;
  /** What the header says in place of the payload's length. */
  readonly saidLength?: number;
}

export class DoorPeer {
  /** Everything that it heard, in order. */
  transcript = "";
  #socket: Socket | TLSSocket;
  /** Bytes of a frame, or of a handshake's answer, that are not whole yet. */
  #rest: Buffer = Buffer.alloc(0);
  #mode: "bytes" | "answer" | "frames" = "bytes";
  #isInflating = false;
  #parts: Buffer[] = [];
  #isClosed = false;
  #heardUpTo = 0;
  readonly #waits = new Set<() => void>();

  static async dial(port: number): Promise<DoorPeer> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new DoorPeer(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  send(bytes: string | Uint8Array): void {
    const data = typeof bytes === "string"
      ? Buffer.from(bytes, "latin1")
      : bytes;
    this.#socket.write(data);
  }

  /** Goes over to TLS; what becomes of it is written down. */
  async secure(handshake: Handshake): Promise<void> {
    const raw = this.#socket;
    raw.removeAllListeners("data");
    raw.removeAllListeners("close");
    const secure = connectTls({
      socket: raw,
      servername: "localhost",
      rejectUnauthorized: false,
      ...handshake,
    });
    this.#socket = secure;
    await new Promise<void>((resolve) => {
      secure.once("secureConnect", () => {
        const { authorized } = secure;
        const version = secure.getProtocol();
        // Which of the ciphers that both know is each implementation's choice.
        this.#note(`<tls ${version} ${authorized ? "trusted" : "untrusted"}>`);
        resolve();
      });
      secure.once("error", (error: Error & { code?: string }) => {
        this.#note(`<tls error ${alertOf(error)}>`);
        resolve();
      });
      secure.once("close", () => resolve());
      this.#listen(secure);
    });
  }

  /** From now on an answer by HTTP comes, and behind a 101 the frames of a WebSocket. */
  expectsFrames(): void {
    this.#mode = "answer";
  }

  frame(frame: Frame): void {
    this.send(frameBytes(frame));
  }

  /** Waits until `text` is heard, behind the last one that was. */
  async hears(text: string): Promise<void> {
    const place = (): number => this.transcript.indexOf(text, this.#heardUpTo);
    await this.#until(() => place() >= 0, text);
    if (place() >= 0) this.#heardUpTo = place() + text.length;
  }

  async closed(): Promise<void> {
    await this.#until(() => this.#isClosed, "the end");
  }

  end(): void {
    this.#socket.destroy();
  }

  async #until(isSo: () => boolean, what: string): Promise<void> {
    if (isSo() || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isSo() && !this.#isClosed) return;
        this.#waits.delete(check);
        clearTimeout(late);
        resolve();
      };
      const late = setTimeout(() => {
        this.#waits.delete(check);
        this.#note(`<no ${what}>`);
        resolve();
      }, DEADLINE_MS);
      this.#waits.add(check);
    });
  }

  #listen(socket: Socket): void {
    socket.on("data", (bytes: Buffer) => this.#received(bytes));
    // A reset is an end like any other; `close` follows.
    socket.on("error", (error: Error & { code?: string }) => {
      const alert = alertOf(error);
      if (/ALERT/i.test(alert) && !this.transcript.includes(alert)) {
        this.#note(`<tls error ${alert}>`);
      }
    });
    socket.on("end", () => this.#ended());
    socket.on("close", () => this.#ended());
  }

  #ended(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.transcript += this.#rest.toString("latin1");
    this.#note("<end>");
  }

  #note(text: string): void {
    const isLine = this.transcript === "" || this.transcript.endsWith("\n");
    this.transcript += `${isLine ? "" : "\n"}${text}\n`;
    this.#check();
  }

  #check(): void {
    for (const wait of [...this.#waits]) wait();
  }

  #received(bytes: Buffer): void {
    if (this.#mode === "bytes") {
      this.transcript += bytes.toString("latin1");
      return this.#check();
    }
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (this.#mode === "answer") this.#readAnswer();
    if (this.#mode === "frames") { while (this.#readFrame()); }
    this.#check();
  }

  #readAnswer(): void {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#rest.subarray(0, end + 4).toString("latin1");
    this.#rest = this.#rest.subarray(end + 4);
    this.transcript += head;
    const isUpgrade = head.startsWith("HTTP/1.1 101");
    this.#mode = isUpgrade ? "frames" : "bytes";
    this.#isInflating = /permessage-deflate/i.test(head);
    if (isUpgrade) return;
    this.transcript += this.#rest.toString("latin1");
    this.#rest = Buffer.alloc(0);
  }

  /** Writes one frame down; false when it is not there yet. */
  #readFrame(): boolean {
    const { head, size, first } = headOf(this.#rest);
    if (first === undefined || this.#rest.length < head + size) return false;
    const payload = this.#rest.subarray(head, head + size);
    const isMasked = (this.#rest[1]! & 0x80) !== 0;
    this.#rest = this.#rest.subarray(head + size);
    const bits = first.toString(16).padStart(2, "0");
    const kind = `<frame ${bits}${isMasked ? " masked" : ""}>`;
    // How what is pending falls into whole frames is a matter of time.
    if (kind !== this.#lastKind || bits !== "82") this.#note(kind);
    this.#lastKind = kind;
    const isData = (first & 0x0f) <= 2;
    if (!isData) {
      this.transcript += shownControl(first & 0x0f, payload);
      return true;
    }
    this.#parts.push(payload);
    if ((first & 0x40) !== 0) this.#deflated = true;
    if ((first & 0x80) === 0) return true;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    const text = this.#isInflating && this.#deflated
      ? inflated(message)
      : message;
    this.#deflated = false;
    this.transcript += text.toString("latin1");
    return true;
  }

  /** The message that is under way is compressed. */
  #deflated = false;
  #lastKind = "";
}

/** The header's bytes, and those of the payload; no first byte: it is not there yet. */
function headOf(
  bytes: Buffer,
): { head: number; size: number; first?: number } {
  const none = { head: 0, size: 0 };
  if (bytes.length < 2) return none;
  const mask = (bytes[1]! & 0x80) === 0 ? 0 : 4;
  const short = bytes[1]! & 0x7f;
  const first = bytes[0]!;
  if (short < 126) return { head: 2 + mask, size: short, first };
  if (short === 126) {
    if (bytes.length < 4) return none;
    return { head: 4 + mask, size: bytes.readUInt16BE(2), first };
  }
  if (bytes.length < 10) return none;
  return { head: 10 + mask, size: Number(bytes.readBigUInt64BE(2)), first };
}

function shownControl(opcode: number, payload: Buffer): string {
  const isClose = opcode === 8 && payload.length >= 2;
  return isClose
    ? `${payload.readUInt16BE(0)} ${payload.subarray(2).toString("latin1")}`
    : payload.toString("latin1");
}

function inflated(message: Buffer): Buffer {
  const tail = Buffer.from([0, 0, 0xff, 0xff]);
  // The last block of the stream is wanting, as each message is one part of it.
  return inflateRawSync(Buffer.concat([message, tail]), { finishFlush: 2 });
}

const MASK_KEY = [0x12, 0x34, 0x56, 0x78];

function frameBytes(frame: Frame): Uint8Array {
  const { opcode, payload, bits, isMasked, saidLength } = frame;
  const length = saidLength ?? payload.length;
  const bytes = frame.lengthBytes ??
    (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const code = bytes === 0 ? length : bytes === 2 ? 126 : 127;
  const head = [bits | opcode, code | (isMasked ? 0x80 : 0)];
  for (let at = bytes - 1; at >= 0; at--) {
    head.push(Math.floor(length / 256 ** at) % 256);
  }
  if (!isMasked) return Uint8Array.from([...head, ...payload]);
  const masked = payload.map((byte, at) => byte ^ MASK_KEY[at % 4]!);
  return Uint8Array.from([...head, ...MASK_KEY, ...masked]);
}

/** `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`, or what comes nearest to it. */
function alertOf(error: Error & { code?: string }): string {
  return (error.code ?? error.message).replaceAll(/\d{4,}/g, "N");
}
