/** A peer that speaks the protocol of clients or of routes by hand, for benchmarks. */
import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";

/** A client, or a route, that speaks the protocol by hand. */
export class Peer {
  readonly socket: Socket;
  #pongs = 0;
  #heard = 0;
  #awaited: (() => void)[] = [];
  #tail = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("data", (chunk) => this.#read(chunk));
  }

  static async open(port: number, hello: string): Promise<Peer> {
    const socket = dial(port, "127.0.0.1");
    await once(socket, "connect");
    const peer = new Peer(socket);
    peer.send(hello);
    await peer.roundTrip();
    return peer;
  }

  static client(port: number): Promise<Peer> {
    return Peer.open(port, 'CONNECT {"verbose":false,"pedantic":false}\r\n');
  }

  static route(port: number, id: string): Promise<Peer> {
    const connect = JSON.stringify({
      verbose: false,
      pedantic: false,
      headers: true,
      name: id,
      cluster: "bench",
    });
    const info = JSON.stringify(infoOf(id));
    return Peer.open(port, `CONNECT ${connect}\r\nINFO ${info}\r\n`);
  }

  /** Bytes that came so far. */
  get heard(): number {
    return this.#heard;
  }

  send(text: string): boolean {
    return this.socket.write(text, "latin1");
  }

  /** Sends all parts, each when there is room, and waits until they are handled. */
  async sendAll(parts: Iterable<string>): Promise<void> {
    for (const part of parts) {
      if (!this.send(part)) await once(this.socket, "drain");
    }
    await this.roundTrip();
  }

  roundTrip(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.push(resolve);
      this.send("PING\r\n");
    });
  }

  #read(chunk: Buffer): void {
    this.#heard += chunk.length;
    const text = this.#tail + chunk.toString("latin1");
    this.#tail = text.slice(-5);
    if (text.startsWith("PING\r\n")) this.send("PONG\r\n");
    for (let at = text.indexOf("PONG\r\n"); at >= 0;) {
      this.#pongs++;
      this.#awaited.shift()?.();
      at = text.indexOf("PONG\r\n", at + 6);
    }
    if (text.endsWith("PONG\r\n")) this.#tail = "";
  }
}

/** What a server that only speaks routes says of itself. */
export function infoOf(id: string): Record<string, unknown> {
  return {
    server_id: id,
    server_name: id,
    version: "2.9.10",
    proto: 1,
    host: "127.0.0.1",
    port: 1,
    headers: true,
    max_payload: 1_048_576,
    cluster: "bench",
  };
}
