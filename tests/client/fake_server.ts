/**
 * A scripted server on any `Network`: it greets and answers pings as a broker
 * does, keeps what it was told, and says whatever else the test wants. With a
 * network in memory and a virtual clock, minutes of reconnecting take no time.
 */
import { asciiBytes, byteString } from "../../src/core/ascii.ts";
import type { Listener, Network, Socket } from "../../src/platform/socket.ts";

export interface FakeServerOptions {
  /** Default: any free port. */
  readonly port?: number;
  readonly host?: string;
  /** Added to the fields of INFO, or in their place. */
  readonly info?: Readonly<Record<string, unknown>>;
  /** Answer CONNECT with this `-ERR`, and hang up. */
  readonly refusal?: string;
  /** Say nothing at all. */
  readonly mute?: boolean;
}

export class FakeServer {
  readonly port: number;
  /** Every connection, the newest last. */
  readonly connections: FakeConnection[] = [];
  /** May be changed while it runs. */
  options: FakeServerOptions;
  readonly #listener: Listener;

  static async start(
    network: Network,
    options: FakeServerOptions = {},
  ): Promise<FakeServer> {
    const { host = "127.0.0.1", port = 0 } = options;
    const accept = (socket: Socket): void => server.#accept(socket);
    const listener = await network.listen({ host, port }, {}, accept);
    const server: FakeServer = new FakeServer(listener, options);
    return server;
  }

  private constructor(listener: Listener, options: FakeServerOptions) {
    this.#listener = listener;
    this.port = listener.address.port;
    this.options = options;
  }

  get listen(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The newest connection. */
  get client(): FakeConnection {
    const client = this.connections.at(-1);
    if (client === undefined) throw new Error("Nobody has connected");
    return client;
  }

  /** What the newest client has sent, without its login and its pings. */
  get ops(): string[] {
    return this.client.ops.filter((op) => !/^(CONNECT|PING|PONG)\b/.test(op));
  }

  /** Ends the port and every connection, as a crash would. */
  stop(): void {
    this.#listener.close();
    for (const client of this.connections) client.drop();
  }

  #accept(socket: Socket): void {
    this.connections.push(new FakeConnection(socket, this));
  }
}

export class FakeConnection {
  /** Complete operations, without the line end at their end. */
  readonly ops: string[] = [];
  isClosed = false;
  /** Whether a PING gets its PONG. */
  answersPings = true;
  readonly #socket: Socket;
  readonly #server: FakeServer;
  #unread = "";

  constructor(socket: Socket, server: FakeServer) {
    this.#socket = socket;
    this.#server = server;
    socket.open({
      onData: (chunk) => this.#onText(byteString(chunk)),
      onDrain: () => {},
      onClose: () => this.isClosed = true,
    });
    if (server.options.mute !== true) this.sendInfo(server.options.info);
  }

  /** The fields of CONNECT. */
  get login(): string {
    return this.ops.find((op) => op.startsWith("CONNECT ")) ?? "";
  }

  send(text: string): void {
    this.#socket.write(asciiBytes(text));
  }

  sendInfo(fields: Readonly<Record<string, unknown>> = {}): void {
    const info = {
      server_id: "FAKE",
      version: "2.10.0",
      proto: 1,
      headers: true,
      max_payload: 1_048_576,
      ...fields,
    };
    this.send(`INFO ${JSON.stringify(info)} \r\n`);
  }

  /** Sends a message as the server would. */
  deliver(subject: string, sid: number, payload: string, reply = ""): void {
    const words = [subject, sid, reply, payload.length].filter((w) => w !== "");
    this.send(`MSG ${words.join(" ")}\r\n${payload}\r\n`);
  }

  /** The connection breaks. */
  drop(): void {
    this.#socket.destroy();
  }

  #onText(text: string): void {
    this.#unread += text;
    for (let op = this.#takeOp(); op !== undefined; op = this.#takeOp()) {
      this.ops.push(op);
      this.#answer(op);
    }
  }

  #takeOp(): string | undefined {
    const lineEnd = this.#unread.indexOf("\r\n");
    if (lineEnd < 0) return undefined;
    const line = this.#unread.slice(0, lineEnd);
    const size = /^H?PUB .* (\d+)$/.exec(line)?.[1];
    const end = size === undefined ? lineEnd : lineEnd + 2 + Number(size);
    if (this.#unread.length < end + 2) return undefined;
    const op = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 2);
    return op;
  }

  #answer(op: string): void {
    const { refusal } = this.#server.options;
    if (op.startsWith("CONNECT ") && refusal !== undefined) {
      this.send(`-ERR '${refusal}'\r\n`);
      this.#socket.end();
    } else if (op === "PING" && this.answersPings) {
      this.send("PONG\r\n");
    }
  }
}
