/**
 * What clients ask of the broker besides what every connection does, and the
 * numbers that hold for them.
 */
import type { Account } from "../../accounts/account.ts";
import type { Accounts } from "../../accounts/accounts.ts";
import type { Delivery } from "../../accounts/delivery.ts";
import type { TraceHost } from "../../accounts/message_trace.ts";
import type { Credentials, Door, LoginRequest } from "../../auth/door.ts";
import type { ClosedReason } from "../../core/closed.ts";
import type { ProxiedSocket } from "../../net/proxied_socket.ts";
import type { ServerInfo } from "../../wire/info.ts";
import type {
  ConnectionHost,
  ConnectionSettings,
} from "../connections/host.ts";
import type { Reception, TlsInfo } from "./reception.ts";

/** A client as INFO and the list of clients see it. */
export interface InfoReader {
  readonly id: number;
  readonly entrance: Entrance;
  /** Empty for one that came through a unix socket, and while it is not known. */
  readonly remoteHost: string;
  /** The largest message that it may publish. */
  readonly maxPayloadBytes: number;
  /** It is greeted: nothing else was said before. */
  readonly isNew: boolean;
  /** To be signed by a newcomer that logs in by key. */
  readonly nonce?: string | undefined;
  /** Set in the INFO that follows the first PONG: the account that the client is in. */
  readonly boundTo?: string;
  /** That account is the one of events and requests about the server. */
  readonly isSystem?: boolean;
  /** It is told to leave, whatever becomes of the others. */
  readonly isToLeave?: boolean;
  /** What it is told of TLS; nothing unless set. */
  readonly tls?: TlsInfo | undefined;
}

/** What is told of one INFO. */
export type InfoNews = Pick<
  InfoReader,
  "isNew" | "nonce" | "boundTo" | "isSystem" | "isToLeave" | "tls"
>;

/** More than a dozen members: because it has those of `ConnectionHost`, a client being a connection, too. */
export interface ClientHost extends ConnectionHost {
  readonly accounts: Accounts;
  readonly delivery: Delivery;
  readonly info: InfoSource;
  readonly tracing: TraceHost;
}

/** A way in: what holds for all who come by it, as it is now. */
export interface Entrance {
  readonly connectionType: LoginRequest["connectionType"];
  readonly door: Door;
  /** They are who their certificates say. */
  readonly mapsCertificate: boolean;
  readonly settings: ClientSettings;
  /** Newcomers are told to log in, though some may do without. */
  readonly asksAll: boolean;
}

/** The doors that clients come through. */
export interface ClientDoors {
  readonly port: Door;
  readonly websocket: Door;
}

/** How one client comes. */
export interface Way {
  readonly entrance: Entrance;
  /** Its socket, where the header of a proxy may come first. */
  readonly proxied?: ProxiedSocket | undefined;
  /** What it has to pass before it may say anything. */
  readonly reception?: Reception | undefined;
  /** What INFO says of TLS where there is no reception. */
  readonly tls?: TlsInfo | undefined;
  /** What it brought where it asked for a WebSocket. */
  readonly webSocket?: WebSocketArrival | undefined;
}

/** What the request of a WebSocket says of its client. */
export interface WebSocketArrival {
  /** The one address that a proxy has named. */
  readonly forwardedFor: string | undefined;
  /** From cookies; they stand for what CONNECT does not say. */
  readonly credentials: Partial<Credentials>;
}

/** Whose login it is. */
export interface LoggingIn {
  /** It has come in; so it does with each CONNECT. */
  bound(): void;
  /** It has left an account for another. */
  moved(left: Account): void;
}

/** The server's INFO, as it changes. */
export interface InfoSource {
  /** INFO as one client is to see it. */
  tell(client: InfoReader): ServerInfo;
  readonly serverName: string;
  /** Empty without one. */
  clusterName(): string;
}

export interface ClientSettings extends ConnectionSettings {
  readonly authTimeoutMs: number;
  readonly maxPayloadBytes: number;
  /** Subscriptions of one client; 0: no limit. */
  readonly maxSubscriptions: number;
  /** Tokens in a subject; 0: no limit. */
  readonly maxSubscriptionTokens: number;
  readonly headers: boolean;
}

/** Told of the life of a client. */
export interface ClientLife<Client> {
  /** It has come in, under a name and into an account; so it does with each CONNECT. */
  bound(client: Client): void;
  /** It has left an account for another, by one more CONNECT. */
  moved(left: Account): void;
  ended(client: Client, reason: ClosedReason): void;
}

/** What INFO says of TLS to a client that comes in this way. */
export function tlsOf({ reception, tls }: Way): TlsInfo | undefined {
  return reception?.tls ?? tls;
}
