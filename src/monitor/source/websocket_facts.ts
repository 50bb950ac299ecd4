/** What the port for WebSockets was told, for `/varz`. */
import type { Broker } from "../../broker/broker.ts";
import type { WebSocketSettingsFacts } from "../snapshot.ts";
import { tlsFacts } from "./tls_facts.ts";

export function websocketFacts(
  { options: { websocket }, websocketPort }: Broker,
): WebSocketSettingsFacts | undefined {
  if (websocket === undefined) return undefined;
  const { tls, authorization } = websocket;
  return {
    host: websocket.host,
    port: websocketPort.lastAddress.port,
    advertise: websocket.advertise,
    noAuthUser: websocket.noAuthUser,
    jwtCookie: websocket.jwtCookie,
    handshakeTimeoutMs: websocket.handshakeTimeoutMs,
    authTimeoutMs: authorization?.timeoutMs,
    noTls: websocket.noTls,
    tls: tlsFacts(tls),
    mapsCertificates: tls?.verifyAndMap ?? false,
    pinnedCerts: tls?.pinnedCerts ?? [],
    sameOrigin: websocket.sameOrigin,
    allowedOrigins: websocket.allowedOrigins,
    compression: websocket.compression,
  };
}
