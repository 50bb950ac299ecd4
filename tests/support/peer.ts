/**
 * A peer that speaks the protocol by hand, over a real socket: it sends what
 * the test writes and hands out what arrives, in order. Text is a byte string,
 * one char per byte, in both directions. Nothing is answered on its own, not
 * even a PING.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type AddressInfo,
  connect,
  createServer,
  type Server,
  type Socket,
} from "node:net";
import type { ServerInfo } from "../../src/wire/info.ts";

// Far beyond what a busy machine needs for an answer on the loopback.
const DEADLINE_MS = 30_000;
const LAST_BYTES_MS = 1_000;
const TAIL_LENGTH = 2_000;
const ENDED = "did not come before the connection ended";

export interface PeerAddress {
  readonly port: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

/** Connects to a broker; rejects when nobody listens. Give `close` to `t.after`. */
export async function connectPeer(address: PeerAddress): Promise<Peer> {
  const { port, host = "127.0.0.1" } = address;
  const socket = connect({ port, host, noDelay: true });
  const peer = new Peer(socket);
  await once(socket, "connect");
  return peer;
}

/**
 * The id of the server that listens at `address`; undefined: nobody does. A port that
 * is free again may be another test's server's by now.
 */
export async function serverIdAt(
  address: PeerAddress,
): Promise<string | undefined> {
  let peer;
  try {
    peer = await connectPeer(address);
  } catch {
    return undefined;
  }
  const line = await peer.expectLine();
  await peer.close();
  return JSON.parse(line.slice("INFO ".length)).server_id;
}

/** Something that a test waits for; waits are served in the order in which they began. */
interface Wait {
  readonly what: string;
  /** Takes what was waited for out of the received text, once it is there. */
  take(): string | undefined;
  resolve(text: string): void;
  reject(error: Error): void;
  readonly deadline: ReturnType<typeof setTimeout>;
}

