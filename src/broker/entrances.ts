/**
 * The ways by which clients come in, each with its door and its numbers. A
 * reload replaces what they have, and the clients that came by them are looked
 * at again.
 */
import { authTimeoutMs } from "../core/auth_timeout.ts";
import { STALL_FRACTION, STALL_MAX_BYTES } from "../core/limits.ts";
import type { ServerOptions } from "../options/options.ts";
import type {
  ClientDoors,
  ClientSettings,
  Entrance,
} from "./clients/client_host.ts";
import { hasOwnLogins } from "./doors.ts";

type Changing = { -readonly [Field in keyof Entrance]: Entrance[Field] };

export class Entrances {
  readonly #port: Changing;
  readonly #inProcess: Changing;
  readonly #websocket: Changing;

  constructor(options: ServerOptions, doors: ClientDoors) {
    const usual = usualOf(options, doors);
    this.#port = { connectionType: "STANDARD", ...usual };
    this.#inProcess = { connectionType: "IN_PROCESS", ...usual };
    this.#websocket = {
      connectionType: "WEBSOCKET",
      ...websocketOf(options, doors),
    };
  }

  get port(): Entrance {
    return this.#port;
  }

  get inProcess(): Entrance {
    return this.#inProcess;
  }

  get websocket(): Entrance {
    return this.#websocket;
  }

  /** Other options hold from now on, and other doors stand there. */
  take(options: ServerOptions, doors: ClientDoors): void {
    const usual = usualOf(options, doors);
    Object.assign(this.#port, usual);
    Object.assign(this.#inProcess, usual);
    Object.assign(this.#websocket, websocketOf(options, doors));
  }
}

type Facts = Omit<Entrance, "connectionType">;

function usualOf(options: ServerOptions, { port }: ClientDoors): Facts {
  return {
    door: port,
    mapsCertificate: options.tls?.verifyAndMap ?? false,
    settings: settingsOf(options),
    asksAll: false,
  };
}

function websocketOf(options: ServerOptions, doors: ClientDoors): Facts {
  const settings = settingsOf(options);
  const { pingIntervalMs, authorization } = options.websocket ?? {};
  return {
    door: doors.websocket,
    mapsCertificate: options.websocket?.tls?.verifyAndMap ?? false,
    settings: {
      ...settings,
      pingIntervalMs: pingIntervalMs ?? settings.pingIntervalMs,
      authTimeoutMs: authorization?.timeoutMs ?? settings.authTimeoutMs,
    },
    asksAll: hasOwnLogins(options.websocket),
  };
}

function settingsOf(options: ServerOptions): ClientSettings {
  return {
    maxControlLineBytes: options.maxControlLineBytes,
    maxPendingBytes: options.maxPendingBytes,
    stallPendingBytes: options.noFastProducerStall ? Infinity : Math.min(
      options.maxPendingBytes * STALL_FRACTION,
      STALL_MAX_BYTES,
    ),
    writeDeadlineMs: options.writeDeadlineMs,
    isDeadlineLenient: false,
    pingIntervalMs: options.pingIntervalMs,
    pingMax: options.pingMax,
    pingAlways: false,
    authTimeoutMs: authTimeoutMs(options),
    maxPayloadBytes: options.maxPayloadBytes,
    maxSubscriptions: options.maxSubscriptions,
    maxSubscriptionTokens: options.maxSubscriptionTokens,
    headers: !options.noHeaderSupport,
  };
}
