/**
 * TLS between nodes: the handshake comes before INFO and CONNECT, both sides
 * show certificates and verify those of the other, and the side that dials
 * asks for the name of the host that it has dialled.
 */
import { pinnedFault } from "../core/pinned.ts";
import type { Logger } from "../core/log.ts";
import { formatAddress } from "../net/address.ts";
import { isNumericHost } from "../net/ip.ts";
import type { RouteTarget } from "../options/options.ts";
import type { TlsSettings } from "../options/tls.ts";
import {
  NetworkError,
  type Socket,
  type TlsUpgrade,
} from "../platform/socket.ts";
import { NEWCOMERS_MAX } from "./bounds.ts";
import { isOther } from "./settings.ts";

export interface RouteTlsWorld {
  readonly log: Logger;
  /** As they are now; undefined: nodes talk in clear. */
  settings(): TlsSettings | undefined;
  /** The nodes that this one dials. */
  routes(): readonly RouteTarget[];
}

export class RouteTls {
  readonly #world: RouteTlsWorld;
  /** Accepted sockets in their handshake, oldest first. */
  readonly #accepting = new Set<Socket>();
  readonly #dialled = new Set<Socket>();
  #made:
    | { readonly from: TlsSettings; readonly upgrade: TlsUpgrade }
    | undefined = undefined;

  constructor(world: RouteTlsWorld) {
    this.#world = world;
  }

  /** Nodes talk over TLS. */
  get isOn(): boolean {
    return this.#world.settings() !== undefined;
  }

  /** Tells of what is not verified. */
  warn(): void {
    if (!this.#world.settings()?.insecure) return;
    this.#world.log.warn(
      "TLS certificate chain and hostname of solicited routes will not be " +
        "verified. DO NOT USE IN PRODUCTION!",
    );
  }

  /** Other settings hold: a node in a handshake by the old ones dials again. */
  reconfigured(before: TlsSettings | undefined): void {
    if (!isOther(before, this.#world.settings())) return;
    this.warn();
    this.stop();
  }

  /** Ends the handshakes that are under way. */
  stop(): void {
    for (const socket of this.#accepting) socket.destroy();
    for (const socket of this.#dialled) socket.destroy();
  }

  /** Hands an accepted socket to `take` once it is secured. */
  accept(socket: Socket, take: () => void): void {
    const settings = this.#world.settings();
    if (settings === undefined) return take();
    this.#accepting.add(socket);
    const [oldest] = this.#accepting;
    if (this.#accepting.size > NEWCOMERS_MAX) oldest!.destroy();
    this.#secure(socket, this.#serverUpgrade(settings), settings)
      .then(take, (error: unknown) => this.#failed(socket, error))
      .finally(() => this.#accepting.delete(socket));
  }

  /**
   * Secures a socket that was dialled; undefined where nodes talk in clear.
   * `failures`: how often that did not work with this target. Rejects with a
   * `NetworkError`; the socket is closed then.
   */
  dialled(
    socket: Socket,
    target: RouteTarget,
    failures: number,
  ): Promise<void> | undefined {
    const settings = this.#world.settings();
    if (settings === undefined) return undefined;
    this.#dialled.add(socket);
    const { certificates, insecure } = settings;
    const upgrade: TlsUpgrade = {
      ...settings,
      role: "client",
      certificates: certificates.slice(0, 1),
      verify: !insecure,
      serverName: this.#nameOf(target, failures),
    };
    return this.#secure(socket, upgrade, settings)
      .catch((error: unknown) => {
        throw new NetworkError(failureText(error), "ETLS", error);
      })
      .finally(() => this.#dialled.delete(socket));
  }

  /**
   * The name that the other node's certificate has to show. A node that is known
   * by its address alone most likely shows the name of the routes, as all nodes
   * do that share a certificate; or its address.
   */
  #nameOf({ host, tlsName }: RouteTarget, failures: number): string {
    if (tlsName !== undefined) return tlsName;
    if (!isNumericHost(host) || failures % 2 === 1) return host;
    return this.#world.routes()
      .find((route) => !isNumericHost(route.host))?.host ?? host;
  }

  /** The same object as long as the settings are: a server makes much of it once. */
  #serverUpgrade(settings: TlsSettings): TlsUpgrade {
    if (this.#made?.from !== settings) {
      this.#made = { from: settings, upgrade: { ...settings, role: "server" } };
    }
    return this.#made.upgrade;
  }

  async #secure(
    socket: Socket,
    upgrade: TlsUpgrade,
    { pinnedCerts }: TlsSettings,
  ): Promise<void> {
    const { log } = this.#world;
    const label = formatAddress(socket.remote);
    log.debug(`${label} - Starting TLS route ${upgrade.role} handshake`);
    await socket.secure(upgrade);
    const { tls } = socket;
    const fault = pinnedFault(tls, pinnedCerts);
    if (fault !== "") {
      log.debug(`${label} - ${fault}`);
      socket.destroy();
      throw new NetworkError("certificate not pinned", "ETLS");
    }
    log.debug(`${label} - TLS handshake complete`);
    log.debug(
      `${label} - TLS version ${tls?.version}, cipher suite ${tls?.cipher}`,
    );
  }

  #failed({ remote }: Socket, error: unknown): void {
    this.#world.log.error(`${formatAddress(remote)} - ${failureText(error)}`);
  }
}

function failureText(error: unknown): string {
  const detail = error instanceof Error ? error.message : String(error);
  return `TLS route handshake error: ${
    detail.replace(/^TLS handshake failed: /, "")
  }`;
}
