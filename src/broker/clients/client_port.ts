/**
 * The port for clients: closed, open, or not there at all, for a server that
 * clients reach another way.
 */
import type { TlsSettings } from "../../options/tls.ts";
import type {
  Address,
  Listener,
  Network,
  Socket,
} from "../../platform/socket.ts";

export interface PortOptions {
  readonly host: string;
  readonly port: number;
  /** There is to be no port. */
  readonly dontListen: boolean;
  readonly tls?: TlsSettings | undefined;
}

export class ClientPort {
  /** New clients may come in. */
  accepting = false;
  readonly #network: Network;
  readonly #options: PortOptions;
  #listener: Listener | undefined = undefined;
  #lastAddress: Address;

  constructor(network: Network, options: PortOptions) {
    const { host, port, dontListen } = options;
    this.#network = network;
    this.#options = options;
    this.#lastAddress = { host, port: dontListen ? 0 : port };
  }

  /** Where clients connect; undefined while none are accepted, and without a port. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Where clients connect, or did when it was open; port 0 stands for no port. */
  get lastAddress(): Address {
    return this.#lastAddress;
  }

  /** Opens the port, if there is to be one. Rejects with a `NetworkError`. */
  async open(onSocket: (socket: Socket) => void): Promise<void> {
    const { host, port, dontListen, tls } = this.#options;
    if (!dontListen) {
      this.#listener = await this.#network.listen(
        { host, port },
        tls === undefined ? {} : { tls: { role: "server", ...tls } },
        onSocket,
      );
      this.#lastAddress = this.#listener.address;
    }
    this.accepting = true;
  }

  /** From now on no client comes in; resolves when the port is free. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.accepting = false;
    await listener?.close();
  }
}
