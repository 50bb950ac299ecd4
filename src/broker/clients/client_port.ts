/**
 * Where clients connect: a port, unix sockets, both, or nothing at all, for a
 * server that clients reach another way.
 */
import { unixAddress } from "../../net/address.ts";
import type { TlsSettings } from "../../options/tls.ts";
import {
  type Address,
  type Listener,
  type Network,
  NetworkError,
  type Socket,
} from "../../platform/socket.ts";

export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** There is to be no port. */
  readonly dontListen: boolean;
  /** The paths of unix sockets. */
  readonly unixSockets: readonly string[];
  readonly unixSocketMode: number;
  /** Of the port: a unix socket speaks none. */
  readonly tls?: TlsSettings | undefined;
}

export class ClientPort {
  /** New clients may come in. */
  accepting = false;
  readonly #network: Network;
  readonly #options: PortOptions;
  #listener: Listener | undefined = undefined;
  #sockets: Listener[] = [];
  #lastAddress: Address;

  constructor(network: Network, options: PortOptions) {
    const { host, port, dontListen, unixSockets } = options;
    this.#network = network;
    this.#options = options;
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
  async open(onSocket: (socket: Socket) => void): Promise<void> {
    const { host, port, dontListen, tls, unixSockets, unixSocketMode } =
      this.#options;
    if (tls !== undefined) {
      const message = "TLS is not supported for clients of a server";
      throw new NetworkError(message, "ETLSUNSUPPORTED");
    }
    if (!dontListen) {
      this.#listener = await this.#network.listen(
        { host, port },
        {},
        onSocket,
      );
      this.#lastAddress = this.#listener.address;
    }
    for (const path of unixSockets) {
      const options = { fileMode: unixSocketMode };
      this.#sockets.push(
        await this.#network.listen(unixAddress(path), options, onSocket),
      );
    }
    this.accepting = true;
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
