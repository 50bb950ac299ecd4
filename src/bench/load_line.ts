/**
 * One client of a load: a connection of Midge's client, whose socket takes
 * frames that were encoded before and tells of messages without an object for
 * each.
 */
import type { ConnectionOptions } from "../client/api/options.ts";
import { NatsConnection } from "../client/connection.ts";
import type { ClientRuntime } from "../client/link.ts";
import { Outbox } from "../core/outbox.ts";
import { SlabPool } from "../core/slab_pool.ts";
import type { DialWeb } from "../platform/web_dialler.ts";
import type { Network } from "../platform/socket.ts";
import { FIRST_LOAD_SID } from "./load_reader.ts";
import { type LoadEvents, LoadSocket } from "./load_socket.ts";

const slabs: SlabPool = new SlabPool();
const utf8 = new TextEncoder();

export class LoadLine {
  readonly connection: NatsConnection;
  /** Frames to be sent; `flush` hands them to the socket. */
  readonly outbox: Outbox;
  /** Its end is wanted. */
  isLeaving = false;
  readonly #socket: LoadSocket;
  #lastSid = FIRST_LOAD_SID - 1;

  private constructor(connection: NatsConnection, socket: LoadSocket) {
    this.connection = connection;
    this.#socket = socket;
    this.outbox = new Outbox(slabs, socket);
  }

  /** Connects; rejects as the client's `connect` does. A lost connection is the end of it. */
  static async open(
    options: ConnectionOptions,
    runtime: ClientRuntime,
  ): Promise<LoadLine> {
    const sockets: LoadSocket[] = [];
    const tapped = (socket: LoadSocket): LoadSocket => {
      sockets.push(socket);
      return socket;
    };
    const connection = await NatsConnection.open(
      { ...options, reconnect: false },
      {
        ...runtime,
        network: tappedNetwork(runtime.network, tapped),
        dialWeb: runtime.dialWeb &&
          tappedDialler(runtime.dialWeb, runtime.network, tapped),
      },
    );
    const socket = sockets.findLast(({ isOpen }) => isOpen);
    if (socket === undefined) {
      await connection.close();
      throw new Error("The server closed the connection");
    }
    return new LoadLine(connection, socket);
  }

  /** From now on what comes in for the load goes there. */
  listen(load: LoadEvents): void {
    this.#socket.listen(load);
  }

  /** Subscribes for the load, and gives the number of the subscription. */
  subscribe(subject: string, queue: string = ""): number {
    const sid = ++this.#lastSid;
    const words = [subject, queue, sid].filter((word) => word !== "");
    this.write(utf8.encode(`SUB ${words.join(" ")}\r\n`));
    return sid;
  }

  /** Whole frames leave at once; they must not change until the server has them. */
  write(frames: Uint8Array): void {
    this.#socket.write(frames);
  }

  flush(): void {
    this.outbox.flush();
  }

  /** Resolves when the server has handled all that was sent. */
  settled(): Promise<void> {
    return this.connection.flush();
  }

  close(): Promise<void> {
    this.isLeaving = true;
    return this.connection.close();
  }
}

type Tap = (socket: LoadSocket) => LoadSocket;

function tappedNetwork(network: Network, tapped: Tap): Network {
  return {
    listen: (at, options, onSocket) => network.listen(at, options, onSocket),
    lookup: (host) => network.lookup(host),
    dial: async (to, options) =>
      tapped(new LoadSocket(await network.dial(to, options))),
  };
}

/** The door is in the frames of the WebSocket, not around them. */
function tappedDialler(dial: DialWeb, network: Network, tapped: Tap): DialWeb {
  return async (_, host, target) =>
    tapped(new LoadSocket(await dial(network, host, target)));
}
