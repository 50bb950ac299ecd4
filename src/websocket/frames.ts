/**
 * The words of RFC 6455: kinds of frames, the bits of their first two bytes, and
 * the error of a peer that breaks the rules. `frame_reader.ts` reads frames,
 * `frame_writer.ts` writes them.
 */

/** What a frame is, the lower four bits of its first byte. */
export const Opcode = {
  CONTINUATION: 0,
  TEXT: 1,
  BINARY: 2,
  CLOSE: 8,
  PING: 9,
  PONG: 10,
} as const;

/** In the first byte: it is the last frame of its message. */
export const FINAL = 0x80;
/** In the first byte: its message is compressed. */
export const COMPRESSED = 0x40;
/** In the first byte: bits that mean nothing. */
export const RESERVED = 0x30;
export const OPCODE_BITS = 0x0f;
/** Opcodes with this bit are of control frames, which may stand inside a message. */
export const CONTROL = 0x08;

/** In the second byte: a key follows, and the payload is masked by it. */
export const MASKED = 0x80;
export const LENGTH_BITS = 0x7f;
/** Lengths that say that the length follows, in two bytes and in eight. */
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;

export const KEY_BYTES = 4;
/** What a control frame may hold. */
export const CONTROL_BYTES_MAX = 125;
/** Two bytes, a length of eight, and a key. */
export const HEADER_BYTES_MAX = 14;

/** A peer that broke the rules of WebSocket. The text is told to it, and to the log. */
export class WebSocketError extends Error {
  override readonly name = "WebSocketError";
  /** The status that the peer is told. */
  readonly code: number;

  constructor(message: string, code: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
