/** A server as a session sees it: where it is, and how it wants to be spoken to. */
import type { Address } from "../../platform/socket.ts";

/** What a server URL said about who we are. */
export interface UrlCredentials {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** The server that a session is opened to. */
export interface ServerTarget extends Address {
  /** `host:port`, or the URL of a unix socket, for texts. */
  readonly listen: string;
  /** Undefined: the credentials of the options hold. */
  readonly credentials: UrlCredentials | undefined;
  /** Nothing is sent to it in clear. */
  readonly tls: boolean;
  /** What its certificate must show; undefined: its host. */
  readonly tlsName: string | undefined;
  /** Path and query at which it is asked for a WebSocket; undefined: it is spoken to by TCP. */
  readonly webPath: string | undefined;
}
