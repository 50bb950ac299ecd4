/** The port where other servers connect. */
import type { Logger } from "../core/log.ts";
import { formatAddress } from "../net/address.ts";
import type { Address, Listener, Network, Socket } from "../platform/socket.ts";
import type { RouteTls } from "./route_tls.ts";

export interface RoutePortWorld {
  readonly network: Network;
  readonly tls: RouteTls;
  readonly log: Logger;
  /** Takes an accepted socket, which is secured where it has to be. */
  connected(socket: Socket): void;
}

export class RoutePort {
  readonly #world: RoutePortWorld;
  #listener: Listener | undefined = undefined;
  /** Accepted sockets can go over to TLS. */
  #mayUpgrade = false;
  #isClosed = false;

  constructor(world: RoutePortWorld) {
    this.#world = world;
  }

  /** Undefined while it is not open. */
  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Rejects with a `NetworkError`. */
  async open(at: Address): Promise<void> {
    const { network, tls, log, connected } = this.#world;
    this.#mayUpgrade = tls.isOn;
    this.#listener = await network.listen(
      at,
      this.#mayUpgrade ? { mayUpgrade: true } : {},
      (socket) => tls.accept(socket, () => connected(socket)),
    );
    const address = formatAddress(this.#listener.address);
    log.notice(`Listening for route connections on ${address}`);
  }

  /** Opens it again where its sockets could not go over to TLS, and have to. */
  async follow(): Promise<void> {
    const { address } = this;
    const { tls, log } = this.#world;
    if (address === undefined || !tls.isOn || this.#mayUpgrade) return;
    try {
      await this.#listener?.close();
      await this.open(address);
      if (this.#isClosed) await this.close();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      log.error(`Error listening for route connections: ${detail}`);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#listener?.close();
  }
}
