/**
 * Where clients connect: a port, unix sockets, both, or nothing at all, for a
 * server that clients reach another way.
 */
import { unixAddress } from "../../net/address.ts";
import type {
  Address,
  Listener,
  Network,
  Socket,
} from "../../platform/socket.ts";
import type { Reception } from "./reception.ts";

export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** There is to be no port. */
  readonly dontListen: boolean;
  /** The paths of unix sockets. */
  readonly unixSockets: readonly string[];
  readonly unixSocketMode: number;
}

/** Takes a client that comes, and what it has to pass: as that is once its turn comes. */
type Accept = (
  socket: Socket,
  reception: () => Reception | undefined,
) => void;

export class ClientPort {
  /** New clients may come in. */
  accepting = false;
  /** What clients of the port have to pass; those of unix sockets pass nothing. */
  #reception: Reception | undefined;
  readonly #network: Network;
  readonly #options: PortOptions;
  #listener: Listener | undefined = undefined;
  #sockets: Listener[] = [];
  #lastAddress: Address;
  #onSocket: Accept = () => {};

  constructor(
    network: Network,
    options: PortOptions,
    reception: Reception | undefined,
  ) {
    const { host, port, dontListen, unixSockets } = options;
    this.#network = network;
    this.#options = options;
    this.#reception = reception;
    const isUnixOnly = dontListen && unixSockets.length > 0;
    this.#lastAddress = {
      host: isUnixOnly ? "" : host,
      port: dontListen ? 0 : port,
    };
  }

  /** The port's; undefined while none are accepted, and without a port. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Wherever clients connect, the port first. */
  get addresses(): readonly Address[] {
    const all = [this.#listener, ...this.#sockets];
    return all.flatMap((listener) => listener?.address ?? []);
  }

  /** The port's, or what it was when it was open; port 0 stands for no port. */
  get lastAddress(): Address {
    return this.#lastAddress;
  }

  /** Opens the port and the sockets, as far as there are to be some. Rejects with a `NetworkError`. */
  async open(onSocket: Accept): Promise<void> {
    const { host, port, dontListen, unixSockets, unixSocketMode } =
      this.#options;
    this.#onSocket = onSocket;
    if (!dontListen) {
      this.#listener = await this.#listen({ host, port });
      this.#lastAddress = this.#listener.address;
    }
    for (const path of unixSockets) {
      const options = { fileMode: unixSocketMode };
      this.#sockets.push(
        await this.#network.listen(
          unixAddress(path),
          options,
          (socket) => onSocket(socket, () => undefined),
        ),
      );
    }
    this.accepting = true;
  }

  /**
   * Clients to come have to pass another reception. A port whose sockets cannot
   * go over to TLS is opened anew, if they are to.
   */
  async reconfigure(reception: Reception | undefined): Promise<void> {
    const { address, isPlainOnly } = this.#listener ?? {};
    this.#reception = reception;
    if (address === undefined || reception === undefined) return;
    if (isPlainOnly !== true) return;
    await this.#listener?.close();
    this.#listener = await this.#listen(address);
  }

  #listen(at: Address): Promise<Listener> {
    return this.#network.listen(
      at,
      { mayUpgrade: this.#reception !== undefined },
      (socket) => this.#onSocket(socket, () => this.#reception),
    );
  }

  /** From now on no client comes in; resolves when the port is free. */
  async close(): Promise<void> {
    const listeners = [this.#listener, ...this.#sockets];
    this.#listener = undefined;
    this.#sockets = [];
    this.accepting = false;
    await Promise.all(listeners.map((listener) => listener?.close()));
  }
}
