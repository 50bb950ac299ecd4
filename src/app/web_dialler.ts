/**
 * WebSockets for clients on a machine: a socket is dialled, goes over to TLS
 * where the URL says so, and then the WebSocket is made over it.
 */
import { SlabPool } from "../core/slab_pool.ts";
import { bracketed } from "../net/address.ts";
import type { DialWeb, WebTarget } from "../platform/web_dialler.ts";
import {
  connectWebSocket,
  type WebSocketClientHost,
} from "../websocket/connect.ts";

/** What a dialler needs of the machine. */
export type WebDiallerPlatform = Omit<WebSocketClientHost, "slabs">;

/** Dials WebSockets; a client has one dialler for all of its servers. */
export function webDialler(platform: WebDiallerPlatform): DialWeb {
  const { clock, random, runSoon, deflate, sha1 } = platform;
  const slabs = new SlabPool();
  const host = { clock, random, runSoon, deflate, sha1, slabs };
  return async (network, address, target) => {
    const { port, path, tls, timeoutMs } = target;
    const startedAt = clock.monotonic();
    // No step gets time that another one has used.
    const left = (): number =>
      Math.max(1, timeoutMs - (clock.monotonic() - startedAt));
    const socket = await network.dial({ host: address, port }, { timeoutMs });
    if (tls !== undefined) await socket.secure({ ...tls, timeoutMs: left() });
    const asked = { host: hostOf(target), path, timeoutMs: left() };
    return await connectWebSocket(socket, asked, host);
  };
}

/** As a browser writes it: proxies choose by it, and know the usual port by its absence. */
function hostOf({ host, port, tls }: WebTarget): string {
  const usual = tls === undefined ? 80 : 443;
  return port === usual ? bracketed(host) : `${bracketed(host)}:${port}`;
}
