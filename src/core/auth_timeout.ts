/** How long a login may take, where options are for clients or for other nodes. */
import { AUTH_TIMEOUT_MS } from "./limits.ts";

/** What it follows from. */
export interface AuthTimeoutOptions {
  readonly authorization?:
    | { readonly timeoutMs?: number | undefined }
    | undefined;
  readonly tls?: { readonly timeoutMs: number } | undefined;
}

/** What a login may take beyond a handshake. */
const BEYOND_HANDSHAKE_MS = 1000;

/** NATS server configuration: more by default where a handshake may come before. */
export function authTimeoutMs(
  { authorization, tls }: AuthTimeoutOptions,
): number {
  const usual = tls === undefined
    ? AUTH_TIMEOUT_MS
    : tls.timeoutMs + BEYOND_HANDSHAKE_MS;
  return authorization?.timeoutMs ?? usual;
}
