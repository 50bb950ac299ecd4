/**
 * A web server whose answers a test decides: one text for every question, a list
 * of nodes, nothing at all, or whatever a handler does. It keeps what it was
 * asked.
 */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  type NodeRecord,
  nodeToJson,
} from "../../src/discovery/node_record.ts";
import type { Cleanup } from "../support/temp.ts";

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
) => void;

export class HttpSource {
  readonly requests: IncomingMessage[] = [];
  /** What answers. */
  handle: Handler;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor() {
    this.handle = (_, response) => void response.end("[]");
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens at the port that it had before, or at any. */
  async open(): Promise<void> {
    const server = createServer((request, response) => {
      // The client may go away at any time.
      request.on("error", () => {});
      response.on("error", () => {});
      this.requests.push(request);
      this.handle(request, response);
    });
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) =>
      server.close(() => resolve())
    );
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  speak(
    text: string,
    headers: Readonly<Record<string, string>> = {},
    status: number = 200,
  ): void {
    this.handle = (_, response) => {
      response.writeHead(status, headers);
      response.end(text);
    };
  }

  put(nodes: readonly NodeRecord[]): void {
    this.speak(JSON.stringify({ nodes: nodes.map(nodeToJson) }));
  }

  stall(): void {
    this.handle = () => {};
  }
}

/** A source that is there until the test ends. */
export async function startHttpSource(t: Cleanup): Promise<HttpSource> {
  const source = new HttpSource();
  await source.open();
  t.after(() => source.close());
  return source;
}

/** A list that can be waited for: it has an index, and answers `?index=N` when there is another. */
export class IndexedList {
  readonly #source: HttpSource;
  readonly #waiting = new Set<() => void>();
  #items: readonly unknown[] = [];
  index = 1;

  constructor(source: HttpSource) {
    this.#source = source;
    this.listen();
  }

  listen(): void {
    this.#source.handle = (request, response) => {
      const query = new URL(request.url ?? "/", "http://x").searchParams;
      const answer = (): void => {
        this.#waiting.delete(answer);
        const { index } = this;
        response.end(JSON.stringify({ index, nodes: this.#items }));
      };
      if (query.get("index") === String(this.index)) this.#waiting.add(answer);
      else answer();
    };
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  put(items: readonly unknown[], index: number = this.index + 1): void {
    this.#items = items;
    this.index = index;
    this.answerAll();
  }

  /** As at the end of the wait: those who wait are answered. */
  answerAll(): void {
    for (const answer of [...this.#waiting]) answer();
  }
}
