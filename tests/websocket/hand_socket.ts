/** A socket that a test moves by hand, and WebSockets over it. Nothing happens by itself. */
import type { SlabPool } from "../../src/core/slab_pool.ts";
import type {
  Address,
  CloseReason,
  Socket,
  SocketEvents,
} from "../../src/platform/socket.ts";
import {
  acceptWebSocket,
  type WebSocketSettings,
} from "../../src/websocket/accept.ts";
import type { WebSocketRequest } from "../../src/websocket/upgrade.ts";
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { seededRandom } from "../support/random.ts";
import { hostOn, OPEN_PORT } from "./websocket_network.ts";

/** What it is given is pending until `take`, if it takes less than all. */
export class HandSocket implements Socket {
  readonly remote: Address = { host: "127.0.0.1", port: 1 };
  readonly local: Address = { host: "127.0.0.1", port: 2 };
  readonly tls = undefined;
  /** Bytes that the system takes at once; what is beyond that is pending. */
  takesBytes: number = Infinity;
  pendingBytes = 0;
  isPaused = false;
  state: "open" | "ended" | "destroyed" = "open";
  #events: SocketEvents | undefined = undefined;
  #written: Uint8Array[] = [];
  #isBlocked = false;

  open(events: SocketEvents): void {
    this.#events = events;
  }

  write(bytes: Uint8Array): boolean {
    if (this.state !== "open") return true;
    this.#written.push(bytes.slice());
    const taken = Math.min(this.takesBytes, bytes.length);
    this.takesBytes -= taken;
    this.pendingBytes += bytes.length - taken;
    this.#isBlocked ||= this.pendingBytes > 0;
    return this.pendingBytes === 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  secure(): Promise<void> {
    return Promise.reject(new Error("no TLS here"));
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
  }

  destroy(): void {
    this.state = "destroyed";
    this.pendingBytes = 0;
  }

  /** The peer sends this, in one chunk. */
  hears(bytes: Uint8Array | string): void {
    const chunk = typeof bytes === "string" ? asciiBytes(bytes) : bytes.slice();
    if (this.state === "open") this.#events!.onData(chunk);
  }

  /** The system takes `count` more of what is pending. */
  take(count: number): void {
    this.pendingBytes = Math.max(0, this.pendingBytes - count);
    if (!this.#isBlocked || this.pendingBytes > 0) return;
    this.#isBlocked = false;
    this.#events!.onDrain();
  }

  closes(reason: CloseReason): void {
    this.#events!.onClose(reason);
  }

  /** All that was written since the last call. */
  written(): Uint8Array {
    const all = joinedBytes(this.#written);
    this.#written = [];
    return all;
  }

  writtenText(): string {
    return byteString(this.written());
  }
}

export function joinedBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What became of a WebSocket: chunks that came, drains, and its end. */
export class Heard implements SocketEvents {
  readonly chunks: Uint8Array[] = [];
  drains = 0;
  readonly ends: CloseReason[] = [];
  onChunk: () => void = () => {};
  #text = "";
  /** The chunks that the text has. */
  #read = 0;

  onData(chunk: Uint8Array): void {
    this.chunks.push(chunk.slice());
    this.onChunk();
  }

  onDrain(): void {
    this.drains++;
  }

  onClose(reason: CloseReason): void {
    this.ends.push(reason);
  }

  get text(): string {
    this.#text += byteString(joinedBytes(this.chunks.slice(this.#read)));
    this.#read = this.chunks.length;
    return this.#text;
  }
}

/** A port of one connection, which a test moves. */
export class HandPort {
  readonly below: HandSocket = new HandSocket();
  readonly clock: VirtualClock = new VirtualClock(0);
  readonly refusals: string[] = [];
  readonly heard: Heard = new Heard();
  socket: Socket | undefined = undefined;
  request: WebSocketRequest | undefined = undefined;
  readonly slabs: SlabPool;
  #soon: (() => void)[] = [];

  constructor(settings: Partial<WebSocketSettings> = {}) {
    const runSoon = (run: () => void): void => void this.#soon.push(run);
    const host = hostOn(this.clock, runSoon, seededRandom(1));
    this.slabs = host.slabs;
    acceptWebSocket(this.below, { ...OPEN_PORT, ...settings }, host, {
      accepted: (socket, request) => {
        this.socket = socket;
        this.request = request;
        socket.open(this.heard);
      },
      refused: (why) => this.refusals.push(why),
    });
  }

  /** A turn of the event loop. */
  turn(): void {
    const soon = this.#soon;
    this.#soon = [];
    for (const run of soon) run();
  }
}

/** The lines of a request for a WebSocket; a header that is undefined is left out. */
export function requestText(
  headers: Readonly<Record<string, string | undefined>> = {},
  line: string = "GET / HTTP/1.1",
): string {
  const all = {
    Host: "127.0.0.1:4222",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join("")}\r\n`;
}

/** A port behind its handshake. */
export function openPort(
  headers: Readonly<Record<string, string>> = {},
  settings: Partial<WebSocketSettings> = {},
): HandPort {
  const port = new HandPort(settings);
  port.below.hears(requestText(headers));
  port.below.written();
  port.turn();
  return port;
}