export class Peer implements AsyncDisposable {
  /** Everything that has arrived, taken or not. */
  received = "";
  /** The INFO that `handshake` read. */
  info: Partial<ServerInfo> = {};
  readonly #socket: Socket;
  readonly #waits: Wait[] = [];
  readonly #closed: Promise<void>;
  #taken = 0;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      this.received += text;
      this.#serveWaits();
    });
    // A reset is an end like any other; `close` follows.
    socket.on("error", () => {});
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        this.#serveWaits();
        this.#refuseWaits(ENDED);
        resolve();
      });
    });
  }

  /** What has arrived and was not taken yet. */
  get unread(): string {
    return this.received.slice(this.#taken);
  }

  /** Whether the connection has ended. */
  get closed(): boolean {
    return this.#isClosed;
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.#socket.write(data, "latin1");
    else this.#socket.write(data);
  }

  /**
   * Waits for `wanted` and takes everything up to its end; gives all that it
   * took. Rejects when the connection ends first.
   */
  expect(wanted: string | RegExp): Promise<string> {
    const what = typeof wanted === "string" ? JSON.stringify(wanted) : wanted;
    return this.#wait(`${what}`, () => this.#takeUpTo(wanted));
  }

  /**
   * Waits until `text` is among all that has arrived, taken or not, at `from`
   * or behind; gives where it ends. Takes nothing.
   */
  async heard(text: string, from: number): Promise<number> {
    const place = (): number => this.received.indexOf(text, from);
    await this.#wait(
      JSON.stringify(text),
      () => place() < 0 ? undefined : text,
    );
    return place() + text.length;
  }

  /** The next line, without its line end. */
  async expectLine(): Promise<string> {
    const line = await this.#wait("a line", () => this.#takeUpTo("\n"));
    return line.replace(/\r?\n$/, "");
  }

  /** Waits until the other side has ended the connection; gives what was unread. */
  expectClosed(): Promise<string> {
    return this.#wait(
      "the end",
      () => this.#isClosed ? this.unread : undefined,
    );
  }

  /** Proves by a round trip that nothing has arrived but the broker's own PINGs. */
  async silence(): Promise<void> {
    this.send("PING\r\n");
    const text = await this.expect("PONG\r\n");
    assert.match(text, /^(PING\r\n)*PONG\r\n$/, "something has arrived");
  }

  /** Reads INFO, then logs in with these fields of CONNECT and takes all that follows. */
  async handshake(
    fields: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const info = await this.expectLine();
    this.info = JSON.parse(info.replace(/^INFO /, ""));
    const connect = { verbose: false, pedantic: false, ...fields };
    this.send(`CONNECT ${JSON.stringify(connect)}\r\nPING\r\n`);
    await this.expect("PONG\r\n");
    if (fields["protocol"] === undefined) return;
    // INFO comes once more behind the first PONG, from newer servers.
    this.send("PING\r\n");
    await this.expect("PONG\r\n");
  }

  /** Reads nothing until `resume`: what arrives fills the buffers of the system. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection once what was sent is on its way, or soon anyway. */
  async close(): Promise<void> {
    const destroy = (): void => void this.#socket.destroy();
    // A broker that has stopped reading would keep the last bytes here for ever.
    const force = setTimeout(destroy, LAST_BYTES_MS);
    this.#socket.end(destroy);
    await this.#closed;
    clearTimeout(force);
  }

  /** Ends the connection as a crash would: what was not sent yet is lost. */
  async crash(): Promise<void> {
    this.#socket.resetAndDestroy();
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #takeUpTo(wanted: string | RegExp): string | undefined {
    const { unread } = this;
    const end = typeof wanted === "string"
      ? endOfText(unread, wanted)
      : endOfMatch(unread, wanted);
    if (end === undefined) return undefined;
    this.#taken += end;
    return unread.slice(0, end);
  }

  #wait(what: string, take: () => string | undefined): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const deadline = setTimeout(
      () => this.#refuseWaits("is late"),
      DEADLINE_MS,
    );
    this.#waits.push({ what, take, resolve, reject, deadline });
    this.#serveWaits();
    if (this.#isClosed) this.#refuseWaits(ENDED);
    return promise;
  }

  #serveWaits(): void {
    for (let wait = this.#waits[0]; wait; wait = this.#waits[0]) {
      const text = wait.take();
      if (text === undefined) return;
      this.#waits.shift();
      clearTimeout(wait.deadline);
      wait.resolve(text);
    }
  }

  /** One wait that fails fails those behind it: they would take what was meant for it. */
  #refuseWaits(how: string): void {
    for (const { what, reject, deadline } of this.#waits.splice(0)) {
      clearTimeout(deadline);
      reject(this.#failure(what, how));
    }
  }

  #failure(what: string, how: string): Error {
    const unread = JSON.stringify(this.unread.slice(-TAIL_LENGTH));
    return new Error(`${what} ${how}; received and not taken: ${unread}`);
  }
}

function endOfText(text: string, wanted: string): number | undefined {
  const start = text.indexOf(wanted);
  return start < 0 ? undefined : start + wanted.length;
}

function endOfMatch(text: string, wanted: RegExp): number | undefined {
  const match = wanted.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** Opens a port, on 127.0.0.1, at which brokers call the test. Give `close` to `t.after`. */
export async function listenForPeers(): Promise<PeerListener> {
  const server = createServer({ noDelay: true });
  const listener = new PeerListener(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return listener;
}

export class PeerListener implements AsyncDisposable {
  readonly #server: Server;
  readonly #peers: Peer[] = [];
  readonly #waiting: Peer[] = [];

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      const peer = new Peer(socket);
      this.#peers.push(peer);
      this.#waiting.push(peer);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connection that came in and was not given yet. */
  async accept(): Promise<Peer> {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    while (this.#waiting.length === 0) {
      await once(this.#server, "connection", { signal });
    }
    return this.#waiting.shift()!;
  }

  /** Ends the port and each connection that came in. */
  async close(): Promise<void> {
    this.#server.close();
    await Promise.all(this.#peers.map((peer) => peer.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
