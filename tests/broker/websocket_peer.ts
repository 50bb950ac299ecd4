/** A WebSocket client by hand, on a real socket: what it sends is masked, and what it hears is text. */
import assert from "node:assert/strict";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { Opcode } from "../../src/websocket/frames.ts";
import { connectPeer, type Peer } from "../support/peer.ts";
import type { TestContext } from "../support/test.ts";
import { until } from "../support/until.ts";
import { frame, type FrameRead, framesIn } from "../websocket/frame_bytes.ts";

/** What a client asks besides. */
export interface WebSocketRequestParts {
  readonly path?: string;
  /** Whole lines, each with its line end. */
  readonly headers?: string;
}

/** Asks for a WebSocket; gives the client and what it was answered. */
export async function askForWebSocket(
  t: TestContext,
  port: number,
  { path = "/", headers = "" }: WebSocketRequestParts = {},
): Promise<{ peer: WebSocketPeer; answer: string }> {
  const raw = await connectPeer({ port });
  t.after(() => raw.close());
  return await ask(raw, port, { path, headers });
}

/** A client on a connection that is there, whose WebSocket was granted. */
export async function upgraded(
  raw: Peer,
  port: number,
): Promise<WebSocketPeer> {
  const { peer, answer } = await ask(raw, port, { path: "/", headers: "" });
  assert.match(answer, /^HTTP\/1\.1 101 /);
  return peer;
}

async function ask(
  raw: Peer,
  port: number,
  { path, headers }: Required<WebSocketRequestParts>,
): Promise<{ peer: WebSocketPeer; answer: string }> {
  raw.send(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      `Sec-WebSocket-Version: 13\r\n${headers}\r\n`,
  );
  const answer = await raw.expect("\r\n\r\n");
  return { peer: new WebSocketPeer(raw), answer };
}

/** A client whose WebSocket was granted. */
export async function connectWebSocketPeer(
  t: TestContext,
  port: number,
  parts: WebSocketRequestParts = {},
): Promise<WebSocketPeer> {
  const { peer, answer } = await askForWebSocket(t, port, parts);
  assert.match(answer, /^HTTP\/1\.1 101 /);
  return peer;
}

export class WebSocketPeer {
  readonly raw: Peer;
  readonly #from: number;
  #taken = 0;

  constructor(raw: Peer) {
    this.raw = raw;
    this.#from = raw.received.length - raw.unread.length;
  }

  /** Each text is a frame. */
  send(...texts: readonly string[]): void {
    for (const text of texts) {
      this.raw.send(frame(Opcode.BINARY, text));
    }
  }

  /** Waits for `wanted` in what the frames say, and takes all up to its end. */
  async expect(wanted: string | RegExp): Promise<string> {
    const place = (): number => endOf(wanted, this.#text.slice(this.#taken));
    await until(
      `${wanted} in ${JSON.stringify(this.#text)}`,
      () => place() >= 0 || this.raw.closed,
    );
    const end = place();
    assert.ok(end >= 0, `${wanted} did not come: ${this.#text}`);
    const from = this.#taken;
    this.#taken += end;
    return this.#text.slice(from, this.#taken);
  }

  /** Waits for the end, and gives the status and the text of the CLOSE. */
  async closed(): Promise<string> {
    await this.raw.expectClosed();
    const close = this.#frames.find(({ opcode }) => opcode === Opcode.CLOSE);
    if (close === undefined) return "";
    const [high = 0, low = 0, ...rest] = close.payload;
    return `${high * 256 + low} ${byteString(Uint8Array.from(rest))}`;
  }

  /** Answers the INFO with CONNECT, and waits for what follows the PONG. */
  async login(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    await this.expect("\r\n");
    const connect = { verbose: false, protocol: 1, ...fields };
    this.send(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
    await this.expect("PONG\r\n");
    return await this.expect("\r\n");
  }

  get #frames(): FrameRead[] {
    const bytes = asciiBytes(this.raw.received.slice(this.#from));
    return framesIn(bytes.subarray(0, wholeBytes(bytes)));
  }

  get #text(): string {
    return this.#frames.filter(({ opcode }) => opcode === Opcode.BINARY)
      .map(({ payload }) => byteString(payload)).join("");
  }
}

/** Up to the end of the last frame that is all there. */
function wholeBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1]! & 0x7f;
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (at + head > bytes.length) break;
    const length = short === 127
      ? Number(view.getBigUint64(at + 2))
      : short === 126
      ? view.getUint16(at + 2)
      : short;
    if (at + head + length > bytes.length) break;
    at += head + length;
  }
  return at;
}

function endOf(wanted: string | RegExp, text: string): number {
  if (typeof wanted === "string") {
    const at = text.indexOf(wanted);
    return at < 0 ? -1 : at + wanted.length;
  }
  const found = wanted.exec(text);
  return found === null ? -1 : found.index + found[0].length;
}
