/**
 * A gate in front of a server: connections go through until it is told to shut
 * them out, to hold everything back as a dead network does, or to answer HTTP
 * itself.
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free_port.ts";
import type { Cleanup } from "./temp.ts";
import { until } from "./until.ts";

export class TcpGate {
  readonly port: number;
  /** How many connections there were. */
  connections = 0;
  readonly #behindPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isStalled = false;
  #text: string | undefined;

  constructor(port: number, behindPort: number) {
    this.port = port;
    this.#behindPort = behindPort;
  }

  /** Lets everybody in, at the same port as before. */
  async open(): Promise<void> {
    this.#isStalled = false;
    this.#text = undefined;
    if (this.#server !== undefined) return;
    // Another test that looks for a free port may have this one for a moment.
    await until(`port ${this.port} is free`, () => this.#listen());
  }

  async #listen(): Promise<boolean> {
    const server = createServer((socket) => this.#take(socket));
    server.listen(this.port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if ((error as { code?: string }).code === "EADDRINUSE") return false;
      throw error;
    }
    this.#server = server;
    return true;
  }

  /** Ends all connections and takes no more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#drop();
    if (server === undefined) return;
    server.close();
    await once(server, "close");
  }

  /** Nothing passes any more, not even the end of a connection. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Answers every request with status 200 and this text, in place of the server. */
  speak(text: string): void {
    this.#text = text;
    this.#drop();
  }

  #take(socket: Socket): void {
    this.connections++;
    this.#keep(socket);
    if (this.#isStalled) return;
    if (this.#text !== undefined) return this.#answer(socket, this.#text);
    const behind = connect(this.#behindPort, "127.0.0.1");
    this.#keep(behind);
    socket.pipe(behind).pipe(socket);
    this.#endTogether(socket, behind);
    this.#endTogether(behind, socket);
  }

  #answer(socket: Socket, text: string): void {
    socket.once("data", () => {
      const head = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${
        new TextEncoder().encode(text).length
      }\r\n\r\n`;
      socket.end(head + text);
      socket.resume();
    });
  }

  #endTogether(first: Socket, second: Socket): void {
    first.on("close", () => {
      if (!this.#isStalled) second.destroy();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Opens a gate on a free port of 127.0.0.1; it ends with the test. */
export async function openGate(
  t: Cleanup,
  behindPort: number,
): Promise<TcpGate> {
  const gate = new TcpGate(await freePort(), behindPort);
  t.after(() => gate.cut());
  await gate.open();
  return gate;
}
