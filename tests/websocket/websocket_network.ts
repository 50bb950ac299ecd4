/** A network whose sockets are WebSockets over those of another one, for the suite of all networks. */
import { SlabPool } from "../../src/core/slab_pool.ts";
import type {
  Address,
  DialOptions,
  Listener,
  ListenOptions,
  Network,
  Socket,
} from "../../src/platform/socket.ts";
import type { Clock, Random } from "../../src/platform/clock.ts";
import type { RunSoon } from "../../src/platform/turns.ts";
import { platform } from "../../src/runtime/mod.ts";
import {
  acceptWebSocket,
  type WebSocketSettings,
} from "../../src/websocket/accept.ts";
import {
  connectWebSocket,
  type WebSocketClientHost,
} from "../../src/websocket/connect.ts";

/** A port that lets everybody in, as most are. */
export const OPEN_PORT: WebSocketSettings = {
  isSecure: false,
  origins: { isSame: false, allowed: [] },
  compression: false,
  headers: [],
  maxPayloadBytes: 1_048_576,
};

/** What a WebSocket needs of the machine, on the real clock or on another. */
export function hostOn(
  clock: Clock = platform.clock,
  runSoon: RunSoon = platform.runSoon,
  random: Random = platform.random,
): WebSocketClientHost {
  const { deflate, sha1 } = platform;
  return { clock, runSoon, random, deflate, sha1, slabs: new SlabPool() };
}

export class WebSocketNetwork implements Network {
  readonly #inner: Network;
  readonly #host: WebSocketClientHost;
  readonly #settings: WebSocketSettings;

  constructor(
    inner: Network,
    host: WebSocketClientHost,
    settings: WebSocketSettings = OPEN_PORT,
  ) {
    this.#inner = inner;
    this.#host = host;
    this.#settings = settings;
  }

  listen(
    at: Address,
    options: ListenOptions,
    onSocket: (socket: Socket) => void,
  ): Promise<Listener> {
    const acceptor = { accepted: onSocket, refused: () => {} };
    return this.#inner.listen(at, options, (socket) => {
      acceptWebSocket(socket, this.#settings, this.#host, acceptor);
    });
  }

  async dial(to: Address, options?: DialOptions): Promise<Socket> {
    return await this.over(await this.#inner.dial(to, options));
  }

  /** A WebSocket over a socket that was dialled. */
  over(socket: Socket): Promise<Socket> {
    const { compression, maxPayloadBytes } = this.#settings;
    const target = {
      host: "127.0.0.1",
      path: "/",
      compressedBytesMax: compression ? maxPayloadBytes : undefined,
      timeoutMs: 30_000,
    };
    return connectWebSocket(socket, target, this.#host);
  }

  lookup(host: string): Promise<string[]> {
    return this.#inner.lookup(host);
  }
}
