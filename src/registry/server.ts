/**
 * A running registry: the nodes, the HTTP port at which they are announced and
 * read, and the file that keeps them over a restart. `app/parts.ts` starts it
 * beside a broker, or alone.
 */
import type { Clock } from "../platform/clock.ts";
import type { Logger } from "../core/log.ts";
import { quoted } from "../core/quote.ts";
import type { Files } from "../platform/files.ts";
import type { HttpsOptions, ServeHttp } from "../platform/http.ts";
import { formatAddress } from "../net/address.ts";
import { isLoopback } from "../net/ip.ts";
import { serverUpgrades } from "../net/server_upgrades.ts";
import type { Address, Listener, TlsUpgrade } from "../platform/socket.ts";
import { RegistryApi } from "./api.ts";
import { type RegistryState, StateFile } from "./state_file.ts";
import { NodeStore, StoreFull } from "./store.ts";

/** Connections for all clients that may wait, and as many for those that ask or announce meanwhile. */
const CONNECTIONS_MAX = 2048;

export interface RegistrySettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What announcing needs; undefined: nothing. */
  readonly token: string | undefined;
  /** Asked over TLS alone. */
  readonly tls?: Omit<TlsUpgrade, "role"> | undefined;
  /** Keeps the nodes over a restart; empty: nothing does. */
  readonly stateFile: string;
}

export interface RegistryPlatform {
  readonly clock: Clock;
  readonly log: Logger;
  readonly files: Files;
  readonly serveHttp: ServeHttp;
}

export class Registry {
  readonly store: NodeStore;
  readonly api: RegistryApi;
  #settings: RegistrySettings;
  readonly #platform: RegistryPlatform;
  readonly #stateFile: StateFile | undefined;
  #listener: Listener | undefined = undefined;

  private constructor(settings: RegistrySettings, platform: RegistryPlatform) {
    const { clock, log } = platform;
    this.#settings = settings;
    this.#platform = platform;
    this.store = new NodeStore(clock, {
      onExpired: (id) =>
        log.notice(`Node ${quoted(id)} has not been heard of for its time`),
      onChange: () => this.#stateFile?.changed(),
    });
    const { token, stateFile } = settings;
    this.api = new RegistryApi(this.store, { token, clock, log });
    this.#stateFile = stateFile === ""
      ? undefined
      : new StateFile(stateFile, platform, () => this.#state);
  }

  /** Starts a registry. Rejects with a `NetworkError` when its port cannot be opened. */
  static async start(
    settings: RegistrySettings,
    platform: RegistryPlatform,
  ): Promise<Registry> {
    const registry = new Registry(settings, platform);
    await registry.#start();
    return registry;
  }

  get address(): Address | undefined {
    return this.#listener?.address;
  }

  /** Takes the TLS of other settings, for handshakes to come. */
  reconfigure({ tls }: RegistrySettings): void {
    this.#settings = { ...this.#settings, tls };
  }

  /** Closes the port, ends all waits and writes the state. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.store.close();
    await listener?.close();
    await this.#stateFile?.close();
  }

  get #state(): RegistryState {
    return { index: this.store.index, nodes: this.store.kept };
  }

  async #start(): Promise<void> {
    const { host, port, token, tls } = this.#settings;
    const { serveHttp, log } = this.#platform;
    await this.#restore();
    try {
      this.#listener = await serveHttp(
        { host, port },
        (request) => this.api.handle(request),
        { connectionsMax: CONNECTIONS_MAX, https: tls && this.#https(tls) },
      );
    } catch (error) {
      this.store.close();
      throw error;
    }
    const at = formatAddress(this.#listener.address);
    log.notice(`Starting registry on ${at}`);
    if (token === undefined && !isLoopback(host)) {
      log.warn(
        `The registry on ${at} has no token: everybody who reaches it can ` +
          "announce nodes",
      );
    }
  }

  #https(tls: Omit<TlsUpgrade, "role">): HttpsOptions {
    const { log } = this.#platform;
    return {
      tls: serverUpgrades(() => this.#settings.tls ?? tls, (now) => now),
      onFailure: (remote, detail) =>
        log.error(
          `registry: TLS handshake error from ${
            formatAddress(remote)
          }: ${detail}`,
        ),
    };
  }

  async #restore(): Promise<void> {
    if (this.#stateFile === undefined) return;
    const { index, nodes } = await this.#stateFile.read();
    try {
      this.store.restore(nodes, index);
    } catch (error) {
      if (!(error instanceof StoreFull)) throw error;
      this.#platform.log.warn(`Not all nodes were restored: ${error.message}`);
    }
    const { size } = this.store;
    if (size > 0) this.#platform.log.notice(`Restored ${size} nodes`);
  }
}
