/** The options of a session, with defaults filled in. */
import type { Authenticator, TlsOptions } from "../api/options.ts";

export interface SessionOptions {
  readonly name: string;
  readonly user: string | undefined;
  readonly pass: string | undefined;
  readonly token: string | undefined;
  readonly authenticators: readonly Authenticator[];
  /** Undefined: what the server says decides. */
  readonly tls: TlsOptions | undefined;
  readonly refusesTls: boolean;
  /** For one address: to connect, and to log in. */
  readonly timeoutMs: number;
  readonly pingIntervalMs: number;
  /** Unanswered pings after which the server counts as lost. */
  readonly maxPingOut: number;
  readonly noEcho: boolean;
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly debug: ((line: string) => void) | undefined;
}
